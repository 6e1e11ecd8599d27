"""The table of papers. Its rows are never changed or deleted: triggers refuse it, for the table's owner too."""

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, LargeBinary, Table, Text, UniqueConstraint, Uuid

from documents.tables import metadata

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
    Column("template", Text),  # kind/version; none: the first version of the paper's own kind
    UniqueConstraint("petition_id", "version"),
)
