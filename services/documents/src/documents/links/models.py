"""Shapes of requests and answers about links."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["file", "paper"]
Disposition = Literal["inline", "attachment"]


class PurposeIn(BaseModel):
    """code: one of reading-purposes."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=40)
    words: str | None = Field(default=None, max_length=400)


class LinkIn(BaseModel):
    """inline: a copy on which every page is marked with who looks and when; attachment: the original. A paper is its
    sealed PDF; as long as it is not sealed, its layout, marked either way. once: it opens a single time.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    id: UUID
    disposition: Disposition = "inline"
    once: bool = False
    purpose: PurposeIn | None = None


class LinkOut(BaseModel):
    """path: to be opened without a session; whoever has it reads as the one who asked for it."""

    path: str
    url: str
    expires_at: datetime
