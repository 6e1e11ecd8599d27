"""texts from telephones, their parts, what was told so far; and how far cases are, for who asks by text"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
MOMENT = sa.DateTime(timezone=True)
OF_CASE = (("state", sa.Text()), ("stage", sa.Text()), ("state_at", MOMENT), ("merged_into", sa.Uuid()))


def upgrade() -> None:
    _inbound()
    _parts()
    op.create_table(
        "dialogues",
        sa.Column("phone_key", sa.LargeBinary(), nullable=False),
        sa.Column("thread", sa.Uuid(), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["phone_key"], ["phones.key"], name=op.f("fk_dialogues_phone_key_phones")),
        sa.PrimaryKeyConstraint("phone_key", name=op.f("pk_dialogues")),
    )
    op.create_index(op.f("ix_dialogues_expires_at"), "dialogues", ["expires_at"])
    for name, kind in OF_CASE:
        op.add_column("petitions", sa.Column(name, kind))


def _inbound() -> None:
    op.create_table(
        "inbound",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("gateway_id", sa.Text()),
        sa.Column("phone_key", sa.LargeBinary(), nullable=False),
        sa.Column("to_number", sa.Text(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("text", sa.LargeBinary()),
        sa.Column("raw", sa.LargeBinary()),
        sa.Column("damaged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text()),
        sa.Column("thread", sa.Uuid()),
        sa.Column("petition_id", sa.Uuid()),
        sa.Column("due_at", MOMENT),
        sa.Column("answered_at", MOMENT),
        sa.Column("alarmed_at", MOMENT),
        sa.Column("assigned_to", sa.Text()),
        sa.Column("handled_by", sa.Text()),
        sa.Column("handled_at", MOMENT),
        sa.ForeignKeyConstraint(["phone_key"], ["phones.key"], name=op.f("fk_inbound_phone_key_phones")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound")),
        sa.UniqueConstraint("gateway", "gateway_id", name=op.f("uq_inbound_gateway_gateway_id")),
    )
    received, unparsed = sa.text("state = 'received'"), sa.text("state = 'unparsed'")
    op.create_index("ix_inbound_received", "inbound", ["id"], postgresql_where=received)
    op.create_index("ix_inbound_queue", "inbound", ["id"], postgresql_where=unparsed)
    op.create_index("ix_inbound_phone", "inbound", ["phone_key", "id"])
    in_thread, of_petition = sa.text("thread IS NOT NULL"), sa.text("petition_id IS NOT NULL")
    op.create_index("ix_inbound_thread", "inbound", ["thread"], postgresql_where=in_thread)
    op.create_index("ix_inbound_petition", "inbound", ["petition_id"], postgresql_where=of_petition)
    unanswered = sa.text("answered_at IS NULL AND alarmed_at IS NULL")
    op.create_index("ix_inbound_unanswered", "inbound", ["due_at"], postgresql_where=unanswered)


def _parts() -> None:
    op.create_table(
        "inbound_parts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("gateway_id", sa.Text()),
        sa.Column("phone_key", sa.LargeBinary(), nullable=False),
        sa.Column("to_number", sa.Text(), nullable=False),
        sa.Column("reference", sa.Integer(), nullable=False),
        sa.Column("total", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("text", sa.LargeBinary()),
        sa.Column("raw", sa.LargeBinary()),
        sa.Column("traceparent", sa.Text(), nullable=False),
        sa.Column("whole_id", sa.Uuid()),
        sa.ForeignKeyConstraint(["phone_key"], ["phones.key"], name=op.f("fk_inbound_parts_phone_key_phones")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_parts")),
        sa.UniqueConstraint("gateway", "gateway_id", name=op.f("uq_inbound_parts_gateway_gateway_id")),
    )
    apart, joined = sa.text("whole_id IS NULL"), sa.text("whole_id IS NOT NULL")
    op.create_index("ix_inbound_parts_open", "inbound_parts", ["phone_key", "reference"], postgresql_where=apart)
    op.create_index("ix_inbound_parts_phone", "inbound_parts", ["phone_key", "reference", "received_at"])
    op.create_index("ix_inbound_parts_whole", "inbound_parts", ["whole_id"], postgresql_where=joined)


def downgrade() -> None:
    for name, _ in reversed(OF_CASE):
        op.drop_column("petitions", name)
    op.drop_table("dialogues")
    op.drop_table("inbound_parts")
    op.drop_table("inbound")
