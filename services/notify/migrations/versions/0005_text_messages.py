"""telephones once each; messages of any kind, the parts they go out as, and what gateways tell of these"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "phones",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("opted_out_at", MOMENT),
        sa.Column("blocked_until", MOMENT),
        sa.Column("blocked_for", sa.Text()),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_phones")),
    )
    op.add_column("petitions", sa.Column("phone_key", sa.LargeBinary()))
    op.create_foreign_key(op.f("fk_petitions_phone_key_phones"), "petitions", "phones", ["phone_key"], ["key"])
    op.create_index(op.f("ix_petitions_phone_key"), "petitions", ["phone_key"])
    unmoved = sa.text("phone IS NOT NULL AND phone_key IS NULL")
    op.create_index("ix_petitions_unmoved", "petitions", ["id"], postgresql_where=unmoved)
    _messages()
    _parts()


def _messages() -> None:
    for name in ("petition_id", "case_stage", "happening", "text"):
        op.alter_column("messages", name, nullable=True)
    for column in (
        sa.Column("phone_key", sa.LargeBinary()),
        sa.Column("unit", sa.Text()),
        sa.Column("lane", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("statutory", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("answers", sa.Uuid()),
        sa.Column("notice_id", sa.Uuid()),
        sa.Column("author", sa.Text()),
        sa.Column("tried", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("claimed_by", sa.Text()),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("parts", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("sent_at", MOMENT),
    ):
        op.add_column("messages", column)
    op.create_foreign_key(op.f("fk_messages_phone_key_phones"), "messages", "phones", ["phone_key"], ["key"])
    op.drop_index("ix_messages_due", "messages")
    ready, awaited = sa.text("state = 'queued'"), sa.text("state IN ('sending', 'sent', 'unknown')")
    op.create_index("ix_messages_ready", "messages", ["lane", "due_at", "id"], postgresql_where=ready)
    op.create_index("ix_messages_awaited", "messages", ["due_at"], postgresql_where=awaited)
    op.create_index("ix_messages_phone", "messages", ["phone_key", "id"])
    op.create_index("ix_messages_unmoved", "messages", ["petition_id"], postgresql_where=sa.text("phone_key IS NULL"))
    # whose claim did not say so: the release before had no other
    op.execute("UPDATE messages SET gateway = 'console' WHERE state = 'sending' AND gateway IS NULL")
    of_notice, an_answer = sa.text("notice_id IS NOT NULL"), sa.text("answers IS NOT NULL")
    op.create_index("ix_messages_notice", "messages", ["notice_id", "state"], postgresql_where=of_notice)
    op.create_index("ix_messages_answers", "messages", ["answers"], postgresql_where=an_answer)
    # what had been sent before anybody followed it has no fate to wait for
    op.execute("UPDATE messages SET due_at = 'infinity', version = attempts WHERE state IN ('sent', 'failed')")


def _parts() -> None:
    op.create_table(
        "parts",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("gateway_id", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT),
        sa.PrimaryKeyConstraint("message_id", "number", name=op.f("pk_parts")),
    )
    op.create_index("ix_parts_gateway_id", "parts", ["gateway", "gateway_id"])
    op.create_index("ix_parts_sent_at", "parts", ["gateway", "sent_at"])
    op.create_table(
        "early_receipts",
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("gateway_id", sa.Text(), nullable=False),
        sa.Column("phone_key", sa.LargeBinary()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("gateway", "gateway_id", name=op.f("pk_early_receipts")),
    )
    op.create_index("ix_early_receipts_phone", "early_receipts", ["phone_key"])
    op.create_table(
        "allowances",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("left", sa.Double(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_allowances")),
    )


def downgrade() -> None:
    op.drop_table("allowances")
    op.drop_table("early_receipts")
    op.drop_table("parts")
    for name in ("answers", "notice", "unmoved", "phone", "awaited", "ready"):
        op.drop_index(f"ix_messages_{name}", "messages")
    open_ones = sa.text("state IN ('queued', 'sending')")
    op.create_index("ix_messages_due", "messages", ["due_at"], postgresql_where=open_ones)
    # what is no notice of a case has no place in the release before; states it does not know are ends to it
    op.execute("DELETE FROM messages WHERE petition_id IS NULL OR happening IS NULL")
    op.execute("UPDATE messages SET state = 'sent' WHERE state IN ('delivered', 'unknown')")
    op.execute("UPDATE messages SET state = 'failed' WHERE state IN ('expired', 'held', 'cancelled')")
    op.drop_constraint(op.f("fk_messages_phone_key_phones"), "messages", type_="foreignkey")
    for name in (
        "sent_at", "expires_at", "parts", "version", "claimed_by", "tried", "author", "notice_id", "answers", "statutory", "lane", "unit", "phone_key",
    ):  # fmt: skip
        op.drop_column("messages", name)
    op.execute("UPDATE messages SET text = '' WHERE text IS NULL")
    for name in ("petition_id", "case_stage", "happening", "text"):
        op.alter_column("messages", name, nullable=False)
    op.drop_index("ix_petitions_unmoved", "petitions")
    op.drop_index(op.f("ix_petitions_phone_key"), "petitions")
    op.drop_constraint(op.f("fk_petitions_phone_key_phones"), "petitions", type_="foreignkey")
    op.drop_column("petitions", "phone_key")
    op.drop_table("phones")
