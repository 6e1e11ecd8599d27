"""Rows of the inbox, in statements over whole batches; what may be read is said once, in READABLE."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from contracts.case_events import CaseState
from contracts.envelope import Envelope
from contracts.events import RequestState
from contracts.reading import readers_told
from kit.auth import Principal
from kit.db import Session

SHOWN = 20  # items whose numbers a message may tell
LOOKED_AT = 2000  # newest items of a unit among which those are counted that somebody has not read
FORGOTTEN = 20_000  # at once
# rows are locked in the order of their ids: no two batches wait for each other
GUARDS = """
INSERT INTO case_guards (id, version, accused_units, readers)
SELECT id, version, ARRAY(SELECT jsonb_array_elements_text(accused)),
  (SELECT array_agg(value) FROM jsonb_array_elements_text(readers) AS value)
FROM unnest($1::uuid[], $2::bigint[], $3::jsonb[], $4::jsonb[]) AS told (id, version, accused, readers) ORDER BY id
ON CONFLICT (id) DO UPDATE SET version = excluded.version, accused_units = excluded.accused_units,
  readers = coalesce(excluded.readers, case_guards.readers)
  WHERE case_guards.version < excluded.version OR (case_guards.version = 0 AND excluded.version = 0)
"""
KEEP = """
INSERT INTO staff_items (id, event_id, event_type, unit, region, roles, kind, petition_id, number, about, level,
  reason, due_at, conversation, at, created_at)
SELECT id, event_id, event_type, unit, region, ARRAY(SELECT jsonb_array_elements_text(roles)), kind, petition_id,
  number, about, level, reason, due_at, conversation, at, $15
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::text[], $8::uuid[],
  $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::uuid[], $16::timestamptz[])
  AS told (id, event_id, event_type, unit, region, roles, kind, petition_id, number, about, level, reason, due_at,
    conversation, at)
ORDER BY event_id, unit
ON CONFLICT (event_id, unit) DO NOTHING RETURNING id
"""
# who is written to, by the ways they chose: many items of a kind within a while are one message
GATHER = f"""
INSERT INTO staff_deliveries (id, subject, channel, kind, items, count, state, created_at, due_at, state_at)
SELECT gen_random_uuid(), person.subject, choice.channel, item.kind, (array_agg(item.id ORDER BY item.id))[1:{SHOWN}],
  count(*), 'gathering', $2::timestamptz, $2 + $3::interval, $2
FROM staff_items AS item
JOIN staff AS person ON person.unit = item.unit AND person.roles && item.roles AND person.seen_at > $4
JOIN staff_choices AS choice ON choice.subject = person.subject AND choice.kind = item.kind
JOIN staff_addresses AS address ON (address.subject, address.channel) = (choice.subject, choice.channel)
WHERE item.id = ANY($1::uuid[]) AND address.confirmed_at IS NOT NULL
GROUP BY person.subject, choice.channel, item.kind ORDER BY person.subject, choice.channel, item.kind
ON CONFLICT (subject, channel, kind) WHERE state = 'gathering' DO UPDATE SET
  items = (staff_deliveries.items || excluded.items)[1:{SHOWN}], count = staff_deliveries.count + excluded.count
"""  # noqa: S608 - a number of this file
# what accuses one's unit, or one above it, is kept from it (Art 30), what is confidential from all but its readers;
# person: a row with unit, region, roles and line of who reads. Of a conversation reads nothing from whom a petition of
# its telephone is kept, or one that it wrote about, as at the desk; its name is the half of the telephone's key
READABLE = """
  item.unit = person.unit AND item.roles && person.roles
  AND (item.region = person.region OR starts_with(item.region, person.region || '.'))
  AND CASE WHEN item.petition_id IS NOT NULL
    THEN NOT guard.accused_units && person.line AND (guard.readers IS NULL OR guard.readers && person.line)
    ELSE item.conversation IS NULL OR NOT EXISTS (
      SELECT FROM phones CROSS JOIN LATERAL (
        SELECT raised.accused_units, raised.readers FROM petitions AS raised WHERE raised.phone_key = phones.key
        UNION ALL
        SELECT about.accused_units, about.readers FROM inbound JOIN petitions AS about ON about.id = petition_id
        WHERE inbound.phone_key = phones.key) AS its
      WHERE phones.key >= uuid_send(item.conversation) AND phones.key <= uuid_send(item.conversation) || KEY_END
        AND (NOT its.accused_units && person.line AND (its.readers IS NULL OR its.readers && person.line)) IS NOT TRUE)
    END
""".replace("KEY_END", "decode(repeat('ff', 32), 'hex')")
GUARDED = "LEFT JOIN case_guards AS guard ON guard.id = item.petition_id"
READER = "(SELECT $1::text AS unit, $2::text AS region, $3::text[] AS roles, $4::text[] AS line) AS person"
MINE = f"staff_items AS item {GUARDED} JOIN {READER} ON {READABLE}"
# asked for each item: all that somebody has ever read are not
UNREAD = "(SELECT true FROM staff_reads AS read WHERE read.subject = $5 AND read.item_id = item.id) IS NULL"
PAGE = f"""
SELECT item.*, (SELECT at FROM staff_reads AS read WHERE read.subject = $5 AND read.item_id = item.id) AS read_at
FROM {MINE} WHERE ($6::uuid IS NULL OR item.id < $6) AND (NOT $7::boolean OR {UNREAD}) ORDER BY item.id DESC LIMIT $8
"""  # noqa: S608 - put together from constants of this file
# with every page that somebody opens: who has read everything must not have all of half a year looked at for that
NEWEST = f"(SELECT * FROM staff_items WHERE unit = $1 ORDER BY id DESC LIMIT {LOOKED_AT})"  # noqa: S608 - likewise
COUNT = f"""
SELECT count(*) FROM (
  SELECT FROM {NEWEST} AS item {GUARDED} JOIN {READER} ON {READABLE} WHERE {UNREAD} LIMIT $6) AS counted
