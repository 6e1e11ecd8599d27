"""Tables of files on their way in: what has arrived of each, in parts that lie sealed on this machine's disk."""

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, LargeBinary, Table, Text, Uuid

from documents.tables import metadata

uploads = Table(
    "uploads",
    metadata,
    Column("id", Uuid, primary_key=True),  # of the file it is to become
    Column("petition_id", Uuid, ForeignKey("petitions.id"), nullable=False),
    Column("unit", Text, nullable=False, index=True),
    Column("length", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False, server_default="0"),  # bytes that have arrived
    Column("metadata", LargeBinary, nullable=False),  # encrypted: it names the file
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False, index=True),
    CheckConstraint("position >= 0 AND position < length", name="position"),
)
upload_parts = Table(
    "upload_parts",
    metadata,
    Column("upload_id", Uuid, ForeignKey("uploads.id", ondelete="CASCADE"), primary_key=True),
    Column("start", BigInteger, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("spool", Text, nullable=False, unique=True),  # name of the file on disk
)
