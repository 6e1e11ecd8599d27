"""Rows of mass notices: recipients are found, made into messages and counted by whole statements."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, Select, func, select, update

from contracts.notices import Recipients
from kit.db import Session
from notify.notices.tables import notices, recipients
from notify.outbound.tables import messages
from notify.readable import open_to
from notify.tables import petitions
from notify.tables import phones as phone_rows

# a page of the answer of the ledger: the newest petition of each telephone; what accuses the asker's unit by now, or is
# confidential by now, is left out here as it is there
TAKE = """
WITH told AS (SELECT * FROM unnest($2::uuid[], $3::text[]) AS told (id, state)),
reached AS (
  SELECT told.id, told.state, phone_key FROM told JOIN petitions ON petitions.id = told.id
  WHERE phone_key IS NOT NULL AND NOT accused_units && $4::text[] AND (readers IS NULL OR readers && $4::text[])),
added AS (
  INSERT INTO recipients (notice_id, phone_key, petition_id, state)
  SELECT DISTINCT ON (phone_key) $1, phone_key, id, state FROM reached ORDER BY phone_key, id DESC
  ON CONFLICT DO NOTHING RETURNING 1)
UPDATE notices SET pages = pages + 1, matched = matched + (SELECT count(*) FROM told),
  reachable = reachable + (SELECT count(*) FROM reached), recipients = recipients + (SELECT count(*) FROM added),
  gathered_at = $5
WHERE id = $1
"""
# one process at a time makes the messages of a notice; who pauses or stops it waits for that batch, and none follows
TURN = """
SELECT * FROM notices WHERE state = 'running' AND made + left_out < recipients
ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
WAITING = """
SELECT recipients.petition_id, recipients.phone_key, recipients.state, petitions.number,
  phones.opted_out_at IS NOT NULL AS opted_out
FROM recipients JOIN petitions ON petitions.id = recipients.petition_id JOIN phones ON phones.key = recipients.phone_key
WHERE notice_id = $1 AND message_id IS NULL AND left_out IS NULL ORDER BY recipients.petition_id LIMIT $2
"""
MADE = """
WITH told AS (
  UPDATE recipients SET message_id = told.message, left_out = told.left_out
  FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS told (petition, message, left_out)
  WHERE notice_id = $1 AND petition_id = told.petition RETURNING recipients.message_id)
UPDATE notices SET made = made + (SELECT count(message_id) FROM told),
  left_out = left_out + (SELECT count(*) - count(message_id) FROM told)
WHERE id = $1
"""
# also what was handed back to the queue after the notice was paused or stopped; what has begun to leave ends as it ends
HOLD_BACK = """
UPDATE messages SET state = CASE notices.state WHEN 'paused' THEN 'held' ELSE 'cancelled' END, state_at = $1
FROM notices WHERE notices.state IN ('paused', 'stopped') AND notices.state_at > $1::timestamptz - interval '30 days'
  AND messages.notice_id = notices.id
  AND messages.state IN ('queued', CASE notices.state WHEN 'stopped' THEN 'held' END)
  AND NOT EXISTS (SELECT FROM parts WHERE message_id = messages.id)
  AND ($2::uuid IS NULL OR notices.id = $2)
"""
RELEASE = "UPDATE messages SET state = 'queued', due_at = $2, state_at = $2 WHERE notice_id = $1 AND state = 'held'"
# everything has left: none is on the way to a gateway any more
DONE = """
SELECT id FROM notices WHERE state = 'running' AND made + left_out = recipients
  AND NOT EXISTS (SELECT FROM messages WHERE notice_id = notices.id AND messages.state IN ('queued', 'sending', 'held'))
FOR UPDATE SKIP LOCKED
"""
COUNTS = "SELECT state, count(*) FROM messages WHERE notice_id = $1 GROUP BY state"
# parts depend on nothing but how long the number is and which stage is told
SHAPES = """
SELECT recipients.state, length(petitions.number) AS width, max(petitions.number) AS number, count(*) AS count
FROM recipients JOIN petitions ON petitions.id = recipients.petition_id JOIN phones ON phones.key = recipients.phone_key
WHERE notice_id = $1 AND opted_out_at IS NULL GROUP BY 1, 2 ORDER BY count(*) DESC
"""


async def add(session: Session, values: Mapping[str, Any]) -> None:
    await session.sql.execute(notices.insert().values(**values))


