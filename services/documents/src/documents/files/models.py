"""Shapes of answers about files."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class FileOut(BaseModel):
    file_id: UUID
    petition_id: UUID
    name: str | None
    media_type: str
    bytes: int
    sha256: str
    unit: str
    stored_by: str
    stored_at: datetime
    sm3: str | None = Field(default=None, description="where a second digest is made (GB/T 32905)")
    scan: Literal["unscanned", "clean", "infected"] = "unscanned"
    identity: Literal["proposed", "marked", "contained"] | None = Field(
        default=None, description="an identity paper (身份证件), or contains one: it is read for a stated purpose only"
    )
    encrypted: bool = Field(default=False, description="a password is needed to open it")
    here: bool = Field(default=True, description="false: it is still coming from another node")
    bytes_here: int | None = Field(default=None, description="of one that is coming")
    missing_at: list[str] = Field(default=[], description="node:reason, of those that cannot give it")
