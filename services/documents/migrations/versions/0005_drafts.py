"""templates of papers, drafts with all their versions, and what a draft begins with"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
KEPT_FOR_EVER = ("draft_versions",)


def upgrade() -> None:
    op.add_column("papers", sa.Column("template", sa.Text(), nullable=True))
    op.create_table(
        "case_facts",
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("registered_sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("petition_number", sa.Text(), nullable=True),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("case_sequence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("petition_id", name=op.f("pk_case_facts")),
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("begun_by", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paper_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_drafts_paper_id")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_drafts_petition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("paper_id", name=op.f("uq_drafts_paper_id")),
    )
    op.create_index("ix_drafts_petition", "drafts", ["petition_id", "unit", "id"])
    op.create_table(
        "draft_versions",
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("source IN ('form', 'docx')", name=op.f("ck_draft_versions_source")),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_draft_versions_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "version", name=op.f("pk_draft_versions")),
    )
    for table in KEPT_FOR_EVER:  # refuse_change: of the first migration
        op.execute(
            f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stay")


def downgrade() -> None:
    op.drop_table("draft_versions")
    op.drop_index("ix_drafts_petition", table_name="drafts")
    op.drop_table("drafts")
    op.drop_table("case_facts")
    op.drop_column("papers", "template")
