"""which contents are identity papers, and links that were given to readers"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
MARK = "mark IN ('proposed', 'marked', 'contained', 'lifted')"


def upgrade() -> None:
    op.create_table(
        "identity_marks",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(MARK, name=op.f("ck_identity_marks_mark")),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_identity_marks")),
    )
    op.create_table(
        "read_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("thing_id", sa.Uuid(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=True),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('file', 'paper')", name=op.f("ck_read_links_kind")),
        sa.CheckConstraint("disposition IN ('inline', 'attachment')", name=op.f("ck_read_links_disposition")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_read_links_petition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_read_links")),
    )
    op.create_index(op.f("ix_read_links_expires_at"), "read_links", ["expires_at"])


def downgrade() -> None:
    op.drop_table("read_links")
    op.drop_table("identity_marks")
