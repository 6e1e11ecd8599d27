"""Shapes of routing's requests and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from kit.texts import Code

Note = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")
]


class Decision(BaseModel):
    """Every action names the version it was decided on: the fence against acting on something old."""

    model_config = ConfigDict(extra="forbid")

    version: int = Field(ge=1, le=2**62)


class TransferIn(Decision):
    to_unit: Code
    note: Note = ""


class AssignIn(TransferIn):
    due_at: AwareDatetime


class ReturnIn(Decision):
    reason: Literal["not-ours", "incomplete", "duplicate", "other"]
    note: Note = ""


class OpinionIn(Decision):
    outcome: Literal["support", "explain", "not-support"]
    paper_id: UUID


class UnitOut(BaseModel):
    code: str
    name: str
    region: str
    node: str


class HandOverOut(BaseModel):
    id: UUID
    kind: str
    from_unit: str
    to_unit: str
    offered_at: datetime
    due_at: datetime | None


class ActionOut(BaseModel):
    """An action, and whether the caller may do it now; `reason` is a slug of the refusal catalogue."""

    action: str
    allowed: bool
    reason: str | None


class Entry(BaseModel):
    """A line of the timeline. `actor` is known only where the action was taken."""

    version: int
    action: str
    unit: str
    unit_name: str
    actor: str | None
    at: datetime
    reason: str | None
    note: str | None


class CaseRow(BaseModel):
    id: UUID
    number: str
    channel: str
    kind: str
    state: str
    version: int
    holder_unit: str
    holder_name: str
    registered_region: str
    registered_at: datetime


class CaseOut(CaseRow):
    writer: str
    hand_over: HandOverOut | None
    outcome: str | None
    accepted_at: datetime | None
    closed_at: datetime | None
    accused_units: list[str]
    actions: list[ActionOut]
    timeline: list[Entry]
