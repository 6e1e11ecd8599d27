"""Shapes of requests and answers of the desk. No number in clear, and none in an address."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kit.texts import Code, Line, Prose
from notify.desk.domain import LONGEST_REPLY


class ConversationRow(BaseModel):
    """id: names the conversation, never its number; phone: masked; state, meaning: of its last text."""

    id: UUID
    phone: str
    unit: str
    operator: str | None
    closed: bool
    blocked_until: datetime | None
    opted_out: bool
    last_at: datetime
    state: str
    meaning: str | None


class WaitingText(BaseModel):
    """A text that nobody could parse. It is read in its conversation. due_at: by then a person looks after it;
    answered: it has got an answer, if only that it came; overdue: it has waited too long for a person, or any answer.
    """

    id: UUID
    conversation: UUID
    phone: str
    received_at: datetime
    due_at: datetime | None
    answered: bool
    overdue: bool
    seconds_left: int | None
    meaning: str | None
    damaged: bool
    operator: str | None
    gateway: str


class Said(BaseModel):
    """way: in or out. text: null where it is damaged, its time is over, or it holds a query code; parts: of one that
    went out; template: of one that went out in fixed words, or what one that came in was taken for.
    """

    id: UUID
    way: Literal["in", "out"]
    at: datetime
    text: str | None
    hidden: str | None = Field(description="why there is no text: damaged, gone, query-code, undecipherable")
    state: str
    template: str | None
    author: str | None
    due_at: datetime | None
    answered_at: datetime | None
    petition_id: UUID | None
    gateway: str | None
    parts: int


class Conversation(BaseModel):
    """said: the newest first; next: `before` of the page that follows. petitions: numbers of what this telephone is the
    contact of and the caller's unit has to do with; handed: another unit than the node's office holds it, and the
    texts that came after the hand-over are the office's alone; newest: the last text that the caller sees; may: what
    the caller may do, block_hours: for how long he may block at most.
    """

    id: UUID
    phone: str
    unit: str
    operator: str | None
    closed: bool
    blocked_until: datetime | None
    blocked_for: str | None
    opted_out: bool
    petitions: list[str]
    handed: bool
    newest: UUID | None
    objection: bool
    may: list[str]
    block_hours: int
    said: list[Said]
    next: UUID | None


class Found(BaseModel):
    conversation: UUID


class PhoneIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    phone: Annotated[str, Field(pattern=r"^\+?[0-9][0-9 -]{4,24}$")]


class ReplyIn(BaseModel):
    """The office's signature is put before it where it has none."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[Line, Field(max_length=LONGEST_REPLY)]


class HandIn(BaseModel):
    """operator: an account of that unit; null: whoever takes it. seen: the last text that was read; where a newer one
    has come the conversation is not handed on.
    """

    model_config = ConfigDict(extra="forbid")

    unit: Code
    operator: Annotated[Line, Field(max_length=100)] | None = None
    seen: UUID | None = None


class ConvertIn(BaseModel):
    """What a person read in the text, where the machine could not; name, address: null, they will not be told."""

    model_config = ConfigDict(extra="forbid")

    text_id: UUID
    name: Annotated[Line, Field(max_length=100)] | None = None
    address: Annotated[Line, Field(max_length=300)] | None = None
    content: Annotated[Prose, Field(max_length=20_000)]


class SupplementIn(BaseModel):
    """number: of the petition that the text belongs to."""

    model_config = ConfigDict(extra="forbid")

    text_id: UUID
    number: Annotated[Line, Field(max_length=64)]


class BlockIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    hours: Annotated[int, Field(ge=1, le=8760)]
    reason: Literal["abuse", "advertising", "flooding"]


class DecideIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    decision: Literal["lift", "keep"]
