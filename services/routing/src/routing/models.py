"""Shapes of routing's requests and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from kit.texts import Code

Note = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")
]
Kind = Literal["suggestion", "accusation", "appeal"]
Route = Annotated[int, Field(ge=1, le=6, description="how an appeal is handled, Art 31 (1) to (6)")]
Fields = Annotated[dict[str, JsonValue], Field(max_length=50, description="as the form of the procedure asks")]


class Decision(BaseModel):
    """Every action names the version it was decided on: the fence against acting on something old."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**62)
    note: Note = ""
    fields: Fields = {}


class ScreenIn(Decision):
    """What it is and by which way it goes; kind and accused units as far as they are known only now."""

    kind: Kind | None = Field(default=None, description="what it turns out to be, Art 29 to 31")
    route: Route | None = None
    accused_units: list[Code] = Field(
        default=[], max_length=50, description="found to be accused beside those known; nobody is taken off (Art 30)"
    )
    procedure: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,60}$")] | None = None


class TransferIn(Decision):
    to_unit: Code


class AssignIn(TransferIn):
    due_at: AwareDatetime


class ObjectIn(Decision):
    reason: Literal["not-ours", "incomplete", "duplicate", "other"]


class ExtendIn(Decision):
    days: int = Field(ge=1, le=365)


class SubmitIn(Decision):
    outcome: Literal["support", "explain", "not-support"]
    papers: list[UUID] = Field(min_length=1, max_length=50, description="approved together, as one")


class ServeIn(Decision):
    served_at: AwareDatetime | None = Field(default=None, description="when the petitioner got it; now by default")


class ReviewIn(Decision):
    to_unit: Code | None = Field(default=None, description="the unit above the handler; no other can review")
    requested_at: AwareDatetime | None = Field(default=None, description="when the petitioner asked; now by default")


class MergeIn(Decision):
    lead: UUID


class UnitOut(BaseModel):
    code: str
    name: str
    region: str
    node: str


class ProcedureOut(BaseModel):
    """A procedure that such a petition can be given; `default`: chosen when nobody says otherwise; `channels`: only for
    what came by these, before the default of all others; `automatic`: the channels of those to which it is given so.
    """

    name: str
    version: int
    zh: str
    en: str
    default: bool
    channels: list[str] = []
    automatic: list[str] = []


class HandOverOut(BaseModel):
    id: UUID
    kind: str
    from_unit: str
    to_unit: str
    offered_at: datetime
    due_at: datetime | None


class ActionOut(BaseModel):
    """An action, and whether the caller may do it now; `reason` is a slug of the refusal catalogue, `missing` names the
    papers that must be filed before, `form` the fields it takes.
    """

    action: str
    allowed: bool
    reason: str | None
    article: str | None = None
    missing: list[str] = []
    form: dict[str, Any] | None = None


class ClockOut(BaseModel):
    """A time limit, its colour, and why it ends on that date."""

    name: str
    title_zh: str
    title_en: str
    article: str
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None
    paused: bool
    extended: int
    level: str
    why_zh: str
    why_en: str
    why: dict[str, Any]


class FieldOut(BaseModel):
    """A field of the action's form as it was filled in; zh, en: its value as people read it."""

    name: str
    title_zh: str
    title_en: str
    value: JsonValue
    zh: str
    en: str


class WithdrawalOut(BaseModel):
    """A petitioner's withdrawal that was taken down here and that another node has still to write."""

    unit: str
    unit_name: str
    at: datetime


class Entry(BaseModel):
    """A line of the timeline; `ask-withdrawal` is none of a version but follows it, and has a reason where it was not
    written. `actor` is known only where the action was taken, `note` and `fields` also where a letter
    told them: to who goes on with the case, and of a result or a refusal to who handed it on.
    """

    version: int
    action: str
    unit: str
    unit_name: str
    actor: str | None
    at: datetime
    reason: str | None
    note: str | None
    fields: list[FieldOut] = []


class CaseRow(BaseModel):
    id: UUID
    number: str
    channel: str
    kind: str
    state: str
    stage: str
    version: int
    holder_unit: str
    holder_name: str
    registered_region: str
    registered_at: datetime
    due_at: datetime | None = None
    level: str = "green"
    confidential: bool = Field(default=False, description="only those who have to do with it may read it (保密)")


class CaseOut(CaseRow):
    writer: str
    procedure: str
    route: int | None
    hand_over: HandOverOut | None
    asked: str | None
    withdrawal_asked: WithdrawalOut | None = None
    objections: int
    suspended: bool
    merged_into: UUID | None
    outcome: str | None
    papers: list[UUID]
    accepted_at: datetime | None
    served_at: datetime | None
    closed_at: datetime | None
    accused_units: list[str]
    clocks: list[ClockOut]
    actions: list[ActionOut]
    timeline: list[Entry]
