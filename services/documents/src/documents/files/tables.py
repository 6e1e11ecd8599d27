"""The table of files. Its rows are never changed or deleted: triggers refuse it, for the table's owner too."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

import documents.storage.tables  # noqa: F401 - the table of objects
from documents.tables import metadata

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
    Column("object", Text, ForeignKey("objects.name"), nullable=False, index=True),
    Column("unit", Text, nullable=False),
    Column("stored_by", Text, nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("petition_id", "version"),
    CheckConstraint("bytes > 0", name="not_empty"),
)
