"""The tables mechanism needs in every service's database, joined to its metadata by one call."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
    text,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def moment(name: str, **options: Any) -> Column[Any]:
    """A timestamp with time zone that the database fills in."""
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now(), **options)


def metadata() -> MetaData:
    """Metadata of one service, mechanism tables included."""
    tables = MetaData(naming_convention=NAMING)
    Table(
        "outbox",
        tables,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("exchange", Text, nullable=False),
        Column("routing_key", Text, nullable=False),
        Column("message_id", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("traceparent", Text, nullable=False, server_default=""),
        moment("created_at"),
        Column("parked_reason", Text),
        Index("ix_outbox_parked", "id", postgresql_where=text("parked_reason IS NOT NULL")),
    )
    Table(
        "inbox",
        tables,
        Column("consumer", Text, nullable=False),
        Column("message_id", Text, nullable=False),
        moment("received_at", index=True),
        PrimaryKeyConstraint("consumer", "message_id"),
    )
    Table(
        "idempotency",
        tables,
        Column("key", Text, primary_key=True),
        Column("request_hash", LargeBinary, nullable=False),
        Column("status", Integer, nullable=False),
        Column("body", LargeBinary, nullable=False),
        moment("created_at", index=True),
    )
    _audit(tables)
    return tables


def _audit(tables: MetaData) -> None:
    """What was done, by whom, in a chain: see kit.audit. Entries, links and heads are never changed or deleted."""
    Table(
        "audit",
        tables,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("at", DateTime(timezone=True), nullable=False),
        Column("actor", Text),
        Column("unit", Text),
        Column("subject", Uuid, nullable=False),
        Column("action", Text, nullable=False),
        Column("reason", Text),
        Column("before", BigInteger),
        Column("after", BigInteger),
        Column("detail", Text),  # JSON text: it is hashed as it stands
        Index("ix_audit_subject", "subject", "id"),
    )
    Table("audit_unchained", tables, Column("id", BigInteger, primary_key=True, autoincrement=False))
    Table(
        "audit_links",
        tables,
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("entry", BigInteger, nullable=False, unique=True),
        Column("previous", LargeBinary, nullable=False),
        Column("hash", LargeBinary, nullable=False),
    )
    Table(
        "audit_heads",
        tables,
        Column("position", BigInteger, primary_key=True, autoincrement=False),
        Column("hash", LargeBinary, nullable=False),
        Column("at", DateTime(timezone=True), nullable=False),
    )
