"""Numbers, seals, papers that wait for theirs, and the register of those that have it (用印登记).

Rows of numbers, seals and sealed papers are never changed or deleted: triggers refuse it, for the tables' owner too.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from documents.storage.tables import objects
from documents.tables import metadata

# a row for each series, locked by whoever takes its next number
number_series = Table(
    "number_series",
    metadata,
    Column("unit", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("year", Integer, nullable=False),
    PrimaryKeyConstraint("unit", "series", "year"),
)
# which paper has which number: taken once, also when sealing has to be tried again
numbers = Table(
    "numbers",
    metadata,
    Column("paper_id", Uuid, ForeignKey("papers.id"), primary_key=True),
    Column("unit", Text, nullable=False),
    Column("series", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("text", Text, nullable=False, unique=True),
    Column("issued_on", Date, nullable=False),
    Column("taken_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("unit", "series", "year", "number"),
    CheckConstraint("number > 0", name="number"),
    Index("ix_numbers_unit", "unit", "taken_at", "paper_id"),
)
# the seals of units; of one unit the highest version counts, until it is retired
seals = Table(
    "seals",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),  # of the unit, as the seal shows it
    Column("word", Text, nullable=False),  # 机关代字: numbers of the unit begin with it
    Column("image", LargeBinary, nullable=False),  # PNG
    Column("certificate", LargeBinary, nullable=False),  # PEM
    Column("key", Text, nullable=False),  # "file", or "pkcs11:<label>"; the key itself is never here
    Column("valid_until", DateTime(timezone=True), nullable=False),
    Column("registered_by", Text, nullable=False),
    Column("registered_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("unit", "version"),
)
retired_seals = Table(
    "retired_seals",
    metadata,
    Column("seal_id", Uuid, ForeignKey("seals.id"), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("retired_by", Text, nullable=False),
    Column("retired_at", DateTime(timezone=True), nullable=False),
)
# papers to be sealed; a row goes when its paper is. Either a leader asked, by account, or the approval chain, which a
# version of the case tells of
seal_jobs = Table(
    "seal_jobs",
    metadata,
    Column("paper_id", Uuid, ForeignKey("papers.id"), primary_key=True),
    Column("petition_id", Uuid, ForeignKey("petitions.id"), nullable=False),
    Column("unit", Text, nullable=False),
    Column("case_version", BigInteger),
    Column("asked_by", Text),
    Column("asked_at", DateTime(timezone=True), nullable=False),
    Column("supersedes", Uuid, ForeignKey("papers.id"), unique=True),
    Column("correction", LargeBinary),  # encrypted: why it supersedes
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("reason", Text),  # a slug: why the last try failed
    Index("ix_seal_jobs_due_at", "due_at"),
)
sealed_papers = Table(
    "sealed_papers",
    metadata,
    Column("paper_id", Uuid, ForeignKey("numbers.paper_id"), primary_key=True),
    Column("petition_id", Uuid, ForeignKey("petitions.id"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("code", Text, nullable=False, unique=True),  # that of the public verification page
    Column("sha256", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("object", Text, ForeignKey(objects.c.name), nullable=False, index=True),
    Column("seal_id", Uuid, ForeignKey("seals.id"), nullable=False),
    Column("case_version", BigInteger),
    Column("asked_by", Text),
    Column("supersedes", Uuid, ForeignKey("sealed_papers.paper_id"), unique=True),
    Column("correction", LargeBinary),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("petition_id", "version"),
    CheckConstraint("(supersedes IS NULL) = (correction IS NULL)", name="correction"),
    Index("ix_sealed_papers_unit", "unit", "sealed_at", "paper_id"),
)
