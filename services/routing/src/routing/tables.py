"""The tables of routing."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from kit import tables as kit_tables

metadata = kit_tables.metadata()

# cases held here and replicas of those held below: `writer` tells which node may write the next version
cases = Table(
    "cases",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("number", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("holder_unit", Text, nullable=False),
    Column("writer", Text, nullable=False),
    # of the earliest time limit that runs; open: something is still to be done
    Column("due_at", DateTime(timezone=True)),
    Column("open", Boolean, nullable=False, server_default="true"),
    Column("accused_units", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    # who alone may read it (保密), as routing.confidence says; null: everybody in scope
    Column("readers", ARRAY(Text)),
    Column("body", JSONB, nullable=False),
    Index("ix_cases_state", "state", "id"),
    Index("ix_cases_holder", "holder_unit", "state", "id"),
)
# in order of what is due first, with what is never due at the end: the order in which a to-do list is paged
NEVER = literal_column("'infinity'::timestamptz", DateTime(timezone=True))
DUE = func.coalesce(cases.c.due_at, NEVER)
# the unit that must decide what becomes of it: the one asked in an objection or dispute (Art 23), else the holder
TURN = func.coalesce(literal_column("body->>'asked'", Text), cases.c.holder_unit)
Index("ix_cases_to_do", TURN, DUE, cases.c.id, postgresql_where=text("open"))
case_scopes = Table(
    "case_scopes",
    metadata,
    Column("scope", Text, nullable=False),
    Column("case_id", Uuid, nullable=False),
    PrimaryKeyConstraint("scope", "case_id"),
)
timeline = Table(
    "timeline",
    metadata,
    Column("case_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("actor", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("reason", Text),
    Column("note", LargeBinary),
    Column("fields", LargeBinary),
    PrimaryKeyConstraint("case_id", "version"),
)
# offers that were asked back before they arrived; node: that asked, and has the right only if it made the offer
recalls = Table(
    "recalls",
    metadata,
    Column("hand_over", Uuid, nullable=False),
    Column("node", Text, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("note", LargeBinary),
    PrimaryKeyConstraint("hand_over", "node"),
)
papers = Table(
    "papers",
    metadata,
    Column("paper_id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    # which unit filed it, and what an opinion says; null where that was not kept or told
    Column("unit", Text),
    Column("outcome", Text),
)
# opinions as they were approved: never changed or deleted, the migration's triggers refuse it
opinions = Table(
    "opinions",
    metadata,
    Column("case_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("stage", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("papers", ARRAY(Uuid), nullable=False),
    Column("approved_by", Text, nullable=False),
    # who was absent and had lent the role
    Column("approved_for", Text),
    Column("approved_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("case_id", "version"),
)
# who approves for whom while that one is absent
delegations = Table(
    "delegations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("from_subject", Text, nullable=False),
    Column("to_subject", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("until", DateTime(timezone=True), nullable=False),
    Index("ix_delegations_to", "unit", "to_subject", "until"),
)
# how often opinions of a unit were returned for revision, by the month in China: 2026-01
revision_returns = Table(
    "revision_returns",
    metadata,
    Column("unit", Text, nullable=False),
    Column("month", Text, nullable=False),
    Column("returns", Integer, nullable=False),
    PrimaryKeyConstraint("unit", "month"),
)
