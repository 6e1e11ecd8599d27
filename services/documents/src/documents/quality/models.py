"""Shapes of requests and answers about case quality review."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from documents.quality.domain import MOST_CASES, MOST_UNITS, Answer, Grade, Severity
from kit.texts import Code, Line, Prose

Text = Annotated[Prose, Field(max_length=2000)]
Version = Annotated[int, Field(ge=1, le=1_000_000)]
ItemName = Annotated[str, Field(pattern=r"^[a-z][a-z-]{1,49}$")]
Units = Annotated[list[Code], Field(max_length=MOST_UNITS)]


class ItemOut(BaseModel):
    """An item of a checklist. severity: of a failure, as proposed."""

    item: str
    group: str
    zh: str
    en: str
    article: str
    weight: int
    severity: Severity
    answers: list[Answer]


class GroupOut(BaseModel):
    group: str
    zh: str
    en: str


class ChecklistOut(BaseModel):
    """A checklist (评查标准). checklist: its key, name/version; digest: SHA-256 of its file."""

    checklist: str
    zh: str
    en: str
    basis: str
    digest: str
    groups: list[GroupOut]
    items: list[ItemOut]


class RoundIn(BaseModel):
    """size: cases of each unit, or percent of them; units, reviewers: codes, by default all here and the own unit."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[Line, Field(max_length=100)]
    checklist: str = Field(max_length=80, pattern=r"^[a-z][a-z0-9-]*/[1-9][0-9]{0,3}$")
    begins: date = Field(description="first day, in China, on which cases ended")
    ends: date = Field(description="last day")
    units: Units = []
    reviewers: Annotated[list[Code], Field(max_length=20)] = []
    size: int | None = Field(default=None, ge=1, le=MOST_CASES)
    percent: int | None = Field(default=None, ge=1, le=100)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.size is None) == (self.percent is None):
            raise ValueError("size or percent, one of them (件数和比例填一项)")
        if self.begins > self.ends:
            raise ValueError("the period ends before it begins (期间的起止颠倒)")
        return self


class RoundOut(BaseModel):
    """A round (专项评查). population: cases it was drawn from; seed: with which anybody can draw them again."""

    round_id: UUID
    title: str
    unit: str
    checklist: str
    digest: str
    begins: date
    ends: date
    units: list[str]
    reviewers: list[str]
    size: int | None
    percent: int | None
    seed: str
    population: int
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None


class CountsOut(BaseModel):
    """Of the cases that the caller may read. applied: answers that say pass or fail; rectifying: findings under an
    order that is not settled.
    """

    cases: int
    concluded: int
    grades: dict[str, int]
    applied: int
    findings: int
    severities: dict[str, int]
    rectified: int
    rectifying: int


class UnitCounts(CountsOut):
    unit: str


class ItemCounts(CountsOut):
    item: str


class FiguresOut(BaseModel):
    """units: in the order of their codes; none is ranked."""

    total: CountsOut
    units: list[UnitCounts]
    items: list[ItemCounts]


class ReportOut(BaseModel):
    """kind: of the template (专项评查报告); sections: as its schema has them."""

    kind: str
    sections: dict[str, Any]


class CaseRow(BaseModel):
    """A case of a round. unit: that ended it; reviewer: the unit that reviews it; may_review: whether the caller does;
    answered, findings: items.
    """

    petition_id: UUID
    number: str | None
    position: int
    unit: str
    reviewer: str
    may_review: bool
    ended_on: date
    version: int
    state: Literal["open", "rectifying", "rectified", "concluded"]
    answered: int
    findings: int
    grade: Grade | None
    points: int | None
    weight: int | None
    rectification: str | None
    due_on: date | None
    paper_id: UUID | None


class RecordOut(BaseModel):
    """What the record of the case says by itself; answer: None where it decides nothing."""

    answer: Answer | None
    zh: str
    en: str


class Reviewed(ItemOut):
    """An item with what the record says (by record), and what a reviewer found; record: what it said then."""

    by_record: RecordOut
    answer: Answer | None = None
    found: Severity | None = Field(default=None, description="severity of a failure, as the reviewer weighed it")
    note: str = ""
    record: Answer | None = None


class RectificationStep(BaseModel):
    """step: order, answer, return, accept."""

    step: str
    text: str
    unit: str
    by: str
    at: datetime


class RectificationRow(BaseModel):
    rectification_id: UUID
    round_id: UUID
    title: str
    petition_id: UUID
    number: str | None
    unit: str
    reviewer: str
    due_on: date
    state: Literal["ordered", "answered", "returned", "accepted"]
    version: int


class Finding(BaseModel):
    """What is to be put right."""

    item: str
    zh: str
    en: str
    article: str
    severity: Severity
    note: str


class RectificationOut(RectificationRow):
    """may_answer, may_decide: whether the caller does next."""

    findings: list[Finding]
    steps: list[RectificationStep]
    may_answer: bool
    may_decide: bool


class CaseOut(CaseRow):
    """A case under review: its checklist, group by group."""

    title: str
    checklist: str
    groups: list[GroupOut]
    items: list[Reviewed]
    unanswered: list[str]
    conclusion: str
    may_decide: bool
    rectification_id: UUID | None


class AnswerIn(BaseModel):
    """severity and note belong to a failure; a note also to who contradicts the record."""

    model_config = ConfigDict(extra="forbid")

    item: ItemName
    answer: Answer
    severity: Severity | None = None
    note: Annotated[Prose, Field(max_length=600)] | None = None


class AnswersIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Version
    answers: list[AnswerIn] = Field(min_length=1, max_length=80)


class OrderIn(BaseModel):
    """items: findings to be put right; none named: all."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    due_on: date
    demand: Text
    items: list[ItemName] = Field(default=[], max_length=80)


class ConclusionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Version
    grade: Grade
    text: Text


class StepIn(BaseModel):
    """version: of the rectification."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    text: Text


class DecisionIn(StepIn):
    accepted: bool
