"""Rows of ratings and of the time in which they may be given."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from intake.evaluation import Window
from kit.crypto import Keyring
from kit.db import Session

# the highest version counts: any order of events, same result. What was rated stays; a time that expired opens again by
# another opinion, that of a review
OPEN = """
INSERT INTO rating_windows (petition_id, version, opened_at, closes_at)
SELECT DISTINCT ON (p.id) p.id, e.version, opened, closes
FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::timestamptz[]) AS e (id, version, opened, closes)
  JOIN petitions AS p ON p.id = e.id WHERE p.registered_node = $5
ORDER BY p.id, e.version DESC
ON CONFLICT (petition_id) DO UPDATE SET version = excluded.version, opened_at = excluded.opened_at,
  closes_at = excluded.closes_at,
  outcome = CASE WHEN rating_windows.opened_at = excluded.opened_at THEN rating_windows.outcome END
  WHERE rating_windows.version < excluded.version AND rating_windows.outcome IS DISTINCT FROM 'rated'
"""
GIVEN = """
WITH ended AS (UPDATE rating_windows SET outcome = 'rated' WHERE petition_id = $1)
INSERT INTO ratings (petition_id, office, unit, comment, given_at) VALUES ($1, $2, $3, $4, $5)
"""
# each ends once, on however many replicas this runs
EXPIRE = """
WITH due AS (
  SELECT petition_id FROM rating_windows WHERE outcome IS NULL AND closes_at <= $1
  ORDER BY closes_at LIMIT $2 FOR UPDATE SKIP LOCKED),
ended AS (
  UPDATE rating_windows AS w SET outcome = 'expired' FROM due WHERE w.petition_id = due.petition_id
  RETURNING w.petition_id, w.version)
SELECT p.id, ended.version, p.number, p.region, p.unit,
  coalesce(own.handler_unit, own.holder_unit, p.unit) AS holder_unit
FROM ended JOIN petitions AS p ON p.id = ended.petition_id
  LEFT JOIN case_states AS own ON own.petition_id = p.id
"""


def binding(petition_id: UUID) -> str:
    """What an encrypted comment is bound to."""
    return f"ratings/{petition_id}/comment"


async def open_windows(
    session: Session, node: str, answered: Sequence[tuple[UUID, int, datetime, datetime | None]]
) -> None:
    """answered: petition, version of the case, when it was answered, when rating ends (null: not now); those registered
    at this node count.
    """
    if answered:
        await session.raw.execute(OPEN, *zip(*answered, strict=True), node)


async def window_of(session: Session, petition_id: UUID, *, hold: bool = False) -> Window | None:
    """hold: nobody else ends it before the transaction does."""
    query = "SELECT opened_at, closes_at, outcome, version FROM rating_windows WHERE petition_id = $1"
    row = await session.raw.fetchrow(f"{query} FOR UPDATE" if hold else query, petition_id)
    return None if row is None else Window(**row)


async def give(
    session: Session, ring: Keyring, petition_id: UUID, *, office: str, unit: str, comment: str | None, at: datetime
) -> None:
    sealed = None if comment is None else ring.encrypt(comment, binding(petition_id))
    await session.raw.execute(GIVEN, petition_id, office, unit, sealed, at)


async def rating_of(session: Session, petition_id: UUID) -> asyncpg.Record | None:
    """office, unit, comment (encrypted), given_at."""
    return await session.raw.fetchrow("SELECT * FROM ratings WHERE petition_id = $1", petition_id)


async def expire(session: Session, now: datetime, most: int) -> list[asyncpg.Record]:
    """End the windows whose time is over; returns whose they were."""
    rows: list[asyncpg.Record] = await session.raw.fetch(EXPIRE, now, most)
    return rows
