"""notices to staff, and call-backs"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
MOMENT = sa.DateTime(timezone=True)
TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    _inbox()
    _preferences()
    _deliveries()
    _callbacks()


def _inbox() -> None:
    op.create_table(
        "case_guards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("accused_units", TEXTS, nullable=False),
        sa.Column("readers", TEXTS),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_guards")),
    )
    op.create_table(
        "staff_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("roles", TEXTS, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("due_at", MOMENT),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_items")),
        sa.UniqueConstraint("event_id", "unit", name=op.f("uq_staff_items_event_id_unit")),
    )
    op.create_index("ix_staff_items_unit", "staff_items", ["unit", "id"])
    op.create_index(op.f("ix_staff_items_created_at"), "staff_items", ["created_at"])
    op.create_table(
        "staff_reads",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["staff_items.id"], name=op.f("fk_staff_reads_item_id_staff_items"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("subject", "item_id", name=op.f("pk_staff_reads")),
    )
    op.create_index("ix_staff_reads_item", "staff_reads", ["item_id"])


def _preferences() -> None:
    op.create_table(
        "staff",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("roles", TEXTS, nullable=False),
        sa.Column("line", TEXTS, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("quiet_since", sa.Time()),
        sa.Column("quiet_until", sa.Time()),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_staff")),
    )
    op.create_index(op.f("ix_staff_unit"), "staff", ["unit"])
    op.create_table(
        "staff_addresses",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary()),
        sa.Column("code", sa.LargeBinary()),
        sa.Column("code_until", MOMENT),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.ForeignKeyConstraint(["subject"], ["staff.subject"], name=op.f("fk_staff_addresses_subject_staff")),
        sa.PrimaryKeyConstraint("subject", "channel", name=op.f("pk_staff_addresses")),
    )
    op.create_table(
        "staff_choices",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["subject"], ["staff.subject"], name=op.f("fk_staff_choices_subject_staff")),
        sa.PrimaryKeyConstraint("subject", "kind", "channel", name=op.f("pk_staff_choices")),
    )


def _deliveries() -> None:
    op.create_table(
        "staff_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("items", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("state_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["subject"], ["staff.subject"], name=op.f("fk_staff_deliveries_subject_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_deliveries")),
    )
    op.create_index(
        "ix_staff_deliveries_gathering", "staff_deliveries", ["subject", "channel", "kind"], unique=True,
        postgresql_where=sa.text("state = 'gathering'"),
    )  # fmt: skip
    op.create_index(
        "ix_staff_deliveries_due", "staff_deliveries", ["channel", "due_at"],
        postgresql_where=sa.text("state IN ('gathering', 'queued', 'sending')"),
    )  # fmt: skip
    op.create_index("ix_staff_deliveries_subject", "staff_deliveries", ["subject", "created_at"])


def _callbacks() -> None:
    op.create_table(
        "callback_rounds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("percent", sa.Double(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("drawn", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_callback_rounds")),
        sa.UniqueConstraint("until", name=op.f("uq_callback_rounds_until")),
    )
    op.create_table(
        "callbacks",
        sa.Column("petition_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("round_id", sa.Uuid()),
        sa.Column("phone_key", sa.LargeBinary()),
        sa.Column("asked_at", MOMENT),
        sa.Column("closes_at", MOMENT),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_at", MOMENT),
        sa.ForeignKeyConstraint(
            ["round_id"], ["callback_rounds.id"], name=op.f("fk_callbacks_round_id_callback_rounds")
        ),
        sa.ForeignKeyConstraint(["phone_key"], ["phones.key"], name=op.f("fk_callbacks_phone_key_phones")),
        sa.PrimaryKeyConstraint("petition_id", name=op.f("pk_callbacks")),
    )
    op.create_index("ix_callbacks_ended", "callbacks", ["ended_at"], postgresql_where=sa.text("state = 'ended'"))
    asked = sa.text("state = 'asked'")
    op.create_index("ix_callbacks_closes", "callbacks", ["closes_at"], postgresql_where=asked)
    op.create_index("ix_callbacks_phone", "callbacks", ["phone_key"], unique=True, postgresql_where=asked)


def downgrade() -> None:
    for table in (
        "callbacks", "callback_rounds", "staff_deliveries", "staff_choices", "staff_addresses", "staff", "staff_reads",
        "staff_items", "case_guards",
    ):  # fmt: skip
        op.drop_table(table)
