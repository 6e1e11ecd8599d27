"""Shapes of answers about what moves between nodes."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class Coming(BaseModel):
    """What is known of and not here yet. state: waiting (nobody has been asked yet, or none has it), coming, missing
    (it is gone or damaged at the nodes of `missing_at`, told as node:reason).
    """

    id: UUID
    kind: Literal["file", "paper"]
    bytes: int
    bytes_here: int
    state: Literal["waiting", "coming", "missing"]
    from_node: str | None
    missing_at: list[str]
    told_at: datetime


class Share(BaseModel):
    """So many of so many are here."""

    here: int
    total: int


class Moving(BaseModel):
    """What of a petition is here. coming: the first 200 that are not."""

    files: Share
    papers: Share = Field(description="those that the reader may read: none for a unit that was asked for support")
    coming: list[Coming]
