"""Rows of files. Whose they are is checked in each statement that reads them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from documents.access import readable
from documents.files.tables import files
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session


async def add_file(session: Session, **columns: Any) -> Row[Any]:
    added: Row[Any] = (await session.sql.execute(insert(files).values(columns).returning(files))).one()
    return added


async def file_of_any(session: Session, file_id: UUID) -> Row[Any] | None:
    """Whatever the scope: to tell a repeated upload from an id used twice, never for an answer."""
    return (await session.sql.execute(select(files).where(files.c.id == file_id))).one_or_none()


async def find_file(session: Session, petition_id: UUID, file_id: UUID, reader: Principal) -> Row[Any] | None:
    query = select(files).join(petitions).where(files.c.id == file_id, readable(petition_id, reader, lent=True))
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found
