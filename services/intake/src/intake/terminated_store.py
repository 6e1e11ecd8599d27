"""Rows of what went through re-review: locked for those who ask, found for those who registered it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from kit.db import Session

# whose petition file is here; without petitioners there is nobody to be recognised
NOT_LOCKED = """
SELECT p.id, p.number, p.registered_at, p.accused_units, p.title, p.content
FROM case_states AS c JOIN petitions AS p ON p.id = c.petition_id
WHERE c.terminated AND p.title IS NOT NULL
  AND EXISTS (SELECT FROM petitioners WHERE petition_id = p.id AND (id_index IS NOT NULL OR phone_index IS NOT NULL))
  AND NOT EXISTS (SELECT FROM terminated_matters WHERE petition_id = p.id)
ORDER BY p.id LIMIT $1
"""
LOCK = """
INSERT INTO terminated_matters (bucket, petition_id, sealed)
SELECT bucket, $1, sealed FROM unnest($2::int[], $3::bytea[]) AS locked (bucket, sealed) ON CONFLICT DO NOTHING
"""
IN_BUCKETS = """
SELECT m.bucket, m.petition_id, m.sealed, p.accused_units
FROM terminated_matters AS m JOIN petitions AS p ON p.id = m.petition_id
WHERE m.bucket = ANY ($1::int[]) AND m.petition_id <> $2 AND NOT EXISTS (
  SELECT FROM case_states AS c WHERE c.petition_id = p.id AND NOT c.readers && ARRAY['*'])  -- confidential
ORDER BY m.petition_id DESC LIMIT $3
"""
FOUND = """
INSERT INTO terminated_elsewhere (petition_id, other_id, number, registered_at, accused_units, by_id, by_phone, score)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (petition_id, other_id) DO UPDATE SET by_id = terminated_elsewhere.by_id OR excluded.by_id,
  by_phone = terminated_elsewhere.by_phone OR excluded.by_phone
"""
# of these people, whoever may read it: that it went through re-review must be known, and its number (Art 36)
HERE = """
SELECT p.id, p.number, p.registered_at, p.title, p.content, bool_or(q.id_index = ANY ($1::bytea[])) IS TRUE AS by_id,
  bool_or(q.phone_index = ANY ($2::bytea[])) IS TRUE AS by_phone
FROM petitioners AS q JOIN petitions AS p ON p.id = q.petition_id
  JOIN case_states AS c ON c.petition_id = p.id AND c.terminated
WHERE (q.id_index = ANY ($1) OR q.phone_index = ANY ($2)) AND p.title IS NOT NULL AND NOT p.accused_units && $3::text[]
  AND (c.readers IS NULL OR c.readers && $3::text[])
GROUP BY p.id ORDER BY p.id DESC LIMIT $4
"""
ELSEWHERE = """
SELECT other_id AS id, number, registered_at, by_id, by_phone, score FROM terminated_elsewhere
WHERE petition_id = $1 AND NOT accused_units && $2::text[] AND NOT EXISTS (
  SELECT FROM case_states AS c WHERE c.petition_id = other_id AND NOT c.readers && $2::text[])
ORDER BY other_id DESC LIMIT $3
"""

# nothing comes back where the day's allowance would not do; one row of a node is counted up by one process at a time
GRANT = """
INSERT INTO terminated_asked AS before (node, day, buckets) VALUES ($1, $2, $3)
ON CONFLICT (node) DO UPDATE SET day = excluded.day,
  buckets = excluded.buckets + CASE WHEN before.day = excluded.day THEN before.buckets ELSE 0 END
