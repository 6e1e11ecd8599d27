"""The tables of requests between units and of proposals of supervision."""

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
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from routing.tables import metadata

# cancel_asked: the round whose cancellation this node has asked for, while another node decides
requests = Table(
    "requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False, index=True),
    Column("version", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("from_unit", Text, nullable=False),
    Column("to_unit", Text, nullable=False),
    Column("due_at", DateTime(timezone=True)),
    Column("accused_units", ARRAY(Text), nullable=False, server_default=text("'{}'::text[]")),
    Column("readers", ARRAY(Text)),  # of the case as it was when this was sent; null: everybody in scope
    Column("body", JSONB, nullable=False),
    Column("cancel_asked", Integer),
    Index("ix_requests_from_unit_id", "from_unit", "id"),
    Index("ix_requests_to_unit_id", "to_unit", "id"),
)
request_scopes = Table(
    "request_scopes",
    metadata,
    Column("scope", Text, nullable=False),
    Column("request_id", Uuid, nullable=False),
    PrimaryKeyConstraint("scope", "request_id"),
)
request_steps = Table(
    "request_steps",
    metadata,
    Column("request_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("actor", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("reason", Text),
    Column("text", LargeBinary),
    PrimaryKeyConstraint("request_id", "version"),
)
# cancellations that came before the round they are about
request_cancellations = Table(
    "request_cancellations",
    metadata,
    Column("request_id", Uuid, nullable=False),
    Column("round", Integer, nullable=False),
    Column("node", Text, nullable=False),
    PrimaryKeyConstraint("request_id", "round", "node"),
)
# what Art 40 gives cause to supervise, decided by a person; while nobody has, once for each clock of each holder.
# clock: which one is overdue, else empty
proposals = Table(
    "proposals",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("case_id", Uuid, nullable=False, index=True),
    Column("trigger", Text, nullable=False),
    Column("clock", Text, nullable=False, server_default=text("''")),
    Column("number", Text, nullable=False),
    Column("holder_unit", Text, nullable=False),
    Column("holder_region", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("proposed_by", Text),
    Column("decision", Text),
    Column("decided_by", Text),
    Column("decided_unit", Text),
    Column("decided_at", DateTime(timezone=True)),
    Column("request_id", Uuid),
    Column("reason", LargeBinary),
    Index(
        "uq_proposals_undecided",
        "case_id",
        "trigger",
        "clock",
        "holder_unit",
        unique=True,
        postgresql_where=text("decision IS NULL"),
    ),
)
proposal_scopes = Table(
    "proposal_scopes",
    metadata,
    Column("scope", Text, nullable=False),
    Column("proposal_id", Uuid, nullable=False),
    PrimaryKeyConstraint("scope", "proposal_id"),
)
