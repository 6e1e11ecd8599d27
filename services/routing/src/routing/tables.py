"""The tables of routing."""

from sqlalchemy import BigInteger, Column, DateTime, LargeBinary, PrimaryKeyConstraint, Table, Text, Uuid, text
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
    Column("holder_unit", Text, nullable=False, index=True),
    Column("writer", Text, nullable=False),
    Column("accused_units", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("body", JSONB, nullable=False),
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
    PrimaryKeyConstraint("case_id", "version"),
)
# offers that were asked back before they arrived
withdrawals = Table(
    "withdrawals",
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
