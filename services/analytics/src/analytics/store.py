"""Rows of analytics: the log is appended in batches, figures and steps are read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, Select, and_, func, or_, select

from analytics.domain import Count
from analytics.entries import Entry
from analytics.folding import DIMENSIONS, LEVELS
from analytics.tables import events, facts
from kit.db import Session

MESSAGE, LEFT = "notify.message.sent.v1", ("sent", "delivered", "unknown")
APPEND = """
INSERT INTO events (subject, id, type, node, sequence, time, data)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::jsonb[])
ON CONFLICT DO NOTHING RETURNING id
"""
FRESH = """
INSERT INTO freshness (node, slot, event_at, counted_at)
SELECT node, $1, max(at), $2 FROM unnest($3::text[], $4::timestamptz[]) AS told (node, at) GROUP BY node
ON CONFLICT (node, slot) DO UPDATE SET event_at = excluded.event_at, counted_at = excluded.counted_at
  WHERE freshness.event_at < excluded.event_at
"""
# without what accuses one of the units $2; one statement, so that no petition is taken off that is not counted yet
COUNTS = f"""
WITH own AS (
  SELECT region, dimension, value, count(*) AS n FROM facts CROSS JOIN LATERAL {DIMENSIONS}
  WHERE accused_units && $2::text[] AND cardinality(accused_units) > 0 AND region IS NOT NULL AND value IS NOT NULL
  GROUP BY region, dimension, value)
SELECT region, dimension, value, sum(petitions)::bigint FROM (
  SELECT region, dimension, value, petitions FROM rollups WHERE region = $1 OR parent = $1
  UNION ALL
  SELECT level.region, dimension, value, -n FROM own CROSS JOIN LATERAL {LEVELS}
  WHERE level.region = $1 OR level.parent = $1) AS counted
GROUP BY region, dimension, value HAVING sum(petitions) <> 0
"""  # noqa: S608 - put together from constants
NEWEST = """
SELECT DISTINCT ON (at) array_to_string((string_to_array(node, '.'))[:$2], '.') AS at, event_at, counted_at
FROM freshness WHERE node = $1 OR starts_with(node, $1 || '.') ORDER BY at, event_at DESC
"""
NEXT_PETITIONS = """
SELECT DISTINCT subject FROM events WHERE subject > $1 AND type = ANY($2::text[]) ORDER BY subject LIMIT $3
"""
# facts that no event tells of
FORGET = """
DELETE FROM facts WHERE id > $1 AND ($2::uuid IS NULL OR id <= $2)
  AND NOT EXISTS (SELECT FROM events WHERE subject = facts.id AND type = ANY($3::text[]))
"""


async def append(session: Session, entries: Sequence[Entry]) -> set[UUID]:
    """Add events to the log; returns the ids that were not there before."""
    rows = sorted((e.subject, e.id, e.type, e.node, e.sequence, e.time, e.data) for e in entries)
    return {row["id"] for row in await session.raw.fetch(APPEND, *zip(*rows, strict=True))}


async def note_freshness(session: Session, entries: Sequence[Entry], slot: int, now: datetime) -> None:
    """Remember the newest event of each node and when it was counted; a clock that is ahead is not believed."""
    moments = [min(entry.time, now) for entry in entries]
    await session.raw.execute(FRESH, slot, now, [entry.node for entry in entries], moments)


async def next_petitions(session: Session, after: UUID, types: Sequence[str], limit: int) -> list[UUID]:
    """Petitions the log tells of, in the order of their ids."""
    return [row["subject"] for row in await session.raw.fetch(NEXT_PETITIONS, after, types, limit)]


async def forget_untold(session: Session, after: UUID, until: UUID | None, types: Sequence[str]) -> None:
    await session.raw.execute(FORGET, after, until, types)


async def counts(session: Session, region: str, line: Sequence[str]) -> list[Count]:
    """Of the region and of its children; what accuses one of these units is not told of, in figures either (Art 30)."""
    return [Count(*row) for row in await session.raw.fetch(COUNTS, region, line)]


async def newest_events(session: Session, region: str) -> list[asyncpg.Record]:
    """(at, event_at, counted_at) of the region and of each child: the newest event counted from a node in it."""
    newest: list[asyncpg.Record] = await session.raw.fetch(NEWEST, region, region.count(".") + 2)
    return newest


async def may_read(session: Session, petition_id: UUID, scope: str, line: Sequence[str]) -> bool:
    """Registered or held in the region or below it, and accusing none of these units: the one that asks, and all above
    it (Art 30); where only some may read it, by one of them.
    """
    held = func.unnest(func.array_append(facts.c.regions, facts.c.region)).column_valued("held")
    inside = select(held).where(or_(held == scope, held.startswith(scope + ".", autoescape=True)))
    among = or_(facts.c.readers.is_(None), facts.c.readers.overlap(line))
    query = select(facts.c.id).where(
        facts.c.id == petition_id, inside.exists(), ~facts.c.accused_units.overlap(line), among
    )
    return (await session.sql.execute(query)).one_or_none() is not None


async def steps_of(session: Session, petition_id: UUID, limit: int) -> Sequence[Row[Any]]:
    """The first events of a petition; ids are ordered by time. A message is one step, however many states it reached:
    when it left; one that never left is none.
    """
    earlier = events.alias("earlier")
    before = select(1).where(
        earlier.c.subject == events.c.subject, earlier.c.type == MESSAGE, earlier.c.sequence < events.c.sequence,
        earlier.c.data["message_id"] == events.c.data["message_id"], earlier.c.data["status"].astext.in_(LEFT),
    )  # fmt: skip
    told_first = and_(events.c.data["status"].astext.in_(LEFT), ~before.exists())
    unit = func.coalesce(events.c.data["last"]["unit"].astext, events.c.data["unit"].astext).label("unit")
    query: Select[Any] = (
        select(events.c.id, events.c.type, events.c.node, events.c.sequence, events.c.time, unit)
        .where(events.c.subject == petition_id, or_(events.c.type != MESSAGE, told_first))
        .order_by(events.c.id)
        .limit(limit)
    )
    found: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return found
