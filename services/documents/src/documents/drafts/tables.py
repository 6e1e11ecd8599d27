"""Drafts of papers, every version that was saved, and what is known of a case that its papers begin with.

Rows of draft_versions are never changed or deleted: triggers refuse it, for the table's owner too.
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
    Uuid,
)

from documents.papers.tables import papers
from documents.tables import metadata

drafts = Table(
    "drafts",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("petition_id", Uuid, ForeignKey("petitions.id"), nullable=False),
    Column("template", Text, nullable=False),  # kind/version: a draft ends with the one it began with
    Column("unit", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("begun_by", Text, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    Column("paper_id", Uuid, ForeignKey(papers.c.id), unique=True),  # as which it was filed
    Index("ix_drafts_petition", "petition_id", "unit", "id"),
)
draft_versions = Table(
    "draft_versions",
    metadata,
    Column("draft_id", Uuid, ForeignKey("drafts.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),  # encrypted: the sections as JSON
    Column("source", Text, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("draft_id", "version"),
    CheckConstraint("source IN ('form', 'docx')", name="source"),
)
# two aggregates speak of it, each with its own sequence; a case may be heard of before its petition
case_facts = Table(
    "case_facts",
    metadata,
    Column("petition_id", Uuid, primary_key=True),
    Column("registered_sequence", BigInteger, nullable=False, server_default="0"),
    Column("petition_number", Text),
    Column("received_on", Date),
    Column("case_sequence", BigInteger, nullable=False, server_default="0"),
    Column("accepted_on", Date),
    Column("due_on", Date),
)
