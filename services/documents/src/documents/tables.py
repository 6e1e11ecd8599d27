"""The tables of documents. Rows of files and papers are never changed or deleted: the migration's triggers refuse it,
for the owner of the tables too.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from kit import tables as kit_tables

metadata = kit_tables.metadata()


def _units(name: str) -> Column[Any]:
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'::text[]"))


# what documents must know of a petition; two aggregates speak of it, each with its own sequence
petitions = Table(
    "petitions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("registered_sequence", BigInteger, nullable=False, server_default="0"),
    _units("registered_accused"),
    Column("case_sequence", BigInteger, nullable=False, server_default="0"),
    _units("case_accused"),
    # counts the files and papers stored here: the sequence of the events that tell of them
    Column("version", BigInteger, nullable=False, server_default="0"),
)
petition_scopes = Table(
    "petition_scopes",
    metadata,
    Column("scope", Text, nullable=False),
    Column("petition_id", Uuid, nullable=False),
    PrimaryKeyConstraint("scope", "petition_id"),
)
files = Table(
    "files",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("petition_id", Uuid, ForeignKey("petitions.id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("name", LargeBinary),  # encrypted: it may hold a person's name
    Column("media_type", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("stored_by", Text, nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("petition_id", "version"),
    CheckConstraint("bytes > 0", name="not_empty"),
)
papers = Table(
    "papers",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("petition_id", Uuid, ForeignKey("petitions.id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),  # encrypted
    Column("sha256", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("written_by", Text, nullable=False),
    Column("written_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("petition_id", "version"),
)
