"""Shapes of requests and answers about identity papers."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from kit.texts import Line


class MarkIn(BaseModel):
    """identity: false needs a reason, which is recorded."""

    model_config = ConfigDict(extra="forbid")

    identity: bool
    reason: Annotated[Line, Field(min_length=4, max_length=200)] | None = None


class MarkOut(BaseModel):
    file_id: UUID
    identity: str | None = Field(description="proposed, marked, contained; null: it is none")


class PurposeOut(BaseModel):
    """A purpose that may be stated. words: it needs some of the reader's own."""

    code: str
    zh: str
    en: str
    words: bool
