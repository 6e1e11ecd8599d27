"""What gateways tell of parts that left: taken many at a time, whatever the order and however often it is told.

A receipt of no part we know waits in early_receipts: for the answer that names its part, or, when no answer can come
any more, for the oldest part to the same number that was left without one.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from kit.crypto import Keyring
from kit.db import Session
from kit.runtime import Runtime
from notify.gateways.interface import Late, Receipt
from notify.outbound import outgoing, telling
from notify.outbound.domain import NO_FATE
from notify.outbound.figures import FATES, LATENCY
from notify.outbound.handing import clean
from notify.outbound.settling import fold
from notify.phones import key_of

CHANNEL = "fates"  # who looks after messages waits on it
AT_ONCE = 500
KEPT = timedelta(days=14)  # an early receipt that nothing was found for
OPEN = f"(parts.state IN ('sent', 'unknown') OR parts.reason = '{NO_FATE}')"
# locked in one order: batches with the same parts wait for each other, and never both
HIT = f"""
WITH told AS (
  SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS told (gateway, gateway_id, state, reason)),
hit AS (
  SELECT parts.message_id, parts.number, parts.sent_at, told.*, {OPEN} AS open
  FROM told JOIN parts ON parts.gateway = told.gateway AND parts.gateway_id = told.gateway_id
  ORDER BY parts.message_id, parts.number FOR UPDATE OF parts),
changed AS (
  UPDATE parts SET state = hit.state, reason = hit.reason, settled_at = $1
  FROM hit WHERE hit.open AND parts.message_id = hit.message_id AND parts.number = hit.number)
