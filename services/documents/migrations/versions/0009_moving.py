"""files and papers that follow a case between nodes: where it is, who supports, what is awaited, what others want"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
NONE = sa.text("'{}'::text[]")


def upgrade() -> None:
    op.create_table(
        "whereabouts",
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("nodes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("senders", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("petition_id", name=op.f("pk_whereabouts")),
    )
    op.create_table(
        "supports",
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("from_node", sa.Text(), nullable=False),
        sa.Column("to_node", sa.Text(), nullable=False),
        sa.Column("to_unit", sa.Text(), nullable=False),
        sa.Column("accused_units", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_supports")),
    )
    op.create_index(op.f("ix_supports_petition_id"), "supports", ["petition_id"])
    op.create_table(
        "awaited",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("stored_by", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sources", postgresql.ARRAY(sa.Text()), server_default=NONE, nullable=False),
        sa.Column("failed", postgresql.ARRAY(sa.Text()), server_default=NONE, nullable=False),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("asked", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("again", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("bytes > 0", name=op.f("ck_awaited_not_empty")),
        sa.CheckConstraint("state IN ('new', 'told', 'asked', 'whole', 'missing')", name=op.f("ck_awaited_state")),
        sa.ForeignKeyConstraint(["petition_id"], ["petitions.id"], name=op.f("fk_awaited_petition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_awaited")),
        sa.UniqueConstraint("petition_id", "version", name=op.f("uq_awaited_petition_id_version")),
    )
    op.create_index("ix_awaited_state", "awaited", ["state", "told_at"])
    op.create_index("ix_awaited_sha256", "awaited", ["sha256"])
    op.create_table(
        "awaited_parts",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["awaited.id"], name=op.f("fk_awaited_parts_item_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("item_id", "start", name=op.f("pk_awaited_parts")),
    )
    op.create_table(
        "wanted",
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("served_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("node", "item_id", "start", name=op.f("pk_wanted")),
    )
    op.create_index("ix_wanted_unserved", "wanted", ["asked_at"], postgresql_where=sa.text("served_at IS NULL"))
    op.create_index("ix_wanted_served_at", "wanted", ["served_at"])


def downgrade() -> None:
    op.drop_table("wanted")
    op.drop_table("awaited_parts")
    op.drop_table("awaited")
    op.drop_table("supports")
    op.drop_table("whereabouts")
