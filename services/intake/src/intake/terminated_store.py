"""Rows of what went through re-review: locked for those who ask, found for those who registered it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
WHERE m.bucket = ANY ($1::int[]) AND m.petition_id <> $2 ORDER BY m.petition_id DESC LIMIT $3
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
GROUP BY p.id ORDER BY p.id DESC LIMIT $4
"""
ELSEWHERE = """
SELECT other_id AS id, number, registered_at, by_id, by_phone, score FROM terminated_elsewhere
WHERE petition_id = $1 AND NOT accused_units && $2::text[] ORDER BY other_id DESC LIMIT $3
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
