"""The tables of notify."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from kit import tables as kit_tables

metadata = kit_tables.metadata()

# petitions registered here. The contact comes by letter, the case by events, either may be first: both write this
# row before anything else, so whichever comes second sees what the first one left
petitions = Table(
    "petitions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False),
    Column("region", Text),
    Column("phone", LargeBinary),  # encrypted; null until the contact has come
    Column("case_version", BigInteger, nullable=False, server_default=text("0")),
    Column("accused_units", ARRAY(Text)),  # null until the case is known: till then nobody may read
    Column("readers", ARRAY(Text)),  # who alone may read it (保密); null: everybody in scope
)
petition_scopes = Table(
    "petition_scopes",
    metadata,
    Column("scope", Text, nullable=False),
    Column("petition_id", Uuid, nullable=False),
    PrimaryKeyConstraint("scope", "petition_id"),
)
# what happened (stage) in the handling, review or re-review (case_stage) of cases, for petitioners whose contact is not
# here yet as well
stages = Table(
    "stages",
    metadata,
    Column("petition_id", Uuid, nullable=False),
    Column("case_stage", Text, nullable=False, server_default=text("'handling'")),
    Column("stage", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("traceparent", Text, nullable=False),
    PrimaryKeyConstraint("petition_id", "case_stage", "stage"),
)
# state: queued -> sending -> sent | failed; due_at: next try of a queued one, end of the lease of one being sent
messages = Table(
    "messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("petition_id", Uuid, nullable=False),
    # what it tells, and in which stage of the case; template: in which words
    Column("case_stage", Text, nullable=False),
    Column("happening", Text, nullable=False),
    Column("template", Text, nullable=False),
    Column("template_version", Integer, nullable=False),
    Column("language", Text, nullable=False),
    Column("text", LargeBinary, nullable=False),  # encrypted: it may hold a query code
    Column("state", Text, nullable=False),
    Column("gateway", Text),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("reason", Text),
    Column("traceparent", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("state_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("petition_id", "case_stage", "happening"),
    Index("ix_messages_due", "due_at", postgresql_where=text("state IN ('queued', 'sending')")),
)
