"""Shapes of requests and answers about seals and official papers."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kit.texts import Line

Reason = Annotated[Line, Field(max_length=300)]


class SealIn(BaseModel):
    """Asks for the unit's seal; to correct a sealed paper, say which, and why."""

    model_config = ConfigDict(extra="forbid")

    supersedes: UUID | None = Field(default=None, description="the sealed paper that this one corrects (更正)")
    reason: Reason | None = Field(default=None, description="why; it stands in the paper")

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.supersedes is None) != (self.reason is None):
            raise ValueError("supersedes and reason come together (更正须同时写明原文书和原因)")
        return self


class SealState(BaseModel):
    """How the sealing of a paper stands."""

    paper_id: UUID
    state: Literal["none", "waiting", "sealed", "superseded"]
    number: str | None = None
    why_zh: str | None = Field(default=None, description="why it still waits (待用印原因)")
    why_en: str | None = None
    sealed_at: datetime | None = None


class SealedPaper(BaseModel):
    """An official paper: `sha256` is that of its PDF."""

    paper_id: UUID
    petition_id: UUID
    kind: str
    unit: str
    unit_name: str
    number: str
    issued_on: date
    sha256: str
    bytes: int
    sealed_at: datetime
    verify_path: str = Field(description="of the public page, on this node")
    supersedes: UUID | None
    reason: str | None = Field(description="why it corrects the other one")
    superseded_by: UUID | None
    superseded_by_number: str | None


class NumberRow(BaseModel):
    """A line of the register of numbers (发文登记): who had what sealed, and when; null until it is sealed."""

    number: str
    series: str
    unit: str
    issued_on: date
    taken_at: datetime
    paper_id: UUID
    petition_id: UUID | None = Field(description="null: the unit's own paper, that belongs to none (机关文书)")
    kind: str
    state: Literal["waiting", "sealed", "superseded"]
    sha256: str | None
    sealed_at: datetime | None
    asked_by: str | None = Field(description="account of the leader; null: the approval chain of the case")
    case_version: int | None = Field(description="version of the case whose approval it was")
    supersedes: UUID | None


class Seal(BaseModel):
    """A unit's seal; never its key."""

    id: UUID
    unit: str
    name: str
    word: str
    version: int
    valid_until: datetime
    registered_by: str
    registered_at: datetime
    retired_at: datetime | None
    retired_because: str | None


class RetireIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Literal["lost", "compromised", "unit-ended", "replaced", "other"]


class Standing(BaseModel):
    """What anybody with the code of a paper may know: that it is genuine, and whether it still stands."""

    number: str
    unit_name: str
    kind: str
    issued_on: date
    sha256: str
    standing: Literal["stands", "superseded"]
    superseded_by_number: str | None
