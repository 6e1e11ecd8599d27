"""The tables of intake."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from kit import tables as kit_tables

metadata = kit_tables.metadata()

petitions = Table(
    "petitions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("region", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("category", Text),
    Column("about_region", Text),
    # null where only the public event has risen here and the petition itself is held elsewhere
    Column("title", Text),
    Column("content", Text),
    Column("accused_units", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("petitioner_count", Integer, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("registered_by", Text),
    Column("registered_node", Text, nullable=False),
    Column("external_id", Text, unique=True),
)
petitioners = Table(
    "petitioners",
    metadata,
    Column("petition_id", Uuid, ForeignKey("petitions.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", LargeBinary),
    Column("id_number", LargeBinary),
    Column("phone", LargeBinary),
    Column("address", LargeBinary),
    Column("phone_index", LargeBinary, index=True),
    Column("id_index", LargeBinary, index=True),
    PrimaryKeyConstraint("petition_id", "position"),
)
petition_scopes = Table(
    "petition_scopes",
    metadata,
    Column("scope", Text, nullable=False),
    Column("petition_id", Uuid, nullable=False),
    PrimaryKeyConstraint("scope", "petition_id"),
)
case_states = Table(
    "case_states",
    metadata,
    Column("petition_id", Uuid, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("holder_unit", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)
progress = Table(
    "progress",
    metadata,
    Column("petition_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("petition_id", "version"),
)
# a case was handed to another node: its petition file follows as soon as it is here
forwards = Table(
    "forwards",
    metadata,
    Column("petition_id", Uuid, nullable=False),
    Column("to_node", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("sent_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("petition_id", "to_node", "version"),
)
number_blocks = Table(
    "number_blocks",
    metadata,
    Column("region", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("next", BigInteger, nullable=False),
    PrimaryKeyConstraint("region", "day"),
)
# every reading of who the petitioner is, with its purpose
identity_readings = Table(
    "identity_readings",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("petition_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("ix_identity_readings_petition", "petition_id", "id"),
)
failed_lookups = Table(
    "failed_lookups",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("number", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("ix_failed_lookups_number_at", "number", "at"),
)
