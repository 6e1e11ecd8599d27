"""papers of a unit that belong to no petition: its folder among the petitions, submissions of drafts, decisions"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
KEPT_FOR_EVER = ("office_submissions", "office_decisions")
# who wrote any version of a draft approves none of it, whoever inserts the row
FOUR_EYES = """
CREATE FUNCTION office_four_eyes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM draft_versions WHERE draft_id = NEW.draft_id AND saved_by = NEW.decided_by) THEN
    RAISE EXCEPTION 'a draft is not decided by who wrote it' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.add_column("petitions", sa.Column("office_unit", sa.Text(), nullable=True))
    op.create_index(
        "uq_petitions_office_unit", "petitions", ["office_unit"], unique=True,
        postgresql_where=sa.text("office_unit IS NOT NULL"),
    )  # fmt: skip
    op.create_table(
        "office_submissions",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("supersedes", sa.Uuid(), nullable=True),
        sa.Column("correction", sa.LargeBinary(), nullable=True),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(supersedes IS NULL) = (correction IS NULL)", name=op.f("ck_office_submissions_correction")
        ),
        sa.ForeignKeyConstraint(
            ["draft_id", "version"], ["draft_versions.draft_id", "draft_versions.version"],
            name=op.f("fk_office_submissions_draft_id"),
        ),
        sa.ForeignKeyConstraint(["supersedes"], ["sealed_papers.paper_id"], name=op.f("fk_office_submissions_supersedes")),
        sa.PrimaryKeyConstraint("draft_id", "version", name=op.f("pk_office_submissions")),
    )  # fmt: skip
    op.create_table(
        "office_decisions",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("paper_id", sa.Uuid(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("decision IN ('approve', 'return')", name=op.f("ck_office_decisions_decision")),
        sa.CheckConstraint(
            "(decision = 'approve') = (paper_id IS NOT NULL) AND (decision = 'return') = (reason IS NOT NULL)",
            name=op.f("ck_office_decisions_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["draft_id", "version"], ["office_submissions.draft_id", "office_submissions.version"],
            name=op.f("fk_office_decisions_draft_id"),
        ),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_office_decisions_paper_id")),
        sa.PrimaryKeyConstraint("draft_id", "version", name=op.f("pk_office_decisions")),
        sa.UniqueConstraint("paper_id", name=op.f("uq_office_decisions_paper_id")),
    )  # fmt: skip
    for table in KEPT_FOR_EVER:  # refuse_change: of the first migration
        op.execute(
            f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stay")
    op.execute(FOUR_EYES)
    op.execute(
        "CREATE TRIGGER office_four_eyes BEFORE INSERT ON office_decisions"
        " FOR EACH ROW EXECUTE FUNCTION office_four_eyes()"
    )
    op.execute("ALTER TABLE office_decisions ENABLE ALWAYS TRIGGER office_four_eyes")


def downgrade() -> None:
    op.drop_table("office_decisions")
    op.drop_table("office_submissions")
    op.execute("DROP FUNCTION office_four_eyes()")
    op.drop_index("uq_petitions_office_unit", "petitions")
    op.drop_column("petitions", "office_unit")
