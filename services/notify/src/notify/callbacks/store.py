"""Rows of call-backs, in statements over whole batches."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from contracts.envelope import Envelope
from kit.db import Session
from notify.callbacks.domain import Period

ENDED = """
INSERT INTO callbacks (petition_id, version, number, unit, ended_at, state)
SELECT *, 'ended' FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[])
  AS told (id, version, number, unit, ended_at) ORDER BY id
ON CONFLICT (petition_id) DO UPDATE SET version = excluded.version, unit = excluded.unit, ended_at = excluded.ended_at
  WHERE callbacks.version < excluded.version AND callbacks.state = 'ended'
"""
ROUND = """
INSERT INTO callback_rounds (id, since, until, percent, seed, at)
SELECT $1, coalesce((SELECT max(until) FROM callback_rounds), $2), $3, $4, $5, $6
WHERE NOT EXISTS (SELECT FROM callback_rounds WHERE until >= $3)
ON CONFLICT (until) DO NOTHING RETURNING since
"""
# of each unit its share, by lot, and at least one. Nobody is asked who withdrew, or whose case goes on (something newer
# was heard of it), who wants no messages, who has a question open, or whose case is confidential; of the cases of one
# telephone one is asked about: that of the unit with the fewest, so that no unit goes without
DRAW = """
WITH found AS (
  SELECT callbacks.petition_id, callbacks.unit, petitions.phone_key,
    sha256(convert_to($2::text || ':' || callbacks.petition_id, 'UTF8')) AS lot,
    count(*) OVER (PARTITION BY unit) AS size
  FROM callbacks
  JOIN petitions ON petitions.id = callbacks.petition_id AND petitions.case_version = callbacks.version
  JOIN phones ON phones.key = petitions.phone_key
  WHERE callbacks.state = 'ended' AND ended_at >= $3 AND ended_at < $4
    AND opted_out_at IS NULL AND (blocked_until IS NULL OR blocked_until <= $5)
    AND (readers IS NULL OR '*' = ANY (readers))
    AND NOT EXISTS (
      SELECT FROM callbacks AS other WHERE other.state = 'asked' AND other.phone_key = petitions.phone_key)
), heard AS (
  SELECT DISTINCT ON (phone_key) * FROM found ORDER BY phone_key, size, lot, petition_id
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY unit ORDER BY lot, petition_id) AS place,
    count(*) OVER (PARTITION BY unit) AS among
  FROM heard)
UPDATE callbacks SET state = 'asked', round_id = $1, phone_key = placed.phone_key, asked_at = $5, closes_at = $6
FROM placed WHERE callbacks.petition_id = placed.petition_id AND place <= ceil(among * $7::float8 / 100)
RETURNING callbacks.petition_id, callbacks.phone_key, callbacks.number, callbacks.unit
"""
DRAWN = "UPDATE callback_rounds SET drawn = $2 WHERE id = $1"
ANSWER = """
UPDATE callbacks SET state = 'answered', answer = told.answer, answered_at = told.at
FROM unnest($1::bytea[], $2::text[], $3::timestamptz[]) AS told (phone_key, answer, at)
WHERE callbacks.phone_key = told.phone_key AND state = 'asked' AND closes_at > told.at
RETURNING callbacks.*
"""
CLOSE = """
WITH due AS (
  SELECT petition_id FROM callbacks WHERE state = 'asked' AND closes_at <= $1
  ORDER BY closes_at LIMIT $2 FOR UPDATE SKIP LOCKED)
UPDATE callbacks SET state = 'unanswered' FROM due WHERE callbacks.petition_id = due.petition_id RETURNING callbacks.*
"""
Rows = list[asyncpg.Record]


async def keep_ended(session: Session, events: Sequence[Envelope]) -> None:
    """Cases that ended, as they were told last."""
    newest = {event.subject: event for event in sorted(events, key=lambda event: event.version)}
    cases = [event.data for event in newest.values()]
    await session.raw.execute(
        ENDED,
        list(newest),
        [event.version for event in newest.values()],
        [case.number for case in cases],
        [case.handler_unit or case.holder_unit for case in cases],
        [case.closed_at or case.served_at or case.last.at for case in cases],
    )


async def begin_round(
    session: Session, round_id: UUID, period: Period, percent: float, seed: str, now: datetime
) -> datetime | None:
    """From when on cases are drawn from: also those of periods in which nothing was running. None: it was done."""
    since: datetime | None = await session.raw.fetchval(ROUND, round_id, period.since, period.until, percent, seed, now)
    return since


async def draw(
    session: Session, round_id: UUID, period: Period, *, seed: str, percent: float, now: datetime, closes_at: datetime
) -> Rows:
    """(petition_id, phone_key, number, unit) of those to be asked."""
    rows: Rows = await session.raw.fetch(DRAW, round_id, seed, period.since, period.until, now, closes_at, percent)
    await session.raw.execute(DRAWN, round_id, len(rows))
    return sorted(rows, key=lambda row: row["petition_id"])


async def answer(session: Session, answers: Sequence[tuple[bytes, str, datetime]]) -> Rows:
    """Of each telephone one answer; returns the questions that were open."""
    rows: Rows = await session.raw.fetch(ANSWER, *zip(*answers, strict=True))
    return rows


async def close(session: Session, now: datetime, limit: int) -> Rows:
    """Questions whose time is over."""
    rows: Rows = await session.raw.fetch(CLOSE, now, limit)
    return rows
