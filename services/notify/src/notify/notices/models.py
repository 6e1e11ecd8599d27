"""Shapes of requests and answers about mass notices."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from contracts.regions import path_of
from kit.texts import Code, Line
from notify.notices.domain import State

Language = Literal["zh", "en"]
Days = dict[Annotated[str, Field(pattern=r"^(date|until)$")], date]


class ChosenIn(BaseModel):
    """Filters of the ledger; all that are given count. region: 12 digits; the days count in China, both inclusive."""

    model_config = ConfigDict(extra="forbid")

    region: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    channel: Code | None = None
    kind: Code | None = None
    category: Annotated[Line, Field(max_length=120)] | None = None
    state: Code | None = None
    unit: Code | None = None
    registered_from: date | None = None
    registered_to: date | None = None

    @property
    def path(self) -> str | None:
        """Raises ValueError for what is no region code."""
        return None if self.region is None else path_of(self.region)


class NoticeIn(BaseModel):
    """given: the days that the text names, each as an ISO date."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[Line, Field(max_length=100, description="for the office alone; it is not sent")]
    template: Code
    language: Language = "zh"
    given: Days = Field(default={}, max_length=2)
    chosen: ChosenIn = ChosenIn()


class ChangeIn(NoticeIn):
    version: Annotated[int, Field(ge=1)]


class VersionIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1)]


class DecisionIn(VersionIn):
    decision: Literal["approve", "return"]
    reason: Annotated[Line, Field(max_length=200)] | None = None


class ControlIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    action: Literal["pause", "resume", "stop"]


class ProgressOut(BaseModel):
    """Of all recipients. waiting: no message is made yet; left_out: they want none; gone: they need nothing more of
    us; messages: by state.
    """

    recipients: int
    waiting: int
    left_out: int
    gone: int
    messages: dict[str, int]


class GatheringOut(BaseModel):
    """matched: petitions that the ledger has named so far; reachable: those with a telephone number here."""

    complete: bool
    pages: int
    matched: int
    reachable: int
    recipients: int


class NoticeRow(BaseModel):
    id: UUID
    title: str
    template: str
    language: str
    state: State
    version: int
    author: str
    created_at: datetime
    state_at: datetime
    recipients: int


class NoticeOut(NoticeRow):
    """may: what the caller may do now."""

    text: str
    given: dict[str, str]
    chosen: dict[str, str]
    gathering: GatheringOut
    progress: ProgressOut
    submitted_by: str | None
    decided_by: str | None
    reason: str | None
    started_at: datetime | None
    ended_at: datetime | None
    may: list[str]


class SampleOut(BaseModel):
    """What many recipients get, but for the number, and as how many short messages."""

    stage: str
    text: str
    parts: int
    units: int
    recipients: int


class CostOut(BaseModel):
    """Where everything went by this gateway; share: of those that are weighted, by percent; up: null, nobody knows."""

    gateway: str
    up: bool | None
    cost_a_part: Decimal
    cost: Decimal
    share: float


class DryRunOut(BaseModel):
    """What would be sent now. without_phone: petitions whose petitioner has no number here, or that may not be read any
    more; same_phone: of a telephone that gets the notice for another petition; opted_out: who wants no messages.
    """

    matched: int
    without_phone: int
    same_phone: int
    recipients: int
    opted_out: int
    to_send: int
    parts: int
    samples: list[SampleOut] = Field(max_length=100)
    costs: list[CostOut]


class ResultOut(BaseModel):
    """phone: masked; state: of the message, waiting, or why there is none."""

    petition_id: UUID
    number: str
    stage: str
    phone: str
    state: str
    gateway: str | None
    parts: int | None
    reason: str | None
    sent_at: datetime | None
    at: datetime | None
