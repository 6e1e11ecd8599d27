"""Shapes of requests between units and of proposals of supervision, as asked for and as answered."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kit.texts import Code, Prose
from routing.models import ActionOut

Text = Annotated[Prose, Field(max_length=5000)]
Trigger = Literal["overdue", "refused-hand-overs", "not-carried-out", "false-report", "other"]
Suggestion = Literal["improve-work", "improve-policy", "hold-accountable"]
Kind = Literal["urge", "supervise", "instruct", "suggest", "support"]
Status = Literal["sent", "received", "answered", "returned", "closed", "cancelled"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class UrgeIn(Strict):
    """To the holder. Where no answer is wanted the request is closed when it is signed for."""

    text: Text
    wants_answer: bool = False
    due_at: AwareDatetime | None = None


class InstructIn(UrgeIn):
    """By a leader, to the holder, which may be the leader's own unit."""


class SuperviseIn(Strict):
    """To the holder; reason: a trigger of Art 40; due_at: by when the written answer is wanted."""

    text: Text
    reason: Trigger
    due_at: AwareDatetime


class SuggestIn(Strict):
    """to_unit: of the own region, above or below it; the holder where none is named."""

    text: Text
    suggestion: Suggestion
    due_at: AwareDatetime
    to_unit: Code | None = None


class SupportIn(Strict):
    """By the holder, to each of these units; each answers, the holder closes."""

    text: Text
    to_units: Annotated[list[Code], Field(min_length=1, max_length=20)]
    due_at: AwareDatetime | None = None


class StepIn(Strict):
    """Every action names the version of the request it was decided on."""

    version: int = Field(ge=1, le=2**62)


class AnswerIn(StepIn):
    """adoption: for a suggestion and only there; the text gives the reasons."""

    text: Text
    adoption: Literal["adopted", "partly", "not"] | None = None


class ReturnAnswerIn(StepIn):
    """due_at: the new date; the old one stands where none is given."""

    text: Text
    due_at: AwareDatetime | None = None


class ProposeIn(Strict):
    trigger: Literal["not-carried-out", "false-report", "other"]


class FollowIn(Strict):
    text: Text
    due_at: AwareDatetime


class DismissIn(Strict):
    reason: Annotated[Prose, Field(max_length=1000)]


class RequestRow(BaseModel):
    """level: green, yellow or red, where an answer is due; cancel_asked: the other node has not decided on it yet."""

    id: UUID
    case_id: UUID
    number: str
    version: int
    kind: str
    reason: str | None
    from_unit: str
    from_name: str
    to_unit: str
    to_name: str
    status: str
    status_zh: str
    status_en: str
    round: int
    wants_answer: bool
    sent_at: datetime
    due_at: datetime | None
    level: str | None
    answered_at: datetime | None
    adoption: str | None
    cancel_asked: bool


class StepOut(BaseModel):
    """`actor` is known only where the action was taken, `text` only at the nodes of the two units."""

    version: int
    action: str
    unit: str
    unit_name: str
    actor: str | None
    at: datetime
    reason: str | None
    text: str | None


class RequestOut(RequestRow):
    from_node: str
    to_node: str
    received_at: datetime | None
    ended_at: datetime | None
    actions: list[ActionOut]
    steps: list[StepOut]


class ProposalOut(BaseModel):
    """proposed_by: account of the person who saw the cause; None: an event told of it. clock: which one is overdue."""

    id: UUID
    case_id: UUID
    number: str
    trigger: str
    clock: str
    holder_unit: str
    holder_name: str
    at: datetime
    proposed_by: str | None
    decision: str | None
    decided_by: str | None
    decided_unit: str | None
    decided_at: datetime | None
    request_id: UUID | None
    reason: str | None
