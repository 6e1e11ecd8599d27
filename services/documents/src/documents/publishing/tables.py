"""Publications (信息公开) from the first draft to what is public.

Versions, explanations, decisions, what was published and what was withdrawn are never changed or deleted, and nothing
gets into `published` that too few people have approved: triggers refuse it, for the tables' owner too.
"""

from sqlalchemy import (
    Boolean,
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
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

import documents.seals.tables  # noqa: F401 - the tables referred to
from documents.tables import metadata

KINDS = "'answers', 'rules', 'statistics-report', 'annual-report', 'case-example'"

publications = Table(
    "publications",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("folder_id", Uuid, ForeignKey("petitions.id"), nullable=False),  # of the unit: who may read it
    Column("unit", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("petition_id", Uuid, ForeignKey("petitions.id")),  # the case an example was made from
    Column("paper_id", Uuid, ForeignKey("sealed_papers.paper_id")),  # an office paper that is published with it
    Column("supersedes", Uuid, ForeignKey("publications.id")),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("round", Integer, nullable=False),  # counts the submissions
    Column("step", Text),  # whose turn it is
    Column("sensitive", Boolean, nullable=False),
    Column("topics", ARRAY(Text), nullable=False),
    Column("begun_by", Text, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    CheckConstraint(f"kind IN ({KINDS})", name="kind"),
    CheckConstraint("state IN ('draft', 'review', 'published')", name="state"),
    CheckConstraint("(state = 'review') = (step IS NOT NULL)", name="turn"),
    CheckConstraint("(kind = 'case-example') = (petition_id IS NOT NULL)", name="example_of_a_case"),
    Index("ix_publications_folder", "folder_id", "id"),
    Index("ix_publications_review", "id", postgresql_where=text("state = 'review'")),
)
versions = Table(
    "publication_versions",
    metadata,
    Column("publication_id", Uuid, ForeignKey("publications.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),  # encrypted: it may still name people
    Column("saved_by", Text, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("publication_id", "version"),
)
# why something that the check finds may stand; mark: a keyed digest of it
explanations = Table(
    "publication_explanations",
    metadata,
    Column("publication_id", Uuid, ForeignKey("publications.id"), nullable=False),
    Column("mark", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("reason", LargeBinary, nullable=False),  # encrypted
    Column("explained_by", Text, nullable=False),
    Column("explained_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("publication_id", "mark"),
)
decisions = Table(
    "publication_decisions",
    metadata,
    Column("publication_id", Uuid, ForeignKey("publications.id"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("reason", LargeBinary),  # encrypted: why it was returned
    Column("decided_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("publication_id", "round", "account"),
    UniqueConstraint("publication_id", "round", "step"),
    CheckConstraint("decision IN ('approve', 'return')", name="decision"),
    CheckConstraint("(decision = 'return') = (reason IS NOT NULL)", name="says_why"),
)
# public, so in clear
published = Table(
    "published",
    metadata,
    Column("publication_id", Uuid, ForeignKey("publications.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("round", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("correction", Text),  # what changed, where it supersedes another
    Column("paper_id", Uuid, ForeignKey("sealed_papers.paper_id")),
    Column("sha256", Text, nullable=False),
    Column("supersedes", Uuid, ForeignKey("published.publication_id"), unique=True),
    Column("published_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("(supersedes IS NULL) = (correction IS NULL)", name="correction"),
    Index("ix_published_at", "published_at", "publication_id"),
    Index("ix_published_kind", "kind", "published_at", "publication_id"),
)
withdrawals = Table(
    "withdrawals",
    metadata,
    Column("publication_id", Uuid, ForeignKey("published.publication_id"), primary_key=True),
    Column("reason", LargeBinary, nullable=False),  # encrypted
    Column("unit", Text, nullable=False),
    Column("withdrawn_by", Text, nullable=False),
    Column("withdrawn_at", DateTime(timezone=True), nullable=False),
)
