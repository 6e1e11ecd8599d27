"""Rows of papers. Whose they are is checked in each statement that reads them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from documents.access import readable
from documents.papers.tables import papers
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session


async def add_paper(session: Session, **columns: Any) -> Row[Any]:
    added: Row[Any] = (await session.sql.execute(insert(papers).values(columns).returning(papers))).one()
    return added


async def find_paper(session: Session, petition_id: UUID, paper_id: UUID, reader: Principal) -> Row[Any] | None:
    query = select(papers).join(petitions).where(papers.c.id == paper_id, readable(petition_id, reader))
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found
