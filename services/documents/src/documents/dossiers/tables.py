"""Dossiers that were asked for and made, and the steps of a case that belong into one."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)

from documents.storage.tables import objects
from documents.tables import metadata

dossiers = Table(
    "dossiers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("petition_id", Uuid, ForeignKey("petitions.id"), nullable=False, index=True),
    Column("unit", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("purpose", LargeBinary, nullable=False),  # encrypted
    Column("done", Integer, nullable=False, server_default="0"),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", DateTime(timezone=True), nullable=False),  # of the next try; while it is made, that of another's
    Column("reason", Text),  # a slug: why the last try failed
    Column("object", Text, ForeignKey(objects.c.name), index=True),
    Column("sha256", Text),
    Column("bytes", BigInteger),
    # where the bound PDF begins in it: given out alone to who wants no archive
    Column("bound_from", BigInteger),
    Column("bound_bytes", BigInteger),
    Column("bound_sha256", Text),
    Column("made_at", DateTime(timezone=True)),
    CheckConstraint(
        "(made_at IS NULL) = (object IS NULL) AND (made_at IS NULL) = (sha256 IS NULL)"
        " AND (made_at IS NULL) = (bytes IS NULL)",
        name="made",
    ),
    Index("ix_dossiers_due_at", "due_at", postgresql_where=text("made_at IS NULL")),
)
# what routing told of the case, version by version
steps = Table(
    "steps",
    metadata,
    Column("petition_id", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("petition_id", "version"),
)