async def find(session: Session, notice_id: UUID, unit: str, *, lock: bool = False) -> Row[Any] | None:
    """Of the unit's own notices."""
    query = select(notices).where(notices.c.id == notice_id, notices.c.unit == unit)
    query = query.with_for_update() if lock else query
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def gathering(session: Session, notice_id: UUID) -> Row[Any] | None:
    """For the answers of the ledger, never for an answer to a person."""
    query = select(notices).where(notices.c.id == notice_id).with_for_update()
    return (await session.sql.execute(query)).one_or_none()


async def page(
    session: Session, unit: str, *, state: str | None, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first; one row more than `limit` tells that there is a next page."""
    query = select(notices).where(notices.c.unit == unit)
    if state is not None:
        query = query.where(notices.c.state == state)
    if before is not None:
        query = query.where(notices.c.id < before)
    return (await session.sql.execute(query.order_by(notices.c.id.desc()).limit(limit + 1))).all()


async def save(session: Session, notice_id: UUID, values: Mapping[str, Any]) -> None:
    await session.sql.execute(update(notices).where(notices.c.id == notice_id).values(**values))


async def forget_recipients(session: Session, notice_id: UUID) -> None:
    """Of a draft whose filters change: nothing has been made of them."""
    await session.raw.execute("DELETE FROM recipients WHERE notice_id = $1", notice_id)


async def take(session: Session, notice: Row[Any], told: Recipients, gathered_at: datetime | None) -> None:
    ids = [each.petition for each in told.petitions]
    states = [each.state for each in told.petitions]
    await session.raw.execute(TAKE, notice.id, ids, states, notice.line, gathered_at)


async def next_turn(session: Session) -> asyncpg.Record | None:
    """A running notice that has recipients without a message, locked."""
    return await session.raw.fetchrow(TURN)


async def waiting(session: Session, notice_id: UUID, limit: int) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await session.raw.fetch(WAITING, notice_id, limit)
    return rows


async def note_made(session: Session, notice_id: UUID, made: Sequence[tuple[UUID, UUID | None, str | None]]) -> None:
    """made: petition, its message, or why there is none."""
    await session.raw.execute(MADE, notice_id, *zip(*made, strict=True))


async def hold_back(session: Session, now: datetime, notice_id: UUID | None = None) -> int:
    """Hold or cancel what is queued of notices that are paused or stopped; returns how many."""
    status: str = await session.raw.execute(HOLD_BACK, now, notice_id)
    return int(status.rsplit(maxsplit=1)[-1])


async def release(session: Session, notice_id: UUID, now: datetime) -> None:
    await session.raw.execute(RELEASE, notice_id, now)


async def done(session: Session) -> list[UUID]:
    """Running notices of which nothing is left to send, locked."""
    return [row["id"] for row in await session.raw.fetch(DONE)]


async def counts(session: Session, notice_id: UUID) -> dict[str, int]:
    """Messages by state."""
    return {row["state"]: row["count"] for row in await session.raw.fetch(COUNTS, notice_id)}


async def shapes(session: Session, notice_id: UUID) -> list[asyncpg.Record]:
    """(state, width, number, count): of recipients who want messages, as many as look alike."""
    rows: list[asyncpg.Record] = await session.raw.fetch(SHAPES, notice_id)
    return rows


def results(notice_id: UUID, line: Sequence[str], *, state: str | None = None) -> Select[Any]:
    """What became of the message of each recipient; not of petitions that are kept from these units by now."""
    query = (
        select(recipients.c.petition_id, petitions.c.number, recipients.c.left_out, recipients.c.state.label("stage"),
               phone_rows.c.key, phone_rows.c.number.label("phone"), messages.c.state, messages.c.gateway,
               messages.c.parts, messages.c.reason, messages.c.sent_at, messages.c.state_at)
        .join(petitions, petitions.c.id == recipients.c.petition_id)
        .join(phone_rows, phone_rows.c.key == recipients.c.phone_key)
        .outerjoin(messages, messages.c.id == recipients.c.message_id)
        .where(recipients.c.notice_id == notice_id, open_to(line))
        .order_by(recipients.c.petition_id)
    )  # fmt: skip
    if state is not None:
        query = query.where(func.coalesce(messages.c.state, recipients.c.left_out, "waiting") == state)
    return query


async def results_page(
    session: Session, notice_id: UUID, line: Sequence[str], *, state: str | None, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """One row more than `limit` tells that there is a next page."""
    query = results(notice_id, line, state=state)
    if after is not None:
        query = query.where(recipients.c.petition_id > after)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.limit(limit + 1))).all()
    return rows
