"""case quality review: rounds, cases, what was found, what is put right; where the bound PDF lies in a dossier"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
ENDED = """action IN ('close', 'answer', 'file', 'decline', 'refuse-again', 'guide', 'export', 'note-withdrawal')"""
OF_CASE = ["quality_cases.round_id", "quality_cases.petition_id"]


def upgrade() -> None:
    op.add_column("dossiers", sa.Column("bound_from", sa.BigInteger(), nullable=True))
    op.add_column("dossiers", sa.Column("bound_bytes", sa.BigInteger(), nullable=True))
    op.add_column("dossiers", sa.Column("bound_sha256", sa.Text(), nullable=True))
    op.create_index("ix_steps_ended", "steps", ["unit", "at"], postgresql_where=sa.text(ENDED))
    op.create_table(
        "quality_rounds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("title", sa.LargeBinary(), nullable=False),
        sa.Column("checklist", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("begins", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("units", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("reviewers", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("opened_by", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(size IS NULL) <> (percent IS NULL)", name=op.f("ck_quality_rounds_drawn")),
        sa.CheckConstraint("begins <= ends", name=op.f("ck_quality_rounds_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_rounds")),
    )
    op.create_table(
        "quality_cases",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("handled_by", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("conclusion", sa.LargeBinary(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=True),
        sa.Column("paper_id", sa.Uuid(), nullable=True),
        sa.Column("concluded_by", sa.Text(), nullable=True),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("NOT reviewer = ANY (handled_by)", name=op.f("ck_quality_cases_four_eyes")),
        sa.CheckConstraint("(state = 'concluded') = (paper_id IS NOT NULL)", name=op.f("ck_quality_cases_concluded")),
        sa.ForeignKeyConstraint(["round_id"], ["quality_rounds.id"], name=op.f("fk_quality_cases_round_id")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_quality_cases_petition_id")),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_quality_cases_paper_id")),
        sa.PrimaryKeyConstraint("round_id", "petition_id", name=op.f("pk_quality_cases")),
        sa.UniqueConstraint("round_id", "position", name=op.f("uq_quality_cases_round_id_position")),
    )
    op.create_index(op.f("ix_quality_cases_petition_id"), "quality_cases", ["petition_id"])
    op.create_table(
        "quality_answers",
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(answer = 'fail') = (severity IS NOT NULL)", name=op.f("ck_quality_answers_severity")),
        sa.ForeignKeyConstraint(
            ["round_id", "petition_id"], OF_CASE, name=op.f("fk_quality_answers_round_id_petition_id")
        ),
        sa.PrimaryKeyConstraint("round_id", "petition_id", "item", name=op.f("pk_quality_answers")),
    )
    op.create_table(
        "rectifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("round_id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("items", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), server_default="ordered", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "state IN ('ordered', 'answered', 'returned', 'accepted')", name=op.f("ck_rectifications_state")
        ),
        sa.ForeignKeyConstraint(
            ["round_id", "petition_id"], OF_CASE, name=op.f("fk_rectifications_round_id_petition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectifications")),
        sa.UniqueConstraint("round_id", "petition_id", name=op.f("uq_rectifications_round_id_petition_id")),
    )
    op.create_index("ix_rectifications_unit", "rectifications", ["unit", "id"])
    op.create_table(
        "rectification_steps",
        sa.Column("rectification_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["rectification_id"], ["rectifications.id"], name=op.f("fk_rectification_steps_rectification_id")
        ),
        sa.PrimaryKeyConstraint("rectification_id", "version", name=op.f("pk_rectification_steps")),
    )


def downgrade() -> None:
    for table in ("rectification_steps", "rectifications", "quality_answers", "quality_cases", "quality_rounds"):
        op.drop_table(table)
    op.drop_index("ix_steps_ended", "steps")
    for column in ("bound_sha256", "bound_bytes", "bound_from"):
        op.drop_column("dossiers", column)
