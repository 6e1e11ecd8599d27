"""Rows of objects, as scanning sees them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update

from documents.files.tables import files
from documents.storage.tables import objects
from kit.db import Session

TAKE = """
UPDATE objects SET scan_after = $1::timestamptz + $2::interval WHERE name = (
  SELECT name FROM objects WHERE scan = 'unscanned' AND scan_after <= $1 ORDER BY scan_after
  LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING name, sha256
"""
INFECTED = "SELECT threat FROM objects WHERE name = $1 AND scan = 'infected'"


class Taken(NamedTuple):
    name: str
    sha256: str


async def take(session: Session, now: datetime, hold: timedelta) -> Taken | None:
    """The object that has waited longest; nobody else takes it for so long."""
    row = await session.raw.fetchrow(TAKE, now, hold)
    return row and Taken(*row)


async def put_back(session: Session, name: str, after: datetime) -> None:
    await session.sql.execute(update(objects).where(objects.c.name == name).values(scan_after=after))


async def note(session: Session, name: str, threat: str | None, at: datetime) -> None:
    verdict = "clean" if threat is None else "infected"
    values = {"scan": verdict, "threat": threat, "scanned_at": at}
    await session.sql.execute(update(objects).where(objects.c.name == name).values(values))


async def files_of(session: Session, name: str) -> Sequence[tuple[UUID, UUID]]:
    """(file, petition) of all files that have this content."""
    query = select(files.c.id, files.c.petition_id).where(files.c.object == name).order_by(files.c.id)
    return [(row.id, row.petition_id) for row in await session.sql.execute(query)]
