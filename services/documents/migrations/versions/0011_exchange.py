"""dispatches from unit to unit, a copy for each, and bulletins"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
NONE = sa.text("'{}'")
UNREAD = "state IN ('sent', 'arrived')"
LATE = "answer_by IS NOT NULL AND answered_at IS NULL AND state IN ('sent', 'arrived', 'signed')"
BULLETIN = "kind = 'bulletin' AND sent_at IS NOT NULL"
SENT = "(sent_at IS NULL) = (sent_by IS NULL) AND (sent_at IS NULL OR body IS NOT NULL)"
STATES = "state IN ('sent', 'arrived', 'signed', 'returned', 'recalled')"


def upgrade() -> None:
    op.add_column("petitions", sa.Column("about", sa.Uuid()))
    op.add_column("petitions", sa.Column("frozen", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "dispatches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("title", sa.LargeBinary(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=True),
        sa.Column("only", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("urgency", sa.Text(), server_default="ordinary", nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.Uuid(), nullable=True),
        sa.Column("items", postgresql.ARRAY(sa.Uuid()), server_default=NONE, nullable=False),
        sa.Column("recipients", postgresql.ARRAY(sa.Text()), server_default=NONE, nullable=False),
        sa.Column("answers", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Uuid(), nullable=True),
        sa.Column("source_unit", sa.Text(), nullable=True),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('paper', 'bulletin')", name=op.f("ck_dispatches_kind")),
        sa.CheckConstraint(SENT, name=op.f("ck_dispatches_sent")),
        sa.ForeignKeyConstraint(["id"], ["petitions.id"], name=op.f("fk_dispatches_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatches")),
    )
    op.create_index("ix_dispatches_unit", "dispatches", ["unit", "id"])
    op.create_index(
        "ix_dispatches_petition_id", "dispatches", ["petition_id"], postgresql_where=sa.text("petition_id IS NOT NULL")
    )
    op.create_table(
        "copies",
        sa.Column("dispatch_id", sa.Uuid(), nullable=False),
        sa.Column("to_unit", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("from_node", sa.Text(), nullable=False),
        sa.Column("from_unit", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="sent", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_by", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("recall_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("urged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("urged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("urge_next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("adoption", sa.Text(), nullable=True),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(STATES, name=op.f("ck_copies_state")),
        sa.PrimaryKeyConstraint("dispatch_id", "to_unit", name=op.f("pk_copies")),
    )
    op.create_index("ix_copies_received", "copies", ["to_unit", "arrived_at", "dispatch_id"])
    _partial("ix_copies_arrived", ["to_unit", "arrived_at", "dispatch_id"], "state = 'arrived'")
    _partial("ix_copies_unread", ["from_unit", "sent_at", "dispatch_id", "to_unit"], UNREAD)
    _partial("ix_copies_urge_next_at", ["urge_next_at"], "urge_next_at IS NOT NULL")
    _partial("ix_copies_late", ["answer_by"], LATE)
    _partial("ix_copies_bulletins", ["to_unit", "sent_at"], BULLETIN)
    _partial("ix_copies_own_bulletins", ["from_unit", "sent_at"], BULLETIN)


def _partial(name: str, columns: list[str], where: str) -> None:
    op.create_index(name, "copies", columns, postgresql_where=sa.text(where))


def downgrade() -> None:
    op.drop_table("copies")
    op.drop_table("dispatches")
    op.drop_column("petitions", "frozen")
    op.drop_column("petitions", "about")
