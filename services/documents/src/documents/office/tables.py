"""Drafts of a unit's own papers that were sent to be approved, and what was decided.

Rows are never changed or deleted, and nobody decides on what they wrote: triggers refuse it, for the tables' owner too.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

import documents.drafts.tables
import documents.seals.tables  # noqa: F401 - the tables referred to
from documents.tables import metadata

submissions = Table(
    "office_submissions",
    metadata,
    Column("draft_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("supersedes", Uuid, ForeignKey("sealed_papers.paper_id")),
    Column("correction", LargeBinary),  # encrypted: why it supersedes
    Column("sent_by", Text, nullable=False),
    Column("sent_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("draft_id", "version"),
    ForeignKeyConstraint(["draft_id", "version"], ["draft_versions.draft_id", "draft_versions.version"]),
    CheckConstraint("(supersedes IS NULL) = (correction IS NULL)", name="correction"),
)
decisions = Table(
    "office_decisions",
    metadata,
    Column("draft_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("decision", Text, nullable=False),
    Column("reason", LargeBinary),  # encrypted: why it was returned
    Column("paper_id", Uuid, ForeignKey("papers.id"), unique=True),  # as which it was filed
    Column("decided_by", Text, nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("draft_id", "version"),
    ForeignKeyConstraint(["draft_id", "version"], ["office_submissions.draft_id", "office_submissions.version"]),
    CheckConstraint("decision IN ('approve', 'return')", name="decision"),
    CheckConstraint(
        "(decision = 'approve') = (paper_id IS NOT NULL) AND (decision = 'return') = (reason IS NOT NULL)",
        name="whole",
    ),
)
