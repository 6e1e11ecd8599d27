"""Rows of objects, as the scrub sees them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, Select, func, select, update

from documents.files.tables import files
from documents.storage.tables import objects
from kit.db import Session

TAKE = """
UPDATE objects SET verify_after = $1::timestamptz + $2::interval WHERE name = (
  SELECT name FROM objects WHERE verify_after <= $1 ORDER BY verify_after LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING name, sha256, fault
"""


class Due(NamedTuple):
    """fault: what was wrong with it the last time."""

    name: str
    sha256: str
    fault: str | None


async def take(session: Session, now: datetime, hold: timedelta) -> Due | None:
    """The object that is due longest; nobody else takes it for so long."""
    row = await session.raw.fetchrow(TAKE, now, hold)
    return row and Due(*row)


async def after(session: Session, name: str, limit: int) -> list[Due]:
    """All objects, in the order of their names: the next ones after a name."""
    query = select(objects.c.name, objects.c.sha256, objects.c.fault).where(objects.c.name > name)
    return [Due(*row) for row in await session.sql.execute(query.order_by(objects.c.name).limit(limit))]


async def note(session: Session, name: str, fault: str | None, at: datetime, again: datetime) -> None:
    """What was found at a moment, and when to look again."""
    values: dict[str, Any] = {"fault": fault, "verify_after": again}
    if fault is None:
        values |= {"verified_at": at, "fault_since": None}
    else:
        values["fault_since"] = func.coalesce(objects.c.fault_since, at)
    await session.sql.execute(update(objects).where(objects.c.name == name).values(values))


async def faults(session: Session) -> dict[str, int]:
    """How many objects have which fault."""
    query = select(objects.c.fault, func.count()).where(objects.c.fault.isnot(None)).group_by(objects.c.fault)
    return {row[0]: row[1] for row in await session.sql.execute(query)}


async def faulty(session: Session, limit: int) -> Sequence[Row[Any]]:
    """name, fault, fault_since, files: ids."""
    ids = select(func.array_agg(files.c.id)).where(files.c.object == objects.c.name).scalar_subquery()
    query: Select[Any] = select(objects.c.name, objects.c.fault, objects.c.fault_since, ids.label("files"))
    query = query.where(objects.c.fault.isnot(None)).order_by(objects.c.name).limit(limit)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def files_of(session: Session, name: str) -> list[UUID]:
    return list((await session.sql.execute(select(files.c.id).where(files.c.object == name))).scalars())


async def known(session: Session) -> int:
    """How many objects have a row."""
    number: int = (await session.sql.execute(select(func.count()).select_from(objects))).scalar_one()
    return number


async def standing(session: Session, now: datetime) -> Row[Any]:
    """objects, bytes, due, locked, oldest: when the one looked at longest ago was found whole."""
    known = objects.c
    query = select(
        func.count().label("objects"),
        func.coalesce(func.sum(known.bytes), 0).label("bytes"),
        func.count().filter(known.verify_after <= now).label("due"),
        func.count().filter(known.locked_until > now).label("locked"),
        func.min(func.coalesce(known.verified_at, known.kept_at)).label("oldest"),
    )
    return (await session.sql.execute(query)).one()


async def under_older_keys(session: Session, active: str, name: str, limit: int) -> Sequence[Row[Any]]:
    """name, sha256, locked_until of those after a name that are not known to be sealed under the active key."""
    known = objects.c
    query: Select[Any] = select(known.name, known.sha256, known.locked_until).where(
        known.key_id.is_distinct_from(active), known.name > name
    )
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(known.name).limit(limit))).all()
    return rows


async def note_key(session: Session, name: str, key_id: str) -> None:
    await session.sql.execute(update(objects).where(objects.c.name == name).values(key_id=key_id))
