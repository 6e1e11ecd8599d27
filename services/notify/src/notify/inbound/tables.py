"""What telephones have sent, whole and in parts, and what they were asked."""

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from notify.tables import metadata

# state: received -> waiting (a letter is with intake) | asking (in a dialogue) | handled | unparsed (the operators'
# queue); or kept only: duplicate, limited, blocked. Rows are never deleted
inbound = Table(
    "inbound",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("gateway", Text, nullable=False),
    Column("gateway_id", Text),  # null where the protocol has none
    Column("phone_key", LargeBinary, ForeignKey("phones.key"), nullable=False),
    Column("to_number", Text, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),  # as the gateway says
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("text", LargeBinary),  # encrypted; null where the octets are no text
    Column("raw", LargeBinary),  # encrypted: the octets of what could not be decoded
    Column("damaged", Boolean, nullable=False, server_default=text("false")),  # with gaps, or not decoded
    Column("digest", LargeBinary, nullable=False),  # keyed: finds the same text of the same phone
    Column("traceparent", Text, nullable=False),
    Column("parts", SmallInteger, nullable=False, server_default=text("1")),  # short messages that it came in
    Column("state", Text, nullable=False),
    Column("meaning", Text),
    Column("thread", Uuid),  # first text of the dialogue it belongs to
    Column("petition_id", Uuid),
    Column("due_at", DateTime(timezone=True)),  # by when it is to be answered; null: it gets no answer
    Column("answered_at", DateTime(timezone=True)),
    Column("alarmed_at", DateTime(timezone=True)),
    # while it waits for a person: by when, from its first look on, and when it was told that nobody had dealt with it
    Column("desk_due_at", DateTime(timezone=True)),
    Column("desk_alarmed_at", DateTime(timezone=True)),
    Column("handed_to", Text),  # the unit whose it is while that one holds the conversation; null: the office's
    Column("assigned_to", Text),  # an operator
    Column("handled_by", Text),
    Column("handled_at", DateTime(timezone=True)),
    UniqueConstraint("gateway", "gateway_id"),
    Index("ix_inbound_received", "id", postgresql_where=text("state = 'received'")),
    Index("ix_inbound_queue", "id", postgresql_where=text("state = 'unparsed'")),
    Index("ix_inbound_phone", "phone_key", "id"),
    Index("ix_inbound_thread", "thread", postgresql_where=text("thread IS NOT NULL")),
    Index("ix_inbound_petition", "petition_id", postgresql_where=text("petition_id IS NOT NULL")),
    Index("ix_inbound_unanswered", "due_at", postgresql_where=text("answered_at IS NULL AND alarmed_at IS NULL")),
    Index("ix_inbound_late", "alarmed_at", postgresql_where=text("answered_at IS NULL AND alarmed_at IS NOT NULL")),
    Index(
        "ix_inbound_desk",
        "desk_due_at",
        postgresql_where=text("state = 'unparsed' AND desk_alarmed_at IS NULL"),
    ),
)
# parts of long messages. whole_id: the row of `inbound` that they were put into
inbound_parts = Table(
    "inbound_parts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("gateway", Text, nullable=False),
    Column("gateway_id", Text),
    Column("phone_key", LargeBinary, ForeignKey("phones.key"), nullable=False),
    Column("to_number", Text, nullable=False),
    Column("reference", Integer, nullable=False),
    Column("total", SmallInteger, nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("text", LargeBinary),
    Column("raw", LargeBinary),
    Column("traceparent", Text, nullable=False),
    Column("whole_id", Uuid),
    UniqueConstraint("gateway", "gateway_id"),
    Index("ix_inbound_parts_open", "phone_key", "reference", postgresql_where=text("whole_id IS NULL")),
    Index("ix_inbound_parts_phone", "phone_key", "reference", "received_at"),
    Index("ix_inbound_parts_whole", "whole_id", postgresql_where=text("whole_id IS NOT NULL")),
)
# what a phone has told so far, and which part of it was asked for
dialogues = Table(
    "dialogues",
    metadata,
    Column("phone_key", LargeBinary, ForeignKey("phones.key"), primary_key=True),
    Column("thread", Uuid, nullable=False),
    Column("said", LargeBinary, nullable=False),  # encrypted
    Column("asked", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
)
# what a phone said of a petition without naming one, until it does
number_questions = Table(
    "number_questions",
    metadata,
    Column("phone_key", LargeBinary, ForeignKey("phones.key"), primary_key=True),
    Column("thread", Uuid, nullable=False),
    Column("said", LargeBinary, nullable=False),  # encrypted, with the numbers that were offered
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
)


def text_binding(text_id: object, column: str) -> str:
    """What an encrypted text, or its octets, is bound to."""
    return f"inbound/{text_id}/{column}"


def part_binding(part_id: object, column: str) -> str:
    return f"inbound_parts/{part_id}/{column}"


def dialogue_binding(key: bytes) -> str:
    return f"dialogues/{key.hex()}/said"


def question_binding(key: bytes) -> str:
    return f"number_questions/{key.hex()}/said"
