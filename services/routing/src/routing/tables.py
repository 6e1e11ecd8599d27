"""The tables of routing."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
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
    Column("body", JSONB, nullable=False),
    Index("ix_cases_to_do", "holder_unit", "due_at", "id", postgresql_where=text("open")),
)
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
# offers that were asked back before they arrived
recalls = Table(
    "recalls",
    metadata,
    Column("hand_over", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
papers = Table(
    "papers",
    metadata,
    Column("paper_id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
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
