"""The tables of notify."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
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

# every telephone number once: of petitioners, and of whoever has texted. key: its blind index
phones = Table(
    "phones",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("number", LargeBinary, nullable=False),  # encrypted
    Column("opted_out_at", DateTime(timezone=True)),
    Column("blocked_until", DateTime(timezone=True)),
    Column("blocked_for", Text),  # a code
)
# petitions registered here. The contact comes by letter, the case by events, either may be first: both write this
# row before anything else, so whichever comes second sees what the first one left
petitions = Table(
    "petitions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", Text, nullable=False),
    Column("region", Text),
    Column("phone", LargeBinary),  # encrypted; for processes of the release before there were `phones`
    Column("phone_key", LargeBinary, ForeignKey("phones.key"), index=True),  # null until the contact has come
    Column("case_version", BigInteger, nullable=False, server_default=text("0")),
    Column("accused_units", ARRAY(Text)),  # null until the case is known: till then nobody may read
    Column("readers", ARRAY(Text)),  # who alone may read it (保密); null: everybody in scope
    # how far its case is, for who asks by text; null: only registered
    Column("state", Text),
    Column("stage", Text),
    Column("state_at", DateTime(timezone=True)),
    Column("merged_into", Uuid),
    Index("ix_petitions_unmoved", "id", postgresql_where=text("phone IS NOT NULL AND phone_key IS NULL")),
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
