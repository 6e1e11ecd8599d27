"""The tables of intake."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
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
    Column("route", SmallInteger),
    Column("is_group", Boolean, nullable=False, server_default=text("false")),
    # the public state: counted up by the registering node, which alone writes it
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("repeat_of", Uuid),
    Column("terminated_before", Boolean, nullable=False, server_default=text("false")),
    Column("merged_into", Uuid),
    Index("ix_petitions_repeat_of", "repeat_of", postgresql_where=text("repeat_of IS NOT NULL")),
    Index("ix_petitions_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
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
    Column("representative", Boolean, nullable=False, server_default=text("false")),
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
    Column("served_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
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
failed_lookups = Table(
    "failed_lookups",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("number", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("ix_failed_lookups_number_at", "number", "at"),
)
# every linking and unlinking of petitions, with its reason; never changed
link_changes = Table(
    "link_changes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("petition_id", Uuid, nullable=False),
    Column("change", Text, nullable=False),
    Column("other_id", Uuid, nullable=False),
    Column("subject", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("reason", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("ix_link_changes_petition", "petition_id", "id"),
)
group_alarms = Table(
    "group_alarms",
    metadata,
    Column("petition_id", Uuid, primary_key=True),
    Column("number", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("head_count", Integer, nullable=False),
    Column("about_region", Text),
    Column("at", DateTime(timezone=True), nullable=False),
)
# when the petitioner of a petition registered here may rate, and what came of it: rated or expired
rating_windows = Table(
    "rating_windows",
    metadata,
    Column("petition_id", Uuid, ForeignKey("petitions.id"), primary_key=True),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("closes_at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text),
    Index("ix_rating_windows_open", "closes_at", postgresql_where=text("outcome IS NULL")),
)
ratings = Table(
    "ratings",
    metadata,
    Column("petition_id", Uuid, ForeignKey("petitions.id"), primary_key=True),
    Column("office", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("comment", LargeBinary),
    Column("given_at", DateTime(timezone=True), nullable=False),
)
