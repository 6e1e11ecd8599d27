"""Shapes of requests and answers about papers of a unit."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from documents.drafts.models import DraftContent, DraftFields, Version
from documents.office.domain import State
from documents.papers.models import PartOut
from documents.seals.models import SealIn
from kit.texts import Prose


class SubmissionIn(SealIn):
    """Sends a version to be approved; what corrects a sealed paper of the unit says which, and why."""

    version: Version


class DecisionIn(BaseModel):
    """What a leader decides on the version that was sent."""

    model_config = ConfigDict(extra="forbid")

    version: Version
    decision: Literal["approve", "return"]
    reason: Annotated[Prose, Field(max_length=2000)] | None = Field(default=None, description="why it is returned")

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if (self.decision == "return") != (self.reason is not None):
            raise ValueError("reason belongs to a return (退回须写明原因)")
        return self


class OfficeDraftRow(DraftFields):
    """A draft of a unit's own paper. state: of its newest version."""

    state: State
    sent_by: str | None
    sent_at: datetime | None


class SentRow(BaseModel):
    """A version that was sent, and what was decided; null while it waits."""

    version: int
    sent_by: str
    sent_at: datetime
    supersedes: UUID | None
    decision: Literal["approve", "return"] | None
    reason: str | None
    decided_by: str | None
    decided_at: datetime | None


class OfficeDraftOut(OfficeDraftRow, DraftContent):
    """With its sections. may_decide: whether the caller may approve or return it now; history: the newest first."""

    may_decide: bool
    history: list[SentRow]


class OfficePaperRow(BaseModel):
    """An approved paper of a unit; `sha256` is that of its text. why: for which reason its seal still waits."""

    paper_id: UUID
    kind: str
    template: str
    unit: str
    sha256: str
    written_by: str
    approved_by: str
    approved_at: datetime
    state: Literal["waiting", "sealed", "superseded"]
    number: str | None
    sealed_at: datetime | None
    verify_path: str | None = Field(description="of the public page, on this node")
    supersedes: UUID | None
    superseded_by: UUID | None
    why_zh: str | None
    why_en: str | None


class OfficePaperOut(OfficePaperRow):
    """With its sections, as they were written and as they are read."""

    sections: dict[str, Any]
    parts: list[PartOut]
