"""dossiers, and the steps of a case that belong into one"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
MADE = """(made_at IS NULL) = (object IS NULL) AND (made_at IS NULL) = (sha256 IS NULL)
 AND (made_at IS NULL) = (bytes IS NULL)"""


def upgrade() -> None:
    op.create_table(
        "dossiers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purpose", sa.LargeBinary(), nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("object", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(MADE, name=op.f("ck_dossiers_made")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_dossiers_petition_id")),
        sa.ForeignKeyConstraint(["object"], ["objects.name"], name=op.f("fk_dossiers_object")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dossiers")),
    )
    op.create_index(op.f("ix_dossiers_petition_id"), "dossiers", ["petition_id"])
    op.create_index(op.f("ix_dossiers_object"), "dossiers", ["object"])
    op.create_index("ix_dossiers_due_at", "dossiers", ["due_at"], postgresql_where=sa.text("made_at IS NULL"))
    op.create_table(
        "steps",
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("petition_id", "version", name=op.f("pk_steps")),
    )


def downgrade() -> None:
    op.drop_table("steps")
    op.drop_table("dossiers")
