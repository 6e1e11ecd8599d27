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
    return tables