SELECT message_id, gateway, gateway_id, state, sent_at, open FROM hit
"""  # noqa: S608 - of constants
EARLY = """
INSERT INTO early_receipts (gateway, gateway_id, state, reason, phone_key, at, received_at)
SELECT *, $7 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[])
ON CONFLICT DO NOTHING
"""
# their part is known by now
FOUND = """
DELETE FROM early_receipts AS early WHERE ctid IN (
  SELECT early.ctid FROM early_receipts AS early
  WHERE EXISTS (SELECT FROM parts WHERE parts.gateway = early.gateway AND parts.gateway_id = early.gateway_id)
  LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING gateway, gateway_id, state, reason
"""
# no answer names them any more: parts to the same number that were left without one
DOUBTS = f"""
SELECT early.gateway, early.gateway_id, parts.message_id, parts.number
FROM early_receipts AS early
JOIN messages ON messages.phone_key = early.phone_key
JOIN parts ON parts.message_id = messages.id AND parts.gateway = early.gateway AND parts.gateway_id IS NULL
  AND {OPEN} AND parts.sent_at <= early.received_at
WHERE early.received_at <= $1
ORDER BY early.received_at, early.gateway_id, parts.sent_at, parts.message_id, parts.number LIMIT 2000
"""  # noqa: S608 - of constants
NAME = """
UPDATE parts SET gateway_id = told.gateway_id
FROM unnest($1::uuid[], $2::smallint[], $3::text[]) AS told (message_id, number, gateway_id)
WHERE parts.message_id = told.message_id AND told.number IN (0, parts.number) AND parts.gateway_id IS NULL
"""
# number 0: all parts, of a gateway that took the message as a whole
TAKEN = """
UPDATE parts SET gateway_id = $4, reason = NULL, state = 'sent'
WHERE message_id = $1 AND gateway = $2 AND $3::int IN (0, number) AND state = 'unknown' AND gateway_id IS NULL
RETURNING message_id
"""
NOT_TAKEN = """
WITH gone AS (
  DELETE FROM parts USING messages WHERE messages.id = message_id AND messages.state = 'unknown'
    AND message_id = $1 AND parts.gateway = $2 AND $3::int IN (0, number) AND parts.state = 'unknown'
    AND gateway_id IS NULL
  RETURNING message_id)
UPDATE messages SET state = 'queued', reason = 'not-sent', due_at = $4, state_at = $4
FROM (SELECT DISTINCT message_id FROM gone) AS gone WHERE id = gone.message_id
"""
FORGET = "DELETE FROM early_receipts WHERE received_at < $1"


async def take(runtime: Runtime, told: Sequence[tuple[str, Receipt]]) -> None:
    """Keep receipts, in a transaction of their own: what they return from is durable."""
    async with runtime.database.transaction() as session:
        await take_in(runtime, session, told)


async def take_in(runtime: Runtime, session: Session, told: Sequence[tuple[str, Receipt]]) -> None:
    """(name of the gateway, receipt); of several for one part the first counts."""
    now = runtime.clock.now()
    first: dict[tuple[str, str], Receipt] = {}
    for gateway, receipt in told:
        first.setdefault((gateway, clean(receipt.gateway_id)), receipt)
    rows = [(*key, each.state, clean(each.reason or "") or None) for key, each in first.items()]
    known = await _apply(runtime, session, rows, now)
    early = [(key, each) for key, each in first.items() if key not in known]
    if early:
        columns = zip(*(_early(runtime.keyring, *each) for each in early), strict=True)
        await session.raw.execute(EARLY, *columns, now)
        session.wake.add(CHANNEL)


def _early(ring: Keyring, key: tuple[str, str], receipt: Receipt) -> tuple[Any, ...]:
    phone = key_of(ring, receipt.phone) if receipt.phone else None
    return *key, receipt.state, clean(receipt.reason or "") or None, phone, receipt.at


async def _apply(
    runtime: Runtime, session: Session, rows: Sequence[tuple[Any, ...]], now: datetime
) -> set[tuple[str, str]]:
    """(gateway, gateway_id, state, reason): settle the parts these name; returns those that name one."""
    if not rows:
        return set()
    hits = await session.raw.fetch(HIT, now, *zip(*rows, strict=True))
    settled = [hit for hit in hits if hit["open"]]
    _count(settled, now)
    if settled:
        changes = await fold(session, list({hit["message_id"] for hit in settled}), now)
        telling.tell(runtime, session, changes, now)
    return {(hit["gateway"], hit["gateway_id"]) for hit in hits}


def _count(hits: Sequence[asyncpg.Record], now: datetime) -> None:
    for hit in hits:
        FATES.labels(hit["gateway"], hit["state"]).inc()
        LATENCY.labels(hit["gateway"]).observe(max(0.0, (now - hit["sent_at"]).total_seconds()))


async def match_early(runtime: Runtime, session: Session, answers_until: datetime) -> int:
    """Find the parts of receipts that came before we knew of them; returns how many were found.

    answers_until: of receipts that came before, no answer is awaited any more.
    """
    now = runtime.clock.now()
    found = await session.raw.fetch(FOUND, AT_ONCE)
    await _apply(runtime, session, [tuple(row) for row in found], now)
    pairs, taken = _pairs(runtime, await session.raw.fetch(DOUBTS, answers_until)), []
    if pairs:
        await session.raw.execute(NAME, *zip(*pairs, strict=True))
        taken = await session.raw.fetch(FOUND, AT_ONCE)
        await _apply(runtime, session, [tuple(row) for row in taken], now)
    await session.raw.execute(FORGET, now - KEPT)
    return len(found) + len(taken)


def whole(runtime: Runtime, gateway: str) -> bool:
    """Whether one id names all parts of a message."""
    held = runtime.resources.gateways.get(gateway)
    return held is not None and held.whole


def _pairs(runtime: Runtime, rows: Sequence[asyncpg.Record]) -> list[tuple[UUID, int, str]]:
    """To each receipt the oldest part that none before it took; number 0: all parts of the message."""
    parts: set[tuple[UUID, int]] = set()
    receipts: set[tuple[str, str]] = set()
    pairs = []
    for row in rows:
        receipt = row["gateway"], row["gateway_id"]
        part = row["message_id"], 0 if whole(runtime, row["gateway"]) else row["number"]
        if receipt not in receipts and part not in parts:
            receipts.add(receipt)
            parts.add(part)
            pairs.append((*part, row["gateway_id"]))
    return pairs


async def take_late(runtime: Runtime, gateway: str, late: Late) -> None:
    """The answer to a part that had been left without one: what was not taken goes out again."""
    number = 0 if whole(runtime, gateway) else late.number
    async with runtime.database.transaction() as session:
        if late.gateway_id is None:
            await not_taken(runtime, session, gateway, late.message_id, number)
        else:
            await taken(runtime, session, gateway, late.message_id, number, clean(late.gateway_id))


async def taken(
    runtime: Runtime, session: Session, gateway: str, message_id: UUID, number: int, gateway_id: str | None
) -> None:
    """A part that was in doubt is with the gateway. number 0: all parts."""
    now = runtime.clock.now()
    if await session.raw.fetchval(TAKEN, message_id, gateway, number, gateway_id):
        telling.tell(runtime, session, await fold(session, [message_id], now), now)
        session.wake.add(CHANNEL)


async def not_taken(runtime: Runtime, session: Session, gateway: str, message_id: UUID, number: int) -> None:
    """A part that was in doubt is not with the gateway, so says the gateway itself. number 0: all parts."""
    await session.raw.execute(NOT_TAKEN, message_id, gateway, number, runtime.clock.now())
    session.wake |= {outgoing.CHANNEL, outgoing.MASS_CHANNEL}
