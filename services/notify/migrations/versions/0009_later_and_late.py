"""what comes later, and what comes late: alarms about texts, notices to staff about them"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _alarms()
    _notices_about_texts()
    _texts_of_units()
    _lines()
    _late_answers()
    _claims()
    _what_was_asked()
    _room_for_fates()


def downgrade() -> None:
    _no_room_for_fates()
    _nothing_asked()
    _no_claims()
    _no_late_answers()
    _no_lines()
    _no_texts_of_units()
    _no_notices_about_texts()
    _no_alarms()


# --- texts that wait for an answer, or a person ---


def _alarms() -> None:
    op.add_column("inbound", sa.Column("desk_due_at", MOMENT))
    op.add_column("inbound", sa.Column("desk_alarmed_at", MOMENT))
    late = sa.text("answered_at IS NULL AND alarmed_at IS NOT NULL")
    op.create_index("ix_inbound_late", "inbound", ["alarmed_at"], postgresql_where=late)
    waiting = sa.text("state = 'unparsed' AND desk_alarmed_at IS NULL")
    op.create_index("ix_inbound_desk", "inbound", ["desk_due_at"], postgresql_where=waiting)


def _no_alarms() -> None:
    op.drop_index("ix_inbound_desk", "inbound")
    op.drop_index("ix_inbound_late", "inbound")
    op.drop_column("inbound", "desk_alarmed_at")
    op.drop_column("inbound", "desk_due_at")


# --- the inbox of staff: items about texts, which belong to no petition; processes of the release before show none of
# these, for they look for the guard of a petition first ---


def _notices_about_texts() -> None:
    op.add_column("staff_items", sa.Column("conversation", sa.Uuid()))
    op.alter_column("staff_items", "petition_id", nullable=True)
    over = sa.text("state IN ('sent', 'failed', 'cancelled')")
    op.create_index("ix_staff_deliveries_over", "staff_deliveries", ["created_at"], postgresql_where=over)


def _no_notices_about_texts() -> None:
    op.drop_index("ix_staff_deliveries_over", "staff_deliveries")
    op.execute("DELETE FROM staff_items WHERE petition_id IS NULL")
    op.alter_column("staff_items", "petition_id", nullable=False)
    op.drop_column("staff_items", "conversation")


# --- texts that the office has handed to another unit; what the release before hands on stays the office's as well ---


def _texts_of_units() -> None:
    op.add_column("inbound", sa.Column("handed_to", sa.Text()))
    op.execute(
        "UPDATE inbound SET handed_to = unit FROM conversations"
        " WHERE conversations.phone_key = inbound.phone_key AND received_at <= changed_at"
    )


def _no_texts_of_units() -> None:
    op.drop_column("inbound", "handed_to")


# --- how the lines to the gateways are, and what these say late ---


def _lines() -> None:
    op.create_table(
        "gateway_states",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("up", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", "process", name=op.f("pk_gateway_states")),
    )


def _no_lines() -> None:
    op.drop_table("gateway_states")


def _late_answers() -> None:
    op.create_table(
        "late_answers",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("gateway_id", sa.Text()),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "number", "gateway", name=op.f("pk_late_answers")),
    )
    # processes of the release before do not know of it: what they leave is looked at once, soon
    op.add_column("early_receipts", sa.Column("due_at", MOMENT, server_default=sa.text("now()"), nullable=False))
    op.create_index(op.f("ix_early_receipts_due_at"), "early_receipts", ["due_at"])


def _no_late_answers() -> None:
    op.drop_index(op.f("ix_early_receipts_due_at"), "early_receipts")
    op.drop_column("early_receipts", "due_at")
    op.drop_table("late_answers")


# --- what is being sent names its gateway: senders of two releases ago, whose only gateway is the console, wait ---


def _claims() -> None:
    named = "CHECK (state <> 'sending' OR gateway IS NOT NULL) NOT VALID"  # until those that stand are mended
    op.execute(f"ALTER TABLE messages ADD CONSTRAINT ck_messages_sending_by {named}")
    op.execute("UPDATE messages SET gateway = 'console' WHERE state = 'sending' AND gateway IS NULL")
    op.execute("ALTER TABLE messages VALIDATE CONSTRAINT ck_messages_sending_by")
    counted = sa.text("lane > 0")
    op.create_index("ix_messages_lately", "messages", ["phone_key", "sent_at"], postgresql_where=counted)


def _no_claims() -> None:
    op.drop_index("ix_messages_lately", "messages")
    op.drop_constraint(op.f("ck_messages_sending_by"), "messages", type_="check")


# --- what a telephone was asked: which petition it meant; and how many short messages a text came in ---


def _what_was_asked() -> None:
    op.add_column("inbound", sa.Column("parts", sa.SmallInteger(), server_default=sa.text("1"), nullable=False))
    op.create_table(
        "number_questions",
        sa.Column("phone_key", sa.LargeBinary(), nullable=False),
        sa.Column("thread", sa.Uuid(), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["phone_key"], ["phones.key"], name=op.f("fk_number_questions_phone_key_phones")),
        sa.PrimaryKeyConstraint("phone_key", name=op.f("pk_number_questions")),
    )
    op.create_index(op.f("ix_number_questions_expires_at"), "number_questions", ["expires_at"])


def _nothing_asked() -> None:
    op.drop_table("number_questions")
    op.drop_column("inbound", "parts")


# --- a part is written once more when its fate is known: in the same page, no index is touched ---


def _room_for_fates() -> None:
    op.execute("ALTER TABLE parts SET (fillfactor = 70)")


def _no_room_for_fates() -> None:
    op.execute("ALTER TABLE parts RESET (fillfactor)")
