"""Receipts that came before we knew of their part: looked for again, ever more seldom, until it is known by its id, or,
when no answer can name it any more, for the oldest part to the same number that was left without one.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from kit.db import Session
from kit.runtime import Runtime
from notify.outbound.receipts import OPEN, apply, known_since, whole

AT_ONCE = 500
# a minute: by so much the clock of who sent it may be ahead of that of who got the receipt
LOOK = f"""
WITH due AS (
  SELECT gateway, gateway_id, state, reason, phone_key, received_at FROM early_receipts WHERE due_at <= $1
  ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED),
seen AS (
  SELECT due.*, EXISTS (SELECT FROM parts WHERE parts.gateway = due.gateway AND parts.gateway_id = due.gateway_id
    AND parts.sent_at < due.received_at + interval '1 minute' AND (parts.sent_at > $2 OR {OPEN})) AS found FROM due),
gone AS (
  DELETE FROM early_receipts AS early USING seen WHERE early.gateway = seen.gateway
    AND early.gateway_id = seen.gateway_id AND (seen.found OR seen.received_at <= $2)),
later AS (
  UPDATE early_receipts AS early SET due_at = $1 + greatest(interval '1 second', $1 - seen.received_at)
  FROM seen WHERE early.gateway = seen.gateway AND early.gateway_id = seen.gateway_id
    AND NOT seen.found AND seen.received_at > $2)
SELECT * FROM seen
"""  # noqa: S608 - of constants
# parts to the same number that were left without an answer; not those of long ago, whose number may be another's now
DOUBTS = f"""
SELECT early.gateway, early.gateway_id, parts.message_id, parts.number
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::timestamptz[])
  AS early (gateway, gateway_id, phone_key, received_at)
JOIN messages ON messages.phone_key = early.phone_key AND messages.sent_at > early.received_at - interval '30 days'
JOIN parts ON parts.message_id = messages.id AND parts.gateway = early.gateway AND parts.gateway_id IS NULL
  AND {OPEN} AND parts.sent_at <= early.received_at
ORDER BY early.received_at, early.gateway_id, parts.sent_at, parts.message_id, parts.number LIMIT 2000
"""  # noqa: S608 - of constants
NAME = """
UPDATE parts SET gateway_id = told.gateway_id
FROM unnest($1::uuid[], $2::smallint[], $3::text[]) AS told (message_id, number, gateway_id)
WHERE parts.message_id = told.message_id AND told.number IN (0, parts.number) AND parts.gateway_id IS NULL
"""
FORGET = """
DELETE FROM early_receipts AS early USING unnest($1::text[], $2::text[]) AS named (gateway, gateway_id)
WHERE early.gateway = named.gateway AND early.gateway_id = named.gateway_id
"""


async def match(runtime: Runtime, session: Session, answers_until: datetime) -> int:
    """Find the parts of receipts whose turn it is; returns how many were found.

    answers_until: of receipts that came before, no answer is awaited any more.
    """
    now = runtime.clock.now()
    seen = await session.raw.fetch(LOOK, now, known_since(runtime, now), AT_ONCE)
    found = [row for row in seen if row["found"]]
    nameless = [row for row in seen if not row["found"] and row["phone_key"] and row["received_at"] <= answers_until]
    if nameless:
        named = await _name(runtime, session, nameless)
        await session.raw.execute(FORGET, [row["gateway"] for row in named], [row["gateway_id"] for row in named])
        found += named
    told = [(row["gateway"], row["gateway_id"], row["state"], row["reason"]) for row in found]
    await apply(runtime, session, told, now)
    return len(found)


async def _name(runtime: Runtime, session: Session, rows: Sequence[asyncpg.Record]) -> list[asyncpg.Record]:
    """Let parts in doubt be what these receipts tell of; returns those that found one."""
    columns = ([row[name] for row in rows] for name in ("gateway", "gateway_id", "phone_key", "received_at"))
    pairs = _pairs(runtime, await session.raw.fetch(DOUBTS, *columns))
    named = [(*part, gateway_id) for (_, gateway_id), part in pairs.items()]
    if named:
        await session.raw.execute(NAME, *zip(*named, strict=True))
    return [row for row in rows if (row["gateway"], row["gateway_id"]) in pairs]


def _pairs(runtime: Runtime, rows: Sequence[asyncpg.Record]) -> dict[tuple[str, str], tuple[UUID, int]]:
    """To each receipt the oldest part that none before it took; number 0: all parts of the message."""
    pairs: dict[tuple[str, str], tuple[UUID, int]] = {}
    taken: set[tuple[UUID, int]] = set()
    for row in rows:
        receipt = row["gateway"], row["gateway_id"]
        part = row["message_id"], 0 if whole(runtime, row["gateway"]) else row["number"]
        if receipt not in pairs and part not in taken:
            pairs[receipt] = part
            taken.add(part)
    return pairs
