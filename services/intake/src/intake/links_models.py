"""Shapes of recognising and linking petitions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from intake.models import Body, PetitionerIn
from kit.texts import Line, Prose

Reason = Annotated[Line, Field(min_length=2, max_length=500)]
REASONS = {
    "same-id-number": ("证件号码相同", "the same identity number"),
    "same-phone": ("电话号码相同", "the same telephone number"),
    "similar-text": ("内容相似", "similar texts"),
}
NO_LONGER_ACCEPTED = ("该事项已复核终结,不再受理(《信访工作条例》第三十六条)",
                      "This matter went through re-review and is no longer accepted (Art 36)")  # fmt: skip


class CandidatesIn(Body):
    """What is about to be registered. Of the people only identity and telephone numbers are compared."""

    petitioners: list[PetitionerIn] = Field(default=[], max_length=1000)
    title: Annotated[Line, Field(max_length=200)]
    content: Annotated[Prose, Field(max_length=20_000)]


class Told(BaseModel):
    """Something said in both languages; code is for programs."""

    code: str
    zh: str
    en: str


class ProposalOut(BaseModel):
    """A petition that may be about the same. likely: of the same person, about the same matter; else another person's,
    which may be merged, or another matter; score: 0 to 100, what the texts have in common.
    """

    petition_id: UUID
    number: str
    title: str | None
    state: str
    registered_at: datetime
    score: float
    likely: bool
    reasons: list[Told]
    terminated: bool
    advice: Told | None


class RepeatIn(Body):
    repeat_of: UUID
    reason: Reason


class UndoIn(Body):
    reason: Reason


class Linked(BaseModel):
    petition_id: UUID
    number: str
    title: str | None
    state: str
    registered_at: datetime


class InChain(Linked):
    """ordinal: 1 for the first petition about the matter."""

    ordinal: int


class LinkChange(BaseModel):
    """change: linked, unlinked, merged, unmerged; other_id: with what, null where that was not told here; reason: null
    when linked at registration. Of merging only the unit is told, the rest is in the timeline of the case.
    """

    change: str
    other_id: UUID | None
    subject: str | None
    unit: str
    reason: str | None
    at: datetime


class LinksOut(BaseModel):
    """How a petition hangs together with others. Of other petitions only those the caller may read are shown; they
    count in `ordinal` all the same, but for those that accuse the caller's unit or one above it: these are not told of.
    """

    petition_id: UUID
    repeat_of: UUID | None
    first_of: UUID
    ordinal: int
    terminated_before: bool
    chain: list[InChain]
    merged_into: UUID | None
    members: list[Linked]
    history: list[LinkChange]
