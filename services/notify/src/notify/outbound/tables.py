"""Messages, the parts they went out as, and what gateways told of these."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from notify.tables import metadata

# state: queued -> sending -> sent -> delivered | failed | expired; unknown: left without an answer, until a receipt or
# the gateway tells; held: of a notice that is paused; cancelled: of one that was stopped, or nobody wants it any more.
# due_at: next try of a queued one, end of the lease of one being sent, next look after one sent or unknown
messages = Table(
    "messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    # what it tells of which petition, in which stage of the case; all null: it is no notice of a case
    Column("petition_id", Uuid),
    Column("case_stage", Text),
    Column("happening", Text),
    Column("phone_key", LargeBinary, ForeignKey("phones.key")),  # null: of before there were `phones`
    Column("unit", Text),  # whose message it is: of the node's office, or of the operator's unit
    Column("template", Text, nullable=False),  # in which words
    Column("template_version", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("text", LargeBinary),  # encrypted: it may hold a query code. Null: it has been kept long enough
    Column("lane", SmallInteger, nullable=False, server_default=text("1")),  # 0 answers, 1 notices, 2 mass notices
    Column("statutory", Boolean, nullable=False, server_default=text("false")),
    Column("answers", Uuid),  # the text from the telephone that this answers
    Column("notice_id", Uuid),  # the mass notice it belongs to
    Column("author", Text),  # the operator who wrote it
    Column("state", Text, nullable=False),
    Column("gateway", Text),  # written before it is handed over
    Column("tried", ARRAY(Text), nullable=False, server_default=text("'{}'")),  # did not take it in this round
    Column(
        "attempts", Integer, nullable=False, server_default=text("0")
    ),  # also names who may settle it: who claimed last
    Column("claimed_by", Text),  # the journal of the process that sends it
    Column("version", Integer, nullable=False, server_default=text("0")),  # sequence of the events that told of it
    Column("parts", SmallInteger, nullable=False, server_default=text("1")),  # how many short messages it is
    Column("reason", Text),
    Column("traceparent", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True)),  # null: by the policy of the lane
    Column("sent_at", DateTime(timezone=True)),
    Column("state_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("petition_id", "case_stage", "happening"),
    CheckConstraint("state <> 'sending' OR gateway IS NOT NULL", name="sending_by"),
    Index("ix_messages_ready", "lane", "due_at", "id", postgresql_where=text("state = 'queued'")),
    Index("ix_messages_awaited", "due_at", postgresql_where=text("state IN ('sending', 'sent', 'unknown')")),
    Index("ix_messages_phone", "phone_key", "id"),
    Index("ix_messages_lately", "phone_key", "sent_at", postgresql_where=text("lane > 0")),
    Index("ix_messages_unmoved", "petition_id", postgresql_where=text("phone_key IS NULL")),
    Index("ix_messages_notice", "notice_id", "state", postgresql_where=text("notice_id IS NOT NULL")),
    Index("ix_messages_answers", "answers", postgresql_where=text("answers IS NOT NULL")),
)
# gateway_id: by which receipts name it; null: left without an answer. state: sent, unknown, delivered, failed, expired
parts = Table(
    "parts",
    metadata,
    Column("message_id", Uuid, nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("gateway_id", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    Column("settled_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("message_id", "number"),
    Index("ix_parts_gateway_id", "gateway", "gateway_id"),
    Index("ix_parts_sent_at", "gateway", "sent_at"),
    postgresql_with={"fillfactor": 70},  # its fate is written beside it, and no index is touched
)
# answers that came after they were given up; gateway_id: null, it was not taken. number 0: all parts
late_answers = Table(
    "late_answers",
    metadata,
    Column("message_id", Uuid, nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("gateway", Text, nullable=False),
    Column("gateway_id", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("message_id", "number", "gateway"),
)
# receipts of no part we know: of one whose answer is not noted yet, or never came. due_at: when it is looked for again
early_receipts = Table(
    "early_receipts",
    metadata,
    Column("gateway", Text, nullable=False),
    Column("gateway_id", Text, nullable=False),
    Column("phone_key", LargeBinary),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False, index=True, server_default=text("now()")),
    PrimaryKeyConstraint("gateway", "gateway_id"),
    Index("ix_early_receipts_phone", "phone_key"),
)
# what may still leave now, by name (a gateway; empty: the node): all processes take from it
allowances = Table(
    "allowances",
    metadata,
    Column("name", Text, primary_key=True),
    Column("left", Double, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
