"""Rounds of quality review, the cases drawn into them, what was found, and what is to be put right (整改)."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
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

from documents.dossiers.tables import steps
from documents.papers.tables import papers
from documents.quality.domain import ENDINGS
from documents.tables import metadata, petitions

ENDED = f"steps.action IN ({', '.join(repr(action) for action in ENDINGS)})"
# by their ends cases are drawn; the condition is said in the same words where it is asked for
Index("ix_steps_ended", steps.c.unit, steps.c.at, postgresql_where=text(ENDED.replace("steps.", "")))
rounds = Table(
    "quality_rounds",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("unit", Text, nullable=False),  # that opened it
    Column("title", LargeBinary, nullable=False),  # encrypted
    Column("checklist", Text, nullable=False),
    Column("digest", Text, nullable=False),  # of the checklist's file, as it was then
    Column("begins", Date, nullable=False),
    Column("ends", Date, nullable=False),
    Column("units", ARRAY(Text), nullable=False),
    Column("reviewers", ARRAY(Text), nullable=False),  # units
    Column("size", Integer),
    Column("percent", Integer),
    Column("seed", Text, nullable=False),
    Column("population", Integer, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("closed_by", Text),
    Column("closed_at", DateTime(timezone=True)),
    CheckConstraint("(size IS NULL) <> (percent IS NULL)", name="drawn"),
    CheckConstraint("begins <= ends", name="period"),
)
cases = Table(
    "quality_cases",
    metadata,
    Column("round_id", Uuid, ForeignKey("quality_rounds.id"), nullable=False),
    Column("petition_id", Uuid, ForeignKey(petitions.c.id), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("unit", Text, nullable=False),  # that ended it, and answers for it
    Column("handled_by", ARRAY(Text), nullable=False),
    Column("reviewer", Text, nullable=False),  # unit
    Column("ended_on", Date, nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("state", Text, nullable=False, server_default="open"),
    Column("grade", Text),
    Column("conclusion", LargeBinary),  # encrypted
    Column("points", Integer),
    Column("weight", Integer),
    Column("paper_id", Uuid, ForeignKey(papers.c.id)),  # the report
    Column("concluded_by", Text),
    Column("concluded_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("round_id", "petition_id"),
    UniqueConstraint("round_id", "position"),
    CheckConstraint("NOT reviewer = ANY (handled_by)", name="four_eyes"),
    CheckConstraint("(state = 'concluded') = (paper_id IS NOT NULL)", name="concluded"),
)
answers = Table(
    "quality_answers",
    metadata,
    Column("round_id", Uuid, nullable=False),
    Column("petition_id", Uuid, nullable=False),
    Column("item", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("severity", Text),
    Column("note", LargeBinary),  # encrypted
    Column("record", Text),  # what the record said when it was answered
    Column("answered_by", Text, nullable=False),
    Column("answered_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("round_id", "petition_id", "item"),
    ForeignKeyConstraint(["round_id", "petition_id"], ["quality_cases.round_id", "quality_cases.petition_id"]),
    CheckConstraint("(answer = 'fail') = (severity IS NOT NULL)", name="severity"),
)
rectifications = Table(
    "rectifications",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("round_id", Uuid, nullable=False),
    Column("petition_id", Uuid, nullable=False),
    Column("unit", Text, nullable=False),  # that has to put it right
    Column("items", ARRAY(Text), nullable=False),
    Column("due_on", Date, nullable=False),
    Column("state", Text, nullable=False, server_default="ordered"),
    Column("version", Integer, nullable=False, server_default="1"),
    UniqueConstraint("round_id", "petition_id"),
    ForeignKeyConstraint(["round_id", "petition_id"], ["quality_cases.round_id", "quality_cases.petition_id"]),
    CheckConstraint("state IN ('ordered', 'answered', 'returned', 'accepted')", name="state"),
    Index("ix_rectifications_unit", "unit", "id"),
)
# what was demanded, answered and said to the answer, in order
rectification_steps = Table(
    "rectification_steps",
    metadata,
    Column("rectification_id", Uuid, ForeignKey("rectifications.id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("step", Text, nullable=False),
    Column("text", LargeBinary, nullable=False),  # encrypted
    Column("unit", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("rectification_id", "version"),
)
