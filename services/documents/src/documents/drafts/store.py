"""Rows of drafts. A draft is its unit's own affair: each statement that reads them checks the unit and the scope."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, insert, select, update

from documents.access import readable
from documents.drafts.tables import draft_versions, drafts
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session


def _own(petition_id: UUID, reader: Principal) -> ColumnElement[bool]:
    return and_(readable(petition_id, reader), drafts.c.petition_id == petition_id, drafts.c.unit == reader.unit)


async def add(session: Session, **columns: Any) -> Row[Any]:
    added: Row[Any] = (await session.sql.execute(insert(drafts).values(columns).returning(drafts))).one()
    return added


async def add_version(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(draft_versions).values(columns))


async def find(
    session: Session, petition_id: UUID, draft_id: UUID, reader: Principal, *, lock: bool = False
) -> Row[Any] | None:
    query = select(drafts).join(petitions).where(drafts.c.id == draft_id, _own(petition_id, reader))
    if lock:
        query = query.with_for_update(of=drafts)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def change(session: Session, draft_id: UUID, **columns: Any) -> Row[Any]:
    query = update(drafts).where(drafts.c.id == draft_id).values(columns).returning(drafts)
    changed: Row[Any] = (await session.sql.execute(query)).one()
    return changed


async def of_petition(
    session: Session, petition_id: UUID, reader: Principal, *, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """In the order they were begun; one more than `limit` tells that there is a next page."""
    query = select(drafts).join(petitions).where(_own(petition_id, reader)).order_by(drafts.c.id).limit(limit + 1)
    if after is not None:
        query = query.where(drafts.c.id > after)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def version(session: Session, draft_id: UUID, number: int) -> Row[Any] | None:
    """One saved version of a draft that was found by `find`."""
    query = select(draft_versions).where(draft_versions.c.draft_id == draft_id, draft_versions.c.version == number)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def versions(session: Session, draft_id: UUID, *, before: int, limit: int) -> Sequence[Row[Any]]:
    """Who saved when, the newest first, of a draft that was found by `find`; without what was written."""
    query = (
        select(*(column for column in draft_versions.c if column.name != "content"))
        .where(draft_versions.c.draft_id == draft_id, draft_versions.c.version < before)
        .order_by(draft_versions.c.version.desc())
        .limit(limit)
    )
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows
