"""The inbox of staff, the ways that people chose to be told, and the messages that go out by these."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Time,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from notify.tables import metadata

GATHERING, UNSENT = text("state = 'gathering'"), text("state IN ('gathering', 'queued', 'sending')")
OVER = text("state IN ('sent', 'failed', 'cancelled')")
# whom cases accuse and who alone may read of them, as was told last: also of those that were not registered here
case_guards = Table(
    "case_guards",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),  # 0: as a request said, before anything was heard of the case
    Column("accused_units", ARRAY(Text), nullable=False),
    Column("readers", ARRAY(Text)),
)
# what happened, once for each unit that is told; who of it holds one of the roles reads it
items = Table(
    "staff_items",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("region", Text, nullable=False),  # of the unit
    Column("roles", ARRAY(Text), nullable=False),
    Column("kind", Text, nullable=False),
    Column("petition_id", Uuid),  # null: it is about texts, of which nobody knows a petition
    Column("number", Text, nullable=False),  # empty: likewise
    Column("conversation", Uuid),  # that it is about, as the desk names it; null: about a petition, or many texts
    Column("about", Text, nullable=False),  # which request or time limit, how many texts; empty: a step of the case
    Column("level", Text, nullable=False),
    Column("reason", Text),  # a code
    Column("due_at", DateTime(timezone=True)),
    Column("at", DateTime(timezone=True), nullable=False),  # when it happened
    Column("created_at", DateTime(timezone=True), nullable=False, index=True),
    UniqueConstraint("event_id", "unit"),
    Index("ix_staff_items_unit", "unit", "id"),
)
reads = Table(
    "staff_reads",
    metadata,
    Column("item_id", Uuid, ForeignKey("staff_items.id", ondelete="CASCADE"), nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("subject", "item_id"),
    Index("ix_staff_reads_item", "item_id"),
)
# who chose something, as they were when they looked last: what they are sent is decided by that
people = Table(
    "staff",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("unit", Text, nullable=False, index=True),
    Column("region", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("line", ARRAY(Text), nullable=False),
    Column("language", Text, nullable=False),
    Column("quiet_since", Time),
    Column("quiet_until", Time),
    Column("seen_at", DateTime(timezone=True), nullable=False),
)
addresses = Table(
    "staff_addresses",
    metadata,
    Column("subject", Text, ForeignKey("staff.subject"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),  # encrypted: address, number or URL
    Column("secret", LargeBinary),  # encrypted: what webhooks are signed with
    Column("code", LargeBinary),  # encrypted: what was sent there, to be typed here
    Column("code_until", DateTime(timezone=True)),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("confirmed_at", DateTime(timezone=True)),  # null: nothing else is sent there
    PrimaryKeyConstraint("subject", "channel"),
)
choices = Table(
    "staff_choices",
    metadata,
    Column("subject", Text, ForeignKey("staff.subject"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    PrimaryKeyConstraint("subject", "kind", "channel"),
)
# state: gathering -> queued -> sending -> sent | failed | cancelled (nothing of it may be read any more)
deliveries = Table(
    "staff_deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("subject", Text, ForeignKey("staff.subject"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),  # of items, or code
    Column("items", ARRAY(Uuid), nullable=False),  # the first ones
    Column("count", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("reason", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("state_at", DateTime(timezone=True), nullable=False),
    Index("ix_staff_deliveries_gathering", "subject", "channel", "kind", unique=True, postgresql_where=GATHERING),
    Index("ix_staff_deliveries_due", "channel", "due_at", postgresql_where=UNSENT),
    Index("ix_staff_deliveries_subject", "subject", "created_at"),
    Index("ix_staff_deliveries_over", "created_at", postgresql_where=OVER),
)
