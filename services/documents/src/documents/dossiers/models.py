"""Shapes of requests and answers about dossiers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kit.texts import Prose


class DossierIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    purpose: Annotated[Prose, Field(min_length=2, max_length=200)] = Field(description="what it is for (用途)")


class DossierOut(BaseModel):
    """A dossier (电子卷宗) that was asked for. done, total: steps, of one that is being made."""

    dossier_id: UUID
    petition_id: UUID
    state: Literal["waiting", "making", "ready", "failed"]
    done: int
    total: int
    why_zh: str | None = None
    why_en: str | None = None
    asked_by: str
    asked_at: datetime
    made_at: datetime | None = None
    bytes: int | None = None
    sha256: str | None = None
    pdf_bytes: int | None = Field(default=None, description="of the bound PDF in it; none of older dossiers")