WHERE excluded.buckets + CASE WHEN before.day = excluded.day THEN before.buckets ELSE 0 END <= $4
RETURNING true
"""
WAIT = """
INSERT INTO terminated_questions (node, petition_id, buckets, asked_at) SELECT $1, $2, $3, $4
WHERE (SELECT count(*) FROM terminated_questions WHERE node = $1) < $5
ON CONFLICT (node, petition_id) DO UPDATE SET buckets = excluded.buckets
RETURNING true
"""
NEXT = """
SELECT petition_id, buckets FROM terminated_questions WHERE node = $1
ORDER BY asked_at, petition_id LIMIT $2 FOR UPDATE SKIP LOCKED
"""


@dataclass(frozen=True, slots=True)
class Concluded:
    """A matter of somebody that went through re-review; nothing of what was said."""

    id: UUID
    number: str
    registered_at: datetime
    by_id: bool
    by_phone: bool
    title: None = None
    state: str = "terminated"


async def not_locked(session: Session, limit: int) -> list[asyncpg.Record]:
    """id, number, registered_at, accused_units, title, content."""
    rows: list[asyncpg.Record] = await session.raw.fetch(NOT_LOCKED, limit)
    return rows


async def keep_locked(session: Session, petition_id: UUID, locked: Sequence[tuple[int, bytes]]) -> None:
    """locked: bucket, the locked text."""
    await session.raw.execute(LOCK, petition_id, [each for each, _ in locked], [sealed for _, sealed in locked])


async def in_buckets(session: Session, buckets: Sequence[int], but: UUID, limit: int) -> list[asyncpg.Record]:
    """bucket, petition_id, sealed, accused_units."""
    rows: list[asyncpg.Record] = await session.raw.fetch(IN_BUCKETS, buckets, but, limit)
    return rows


async def grant(session: Session, node: str, day: date, buckets: int, most: int) -> bool:
    """Count what a node asks for on a day, unless that would be more than `most`."""
    return bool(await session.raw.fetchval(GRANT, node, day, buckets, most))


async def let_wait(
    session: Session, node: str, petition_id: UUID, buckets: Sequence[int], at: datetime, most: int
) -> bool:
    """False where so many of this node wait already."""
    return bool(await session.raw.fetchval(WAIT, node, petition_id, buckets, at, most))


async def waits(session: Session, node: str) -> bool:
    """Whether something this node asked before waits: what comes later does not overtake it."""
    query = "SELECT EXISTS (SELECT FROM terminated_questions WHERE node = $1)"
    return bool(await session.raw.fetchval(query, node))


async def waiting_nodes(session: Session) -> list[str]:
    return [row["node"] for row in await session.raw.fetch("SELECT DISTINCT node FROM terminated_questions")]


async def next_of(session: Session, node: str, limit: int) -> list[asyncpg.Record]:
    """petition_id, buckets: the oldest first, locked."""
    rows: list[asyncpg.Record] = await session.raw.fetch(NEXT, node, limit)
    return rows


async def answered(session: Session, node: str, petition_ids: Sequence[UUID]) -> None:
    await session.raw.execute(
        "DELETE FROM terminated_questions WHERE node = $1 AND petition_id = ANY ($2::uuid[])", node, petition_ids
    )


async def keep_found(
    session: Session, petition_id: UUID, other: UUID, *, number: str, registered_at: datetime,
    accused_units: Sequence[str], by_id: bool, score: float,
) -> None:  # fmt: skip
    """by_id: by the identity number, else by the telephone."""
    await session.raw.execute(FOUND, petition_id, other, number, registered_at, accused_units, by_id, not by_id, score)


async def here(
    session: Session, id_indexes: Sequence[bytes], phone_indexes: Sequence[bytes], line: Sequence[str], limit: int
) -> list[tuple[Concluded, str]]:
    """With what was said, to be compared and not shown."""
    rows = await session.raw.fetch(HERE, id_indexes, phone_indexes, line, limit)
    return [(_concluded(row), row["title"] + row["content"]) for row in rows]


async def elsewhere(
    session: Session, petition_id: UUID, line: Sequence[str], limit: int
) -> list[tuple[Concluded, float]]:
    """With how much the texts have in common."""
    rows = await session.raw.fetch(ELSEWHERE, petition_id, line, limit)
    return [(_concluded(row), row["score"]) for row in rows]


def _concluded(row: asyncpg.Record) -> Concluded:
    return Concluded(row["id"], row["number"], row["registered_at"], row["by_id"], row["by_phone"])
