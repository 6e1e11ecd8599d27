"""The tables of analytics: the event log replica, and what is computed from it alone."""

from sqlalchemy import BigInteger, Column, DateTime, Index, PrimaryKeyConstraint, SmallInteger, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from kit import tables as kit_tables

metadata = kit_tables.metadata()

# every event that reached this node, as it came. An id has one subject, so this key tells events apart,
# and one index serves both the log of a petition and the search for duplicates
events = Table(
    "events",
    metadata,
    Column("subject", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("node", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("data", JSONB, nullable=False),
    PrimaryKeyConstraint("subject", "id"),
)
# one row a petition; empty columns: the event that tells them has not come yet
facts = Table(
    "facts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text),
    Column("channel", Text),
    Column("kind", Text),
    Column("category", Text),
    Column("region", Text),  # where it was registered
    Column("unit", Text),
    Column("registered_node", Text),
    Column("petition_received_at", DateTime(timezone=True)),
    Column("registered_at", DateTime(timezone=True)),
    Column("state", Text),
    Column("version", BigInteger),
    Column("holder_unit", Text),
    Column("holder_region", Text),
    Column("route", SmallInteger),  # Art 31 (1)-(6), of an appeal
    Column("stage", Text),
    Column("repeat_of", Uuid),
    Column("handed_over_at", DateTime(timezone=True)),  # this and the following: the first time each step was done
    Column("received_at", DateTime(timezone=True)),
    Column("accepted_at", DateTime(timezone=True)),
    Column("declined_at", DateTime(timezone=True)),
    Column("opinion_returned_at", DateTime(timezone=True)),
    Column("opinion_approved_at", DateTime(timezone=True)),
    Column("served_at", DateTime(timezone=True)),
    Column("closed_at", DateTime(timezone=True)),
    # scopes are asked for one petition at a time here, so they need no side table
    Column("regions", ARRAY(Text)),
    Column("accused_units", ARRAY(Text)),
    Column("readers", ARRAY(Text)),  # who alone may read it (保密), and it is counted all the same; null: all in scope
    # what is not counted for a unit that is accused, or below one
    Index(
        "ix_facts_accused",
        "accused_units",
        postgresql_using="gin",
        postgresql_where=text("cardinality(accused_units) > 0"),
    ),
)
# how many petitions of a region and all below have this value in this dimension; the sum over the slots counts.
# a batch writes into a slot of its own, so that batches never wait for each other on the rows of the top regions
rollups = Table(
    "rollups",
    metadata,
    Column("region", Text, nullable=False),
    Column("dimension", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("parent", Text),
    Column("petitions", BigInteger, nullable=False),
    PrimaryKeyConstraint("region", "dimension", "value", "slot"),
    Index("ix_rollups_parent", "parent"),
    postgresql_with={"fillfactor": 70},
)
# what was answered to spot-check call-backs, once a petition; made from the log
callbacks = Table(
    "callbacks",
    metadata,
    Column("petition_id", Uuid, primary_key=True),
    Column("unit", Text, nullable=False),  # whose opinion it was
    Column("region", Text, nullable=False),  # of the unit
    Column("answer", Text),  # null: none in time
    Column("at", DateTime(timezone=True), nullable=False),
    Index("ix_callbacks_region", "region", "at", postgresql_ops={"region": "text_pattern_ops"}),
)
# the newest event counted from each node
freshness = Table(
    "freshness",
    metadata,
    Column("node", Text, nullable=False),
    Column("slot", SmallInteger, nullable=False),
    Column("event_at", DateTime(timezone=True), nullable=False),
    Column("counted_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("node", "slot"),
    postgresql_with={"fillfactor": 70},
)
