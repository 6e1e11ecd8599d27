"""Rows of papers. Whose they are is checked in each statement that reads them."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, select

from documents.access import readable
from documents.papers.tables import papers
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session

FILE = """filed AS (
INSERT INTO papers (id, petition_id, version, kind, content, sha256, unit, written_by, written_at, template)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10))"""


class Filed(NamedTuple):
    """A row of `papers`. version: of the petition's documents; content: encrypted."""

    id: UUID
    petition_id: UUID
    version: int
    kind: str
    content: bytes
    sha256: str
    unit: str
    written_by: str
    written_at: datetime
    template: str | None


async def find_paper(session: Session, petition_id: UUID, paper_id: UUID, reader: Principal) -> Row[Any] | None:
    query = select(papers).join(petitions).where(papers.c.id == paper_id, readable(petition_id, reader))
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found
