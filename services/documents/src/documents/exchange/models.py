"""Shapes of requests and answers about dispatches."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from documents.exchange.domain import MOST_ITEMS, MOST_RECIPIENTS, Kind, Mark, State, Urgency
from documents.papers.models import Sections
from kit.texts import Code, Line, Prose

Title = Annotated[Line, Field(max_length=200)]
Units = Annotated[list[Code], Field(max_length=MOST_RECIPIENTS)]
Ids = Annotated[list[UUID], Field(max_length=MOST_ITEMS)]


class BeginIn(BaseModel):
    """A dispatch to be written; its files and papers are put under petitions/{dispatch_id} as those of a petition."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = "paper"
    title: Title
    petition_id: UUID | None = Field(default=None, description="the petition it is about")
    answers: UUID | None = Field(default=None, description="the dispatch that it answers (复文)")
    source: UUID | None = Field(default=None, description="the bulletin that this one is made from")


class LetterIn(BaseModel):
    """The text of a dispatch, by the newest template of an official letter, or of a bulletin."""

    model_config = ConfigDict(extra="forbid")

    sections: Sections


class EncloseIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    of: UUID = Field(description="the petition it is about, or a dispatch that was signed for")
    files: Ids = []
    sealed_papers: Ids = Field(default=[], description="by the ids of the papers")


class SendIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    recipients: Units = Field(default=[], description="units; none of a bulletin: it goes to the office above")
    body: UUID | None = Field(description="the file or paper of it that is the text")
    attachments: Ids | None = Field(default=None, description="files of it that go along; by default all")
    urgency: Urgency = "ordinary"
    answer_by: AwareDatetime | None = None


class ReturnIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Prose, Field(max_length=500)]


class UnitsIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    units: Units = Field(default=[], description="none: all who have not signed for it")


class AdoptIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mark: Mark
    note: Annotated[Prose, Field(max_length=500)] | None = None


class UnitOut(BaseModel):
    code: str
    name: str


class ItemOut(BaseModel):
    """path: where it is read; pending: it waits for its seal."""

    item_id: UUID
    kind: Literal["file", "paper", "sealed-paper"]
    what: str = Field(description="media type of a file, kind of a paper")
    name: str | None
    bytes: int | None
    here: bool
    pending: bool = False
    paper_id: UUID | None = Field(default=None, description="of a paper, sealed or not")
    path: str


class CopyOut(BaseModel):
    """How it stands with one unit. recall: asked (the answer is still on its way), lost (it was signed for before)."""

    unit: str
    unit_name: str
    state: State
    arrived_at: datetime | None
    signed_at: datetime | None
    signed_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    reason: str | None
    recall: Literal["asked", "lost"] | None = None
    urged: int
    urged_at: datetime | None
    answered_at: datetime | None
    overdue: bool
    adoption: Mark | None
    adopted_at: datetime | None
    note: str | None


class Told(BaseModel):
    """What all lists tell of a dispatch. title: none of one that was recalled."""

    dispatch_id: UUID
    kind: Kind
    title: str | None
    unit: str
    unit_name: str
    urgency: Urgency
    answer_by: datetime | None
    sent_at: datetime | None


class SentRow(Told):
    """sent_at: none of a draft; the numbers are of copies."""

    petition_id: UUID | None
    recipients: int
    unread: int
    ended: int = Field(description="returned or recalled")
    answered: int


class ReceivedRow(Told):
    state: State
    arrived_at: datetime
    urged: int
    answered_at: datetime | None
    overdue: bool
    adoption: Mark | None


class UnreadRow(Told):
    units: list[UnitOut]
    urged: int


class DispatchOut(Told):
    """items: the body first; null where the unit has not signed for it. copies: for the sender; copy: of one's own."""

    petition_id: UUID | None
    made_by: str
    made_at: datetime
    sent_by: str | None
    recipients: list[UnitOut]
    body: UUID | None
    items: list[ItemOut] | None
    answers: UUID | None
    source: UUID | None
    source_unit: UnitOut | None
    own: bool
    copies: list[CopyOut]
    copy_: CopyOut | None = Field(serialization_alias="copy")


class CountRow(BaseModel):
    """Bulletins between two units: adopted counts all three ways of it."""

    unit: UnitOut
    to_unit: UnitOut
    own: bool
    sent: int
    adopted: int
    by_instruction: int
    merged: int
    not_adopted: int


class Counts(BaseModel):
    """since, until: days in China, both included, by when they were sent."""

    since: date
    until: date
    rows: list[CountRow]
