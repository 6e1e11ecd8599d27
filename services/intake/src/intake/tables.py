"""The tables of intake."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

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
    Index("ix_petitions_repeat_of", "repeat_of", postgresql_where=text("repeat_of IS NOT NULL")),
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
    # whose answer it is, where that is not the holder
    Column("handler_unit", Text),
    Column("merged_into", Uuid),
    # the re-review opinion was served (Art 36)
    Column("terminated", Boolean, nullable=False, server_default=text("false")),
    # what the petitioner may ask for (review, re-review), and the instant from which on it is too late
    Column("review", Text),
    Column("review_until", DateTime(timezone=True)),
    # as far as is known by now; null of what was followed before it was told here
    Column("kind", Text),
    Column("accused_units", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    # who alone may read it (保密); null: everybody in scope
    Column("readers", ARRAY(Text)),
    Index("ix_case_states_merged_into", "merged_into", postgresql_where=text("merged_into IS NOT NULL")),
    Index("ix_case_states_terminated", "petition_id", postgresql_where=text("terminated")),
)
progress = Table(
    "progress",
    metadata,
    Column("petition_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("merged_into", Uuid),
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
# at the node at the top: what went through re-review (Art 36), findable by who asks about a person without naming one.
# sealed: opens only to who knows the identity or telephone number
terminated_matters = Table(
    "terminated_matters",
    metadata,
    Column("bucket", Integer, nullable=False),
    Column("petition_id", Uuid, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    PrimaryKeyConstraint("bucket", "petition_id"),
    Index("ix_terminated_matters_petition", "petition_id"),
)
# how much each node has asked of them on a day, and what it asked beyond that, which waits for another day
terminated_asked = Table(
    "terminated_asked",
    metadata,
    Column("node", Text, primary_key=True),
    Column("day", Date, nullable=False),
    Column("buckets", Integer, nullable=False),
)
terminated_questions = Table(
    "terminated_questions",
    metadata,
    Column("node", Text, nullable=False),
    Column("petition_id", Uuid, nullable=False),
    Column("buckets", ARRAY(Integer), nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("node", "petition_id"),
    Index("ix_terminated_questions_turn", "node", "asked_at"),
)
# what the node at the top answered: that who raised this petition had such a matter before, somewhere else.
# score: 0..100, what the texts have in common
terminated_elsewhere = Table(
    "terminated_elsewhere",
    metadata,
    Column("petition_id", Uuid, nullable=False),
    Column("other_id", Uuid, nullable=False),
    Column("number", Text, nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    Column("accused_units", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("by_id", Boolean, nullable=False),
    Column("by_phone", Boolean, nullable=False),
    Column("score", Float, nullable=False),
    PrimaryKeyConstraint("petition_id", "other_id"),
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
# every linking and unlinking of repeats, with its reason; never changed
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
# more to a petition, that its petitioner sent by text; also where the petition itself has still to come
supplements = Table(
    "supplements",
    metadata,
    Column("id", Uuid, primary_key=True),  # of the text
    Column("petition_id", Uuid, nullable=False, index=True),
    Column("number", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),  # encrypted
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("kept_at", DateTime(timezone=True), nullable=False),
)
# units that were asked for support (协办), here or by a unit of this node, and what they may read until it ends.
# version: of the request, 0 while only the file is here; lent_at: when the file was sent, at the asking unit's node
supports = Table(
    "supports",
    metadata,
    Column("request_id", Uuid, primary_key=True),
    Column("petition_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("from_node", Text, nullable=False),
    Column("to_node", Text, nullable=False),
    Column("to_unit", Text, nullable=False),
    Column("accused_units", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("open", Boolean, nullable=False),
    Column("lent_at", DateTime(timezone=True)),
    Column("file", JSONB),
    Index("ix_supports_petition", "petition_id", "to_unit", postgresql_where=text("open")),
)
# when the petitioner of a petition registered here may rate, as that version of the case says, and what came of it:
# rated or expired. closes_at: null while a review is under way
rating_windows = Table(
    "rating_windows",
    metadata,
    Column("petition_id", Uuid, ForeignKey("petitions.id"), primary_key=True),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("closes_at", DateTime(timezone=True)),
    Column("outcome", Text),
    Column("version", BigInteger, nullable=False, server_default=text("0")),
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