"""  # noqa: S608 - likewise
MARK = f"""
INSERT INTO staff_reads (item_id, subject, at)
SELECT item.id, $5, $6 FROM {MINE}
WHERE {UNREAD} AND (item.id = ANY($7::uuid[]) OR item.id <= $8::uuid) ORDER BY item.id ON CONFLICT DO NOTHING
"""  # noqa: S608 - likewise
# in the words of now: who has moved to another unit is told what that one is told
SEEN = """
UPDATE staff SET unit = $2, region = $3, roles = $4, line = $5, seen_at = $6
WHERE subject = $1 AND ((unit, region, roles, line) IS DISTINCT FROM ($2, $3, $4::text[], $5::text[])
  OR seen_at < $6::timestamptz - interval '1 hour')
"""
FORGET = "DELETE FROM staff_items WHERE id IN (SELECT id FROM staff_items WHERE created_at < $1 LIMIT $2)"
FORGET_SENT = """
DELETE FROM staff_deliveries WHERE id IN (SELECT id FROM staff_deliveries
  WHERE created_at < $1 AND state IN ('sent', 'failed', 'cancelled') LIMIT $2)
"""


@dataclass(frozen=True, slots=True)
class Item:
    """For one unit; see staff.tables."""

    id: UUID
    event_id: UUID
    event_type: str
    unit: str
    region: str
    roles: tuple[str, ...]
    kind: str
    petition_id: UUID | None
    number: str
    conversation: UUID | None
    about: str
    level: str
    reason: str | None
    due_at: datetime | None
    at: datetime


async def keep_guards(session: Session, events: Sequence[Envelope]) -> None:
    """Whom the cases of these events accuse and who may read of them; warnings say nothing of that."""
    newest: dict[UUID, tuple[int, list[str], str | None]] = {}
    telling = sorted((e for e in events if isinstance(e.data, CaseState | RequestState)), key=_version)
    for event, readers in zip(telling, readers_told(telling), strict=True):
        said = readers
        if isinstance(event.data, RequestState) and event.data.readers is not None:
            said = json.dumps(event.data.readers)
        newest[event.subject] = (_version(event), event.data.accused_units, said)
    if newest:
        await session.raw.execute(
            GUARDS, list(newest), [version for version, _, _ in newest.values()],
            [json.dumps(accused) for _, accused, _ in newest.values()], [said for _, _, said in newest.values()],
        )  # fmt: skip


def _version(event: Envelope) -> int:
    """Of the case; a request counts its own versions."""
    return event.version if isinstance(event.data, CaseState) else 0


async def keep(
    session: Session, items: Sequence[Item], *, now: datetime, gather: timedelta, here_since: datetime
) -> list[UUID]:
    """Each event once for each unit, and what follows for those who want to be written to; returns the new ones.

    here_since: who has not looked since then is not written to.
    """
    if not items:
        return []
    rows = [
        (i.id, i.event_id, i.event_type, i.unit, i.region, json.dumps(i.roles), i.kind, i.petition_id, i.number,
         i.about, i.level, i.reason, i.due_at, i.conversation, i.at)
        for i in items
    ]  # fmt: skip
    *columns, at = zip(*rows, strict=True)
    new = [row["id"] for row in await session.raw.fetch(KEEP, *columns, now, at)]
    if new:
        await session.raw.execute(GATHER, new, now, gather, here_since)
    return new


def _reader(principal: Principal) -> tuple[Any, ...]:
    return principal.unit, principal.region, sorted(principal.roles), principal.line, principal.subject


async def page(
    session: Session, principal: Principal, *, before: UUID | None, limit: int, unread: bool
) -> list[asyncpg.Record]:
    """Newest first; one row more than `limit` tells that there is a next page."""
    rows: list[asyncpg.Record] = await session.raw.fetch(PAGE, *_reader(principal), before, unread, limit + 1)
    return rows


async def unread(session: Session, principal: Principal, most: int) -> int:
    """How many of the newest this person has not read; it is not counted beyond `most`."""
    found: int = await session.raw.fetchval(COUNT, *_reader(principal), most)
    return found


async def mark(
    session: Session, principal: Principal, *, ids: Sequence[UUID], until: UUID | None, now: datetime
) -> None:
    """These are read, and all up to `until`; what may not be read stays as it is."""
    await session.raw.execute(MARK, *_reader(principal), now, ids, until)


async def see(session: Session, principal: Principal, now: datetime) -> None:
    """Keep what somebody who chose ways to be told is now, if that has changed or an hour has passed."""
    unit, region, roles, line, subject = _reader(principal)
    await session.raw.execute(SEEN, subject, unit, region, roles, line, now)


async def forget(session: Session, before: datetime) -> None:
    await session.raw.execute(FORGET, before, FORGOTTEN)
    await session.raw.execute(FORGET_SENT, before, FORGOTTEN)
