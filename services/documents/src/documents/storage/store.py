"""Rows of objects."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert

from documents.storage.tables import objects
from documents.storage.vault import Kept
from kit.db import Session
from kit.runtime import Runtime

CHANNEL = "scans"  # where those wait who look for malware
KNOWN = "SELECT 1 FROM objects WHERE name = $1"
HOLD = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
FIRST = timedelta(days=1)  # after which a new object is read again for the first time


async def note(session: Session, kept: Kept, at: datetime, *, encrypted: bool = False) -> None:
    """Have an object scanned and looked after from now on: in the transaction that refers to it, before it does."""
    values = {
        "name": kept.name, "sha256": kept.digest, "sm3": kept.sm3, "bytes": kept.size, "encrypted": encrypted,
        "kept_at": at, "key_id": kept.key_id, "locked_until": kept.locked_until,
        "scan_after": at, "verify_after": at + FIRST,
    }  # fmt: skip
    statement = insert(objects).values(values)
    told = statement.excluded
    again = {
        "encrypted": objects.c.encrypted | told.encrypted,
        "sm3": func.coalesce(objects.c.sm3, told.sm3),
        "key_id": func.coalesce(told.key_id, objects.c.key_id),
        "locked_until": func.greatest(objects.c.locked_until, told.locked_until),
    }
    await session.sql.execute(statement.on_conflict_do_update(index_elements=["name"], set_=again))
    session.wake.add(CHANNEL)


async def adopt(runtime: Runtime, kept: Kept) -> None:
    """Note at once what the store had already: its first keeper may never have committed, and it would be collected
    before this one does (documents.scrubs.collecting).
    """
    async with runtime.database.apart(late=True) as session:
        if await session.look(KNOWN, kept.name) is None:
            await session.begin()
            await hold(session, kept.name)
            await note(session, kept, runtime.clock.now())


async def hold(session: Session, name: str) -> None:
    """Until the transaction ends nobody else adopts or collects an object of this name."""
    await session.raw.execute(HOLD, name)


async def states(session: Session, names: Iterable[str]) -> dict[str, Row[Any]]:
    """Rows by name."""
    query = select(objects).where(objects.c.name.in_(set(names)))
    return {row.name: row for row in await session.sql.execute(query)}
