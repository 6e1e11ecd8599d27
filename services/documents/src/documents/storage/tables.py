"""The table of objects: what stands in the store, and how it is. One row for each content, whoever keeps it.

A table with a column that names an object refers to this one, so that nothing is kept that is never looked after.
"""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, DateTime, Index, Table, Text, text

from documents.tables import metadata

objects = Table(
    "objects",
    metadata,
    Column("name", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("sm3", Text),
    Column("bytes", BigInteger, nullable=False),
    # a password is needed to open what was handed in
    Column("encrypted", Boolean, nullable=False, server_default=text("false")),
    Column("kept_at", DateTime(timezone=True), nullable=False),
    Column("key_id", Text),  # sealed under; null: kept before this was noted
    Column("locked_until", DateTime(timezone=True)),  # nobody removes or replaces it before
    Column("scan", Text, nullable=False, server_default="unscanned"),
    Column("threat", Text),
    Column("scanned_at", DateTime(timezone=True)),
    Column("scan_after", DateTime(timezone=True), nullable=False),
    Column("fault", Text),
    Column("fault_since", DateTime(timezone=True)),
    Column("verified_at", DateTime(timezone=True)),
    Column("verify_after", DateTime(timezone=True), nullable=False),
    CheckConstraint("scan IN ('unscanned', 'clean', 'infected')", name="scan"),
    CheckConstraint("fault IN ('missing', 'altered')", name="fault"),
    Index("ix_objects_unscanned", "scan_after", postgresql_where=text("scan = 'unscanned'")),
    Index("ix_objects_verify_after", "verify_after"),
    Index("ix_objects_faulty", "name", postgresql_where=text("fault IS NOT NULL")),
)
