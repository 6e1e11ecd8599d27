"""numbers, seals, and the register of sealed papers"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
KEPT_FOR_EVER = ("numbers", "seals", "retired_seals", "sealed_papers")


def upgrade() -> None:
    op.create_table(
        "number_series",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("unit", "series", "year", name=op.f("pk_number_series")),
    )
    op.create_table(
        "seals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("registered_by", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seals")),
        sa.UniqueConstraint("unit", "version", name=op.f("uq_seals_unit_version")),
    )
    op.create_table(
        "retired_seals",
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("retired_by", sa.Text(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.id"], name=op.f("fk_retired_seals_seal_id")),
        sa.PrimaryKeyConstraint("seal_id", name=op.f("pk_retired_seals")),
    )
    op.create_table(
        "numbers",
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_numbers_number")),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_numbers_paper_id")),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_numbers")),
        sa.UniqueConstraint("text", name=op.f("uq_numbers_text")),
        sa.UniqueConstraint("unit", "series", "year", "number", name=op.f("uq_numbers_unit_series_year_number")),
    )
    op.create_index("ix_numbers_unit", "numbers", ["unit", "taken_at", "paper_id"], unique=False)
    op.create_table(
        "seal_jobs",
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("case_version", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supersedes", sa.Uuid(), nullable=True),
        sa.Column("correction", sa.LargeBinary(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name=op.f("fk_seal_jobs_paper_id")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_seal_jobs_petition_id")),
        sa.ForeignKeyConstraint(["supersedes"], ["papers.id"], name=op.f("fk_seal_jobs_supersedes")),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_seal_jobs")),
        sa.UniqueConstraint("supersedes", name=op.f("uq_seal_jobs_supersedes")),
    )
    op.create_index("ix_seal_jobs_due_at", "seal_jobs", ["due_at"], unique=False)
    op.create_table(
        "sealed_papers",
        sa.Column("paper_id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("seal_id", sa.Uuid(), nullable=False),
        sa.Column("case_version", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.Column("supersedes", sa.Uuid(), nullable=True),
        sa.Column("correction", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(supersedes IS NULL) = (correction IS NULL)", name=op.f("ck_sealed_papers_correction")),
        sa.ForeignKeyConstraint(["object"], ["objects.name"], name=op.f("fk_sealed_papers_object")),
        sa.ForeignKeyConstraint(["paper_id"], ["numbers.paper_id"], name=op.f("fk_sealed_papers_paper_id")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_sealed_papers_petition_id")),
        sa.ForeignKeyConstraint(["seal_id"], ["seals.id"], name=op.f("fk_sealed_papers_seal_id")),
        sa.ForeignKeyConstraint(["supersedes"], ["sealed_papers.paper_id"], name=op.f("fk_sealed_papers_supersedes")),
        sa.PrimaryKeyConstraint("paper_id", name=op.f("pk_sealed_papers")),
        sa.UniqueConstraint("code", name=op.f("uq_sealed_papers_code")),
        sa.UniqueConstraint("petition_id", "version", name=op.f("uq_sealed_papers_petition_id_version")),
        sa.UniqueConstraint("supersedes", name=op.f("uq_sealed_papers_supersedes")),
    )
    op.create_index(op.f("ix_sealed_papers_object"), "sealed_papers", ["object"], unique=False)
    op.create_index("ix_sealed_papers_unit", "sealed_papers", ["unit", "sealed_at", "paper_id"], unique=False)
    for table in KEPT_FOR_EVER:  # refuse_change: of the first migration
        op.execute(
            f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stay")


def downgrade() -> None:
    op.drop_index("ix_sealed_papers_unit", table_name="sealed_papers")
    op.drop_index(op.f("ix_sealed_papers_object"), table_name="sealed_papers")
    op.drop_table("sealed_papers")
    op.drop_index("ix_seal_jobs_due_at", table_name="seal_jobs")
    op.drop_table("seal_jobs")
    op.drop_index("ix_numbers_unit", table_name="numbers")
    op.drop_table("numbers")
    op.drop_table("retired_seals")
    op.drop_table("seals")
    op.drop_table("number_series")
