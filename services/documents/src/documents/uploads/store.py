"""Rows of uploads and their parts. An upload is open to the unit that began it, while the petition is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from documents.access import readable
from documents.storage.parts import Part
from documents.tables import petitions
from documents.uploads.tables import upload_parts, uploads
from kit.auth import Principal
from kit.db import Session


async def add(session: Session, **columns: Any) -> None:
    """Nothing happens where one with this id is there."""
    await session.sql.execute(pg_insert(uploads).values(columns).on_conflict_do_nothing(index_elements=["id"]))


async def open_of(session: Session, unit: str) -> int:
    """How many a unit has begun and not finished."""
    query = select(func.count()).select_from(uploads).where(uploads.c.unit == unit)
    number: int = (await session.sql.execute(query)).scalar_one()
    return number


async def find(session: Session, petition_id: UUID, upload_id: UUID, who: Principal) -> Row[Any] | None:
    query = (
        select(uploads)
        .join(petitions)
        .where(uploads.c.id == upload_id, uploads.c.unit == who.unit, readable(petition_id, who))
    )
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def parts_of(session: Session, upload_id: UUID) -> list[Part]:
    """In order."""
    part = upload_parts.c
    query = select(part.spool, part.sha256, part.bytes).where(part.upload_id == upload_id).order_by(part.start)
    return [Part(*row) for row in await session.sql.execute(query)]


async def advance(session: Session, upload_id: UUID, start: int, part: Part, expires_at: datetime) -> bool:
    """Append a part; False when the upload stands elsewhere by now, or is gone: of two at once one comes first."""
    here = (uploads.c.id == upload_id, uploads.c.position == start)
    change = update(uploads).where(*here).values(position=start + part.bytes, expires_at=expires_at)
    if not (await session.sql.execute(change)).rowcount:
        return False
    row = {"upload_id": upload_id, "start": start, "bytes": part.bytes, "sha256": part.sha256, "spool": part.spool}
    await session.sql.execute(insert(upload_parts).values(row))
    return True


async def remove(session: Session, upload_ids: Sequence[UUID]) -> list[str]:
    """Forget uploads; returns the names of their parts on disk, to be removed once this is committed."""
    mine = upload_parts.c.upload_id.in_(upload_ids)
    names = (await session.sql.execute(delete(upload_parts).where(mine).returning(upload_parts.c.spool))).scalars()
    await session.sql.execute(delete(uploads).where(uploads.c.id.in_(upload_ids)))
    return list(names)


async def expired(session: Session, now: datetime, *, only: UUID | None = None, limit: int = 1) -> Sequence[UUID]:
    """Ids, locked; those that somebody appends to just now are left out."""
    query = select(uploads.c.id).where(uploads.c.expires_at <= now).limit(limit).with_for_update(skip_locked=True)
    if only is not None:
        query = query.where(uploads.c.id == only)
    return (await session.sql.execute(query)).scalars().all()


async def unknown(session: Session, names: Sequence[str]) -> set[str]:
    """Which of these files on disk belong to no upload."""
    query = select(upload_parts.c.spool).where(upload_parts.c.spool.in_(names))
    return set(names) - set((await session.sql.execute(query)).scalars())
