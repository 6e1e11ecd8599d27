"""Shapes of answers about files."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


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
