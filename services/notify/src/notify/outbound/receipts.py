"""What gateways tell of parts that left: taken many at a time, whatever the order and however often it is told.

A receipt of no part we know waits in early_receipts (early.py). Gateways give their ids again: what was settled longer
ago than fates are awaited is another message.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from kit.crypto import Keyring
from kit.db import Session
from kit.runtime import Runtime
from notify import resources
from notify.gateways.interface import Receipt
from notify.outbound import telling
from notify.outbound.domain import NO_FATE
from notify.outbound.figures import FATES, LATENCY
from notify.outbound.handing import clean
from notify.outbound.settling import fold
from notify.phones import key_of

CHANNEL = "fates"  # who looks after messages waits on it
OPEN = f"(parts.state IN ('sent', 'unknown') OR parts.reason = '{NO_FATE}')"
# locked in one order: batches with the same parts wait for each other, and never both
HIT = f"""
WITH told AS (
  SELECT * FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS told (gateway, gateway_id, state, reason)),
hit AS (
  SELECT parts.message_id, parts.number, parts.sent_at, told.*, {OPEN} AS open
  FROM told JOIN parts ON parts.gateway = told.gateway AND parts.gateway_id = told.gateway_id
  WHERE parts.sent_at > $6 OR ({OPEN} AND NOT EXISTS (
    SELECT FROM parts AS newer WHERE newer.gateway = parts.gateway AND newer.gateway_id = parts.gateway_id
      AND newer.sent_at > parts.sent_at))
  ORDER BY parts.message_id, parts.number FOR UPDATE OF parts),
changed AS (
  UPDATE parts SET state = hit.state, reason = hit.reason, settled_at = $1
  FROM hit WHERE hit.open AND parts.message_id = hit.message_id AND parts.number = hit.number)
SELECT message_id, gateway, gateway_id, state, reason, sent_at, open FROM hit
"""  # noqa: S608 - of constants
EARLY = """
INSERT INTO early_receipts (gateway, gateway_id, state, reason, phone_key, at, received_at, due_at)
SELECT *, $7, $7 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::timestamptz[])
ON CONFLICT DO NOTHING
"""


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
    known = await apply(runtime, session, rows, now)
    early = [(key, each) for key, each in first.items() if key not in known]
    if early:
        columns = zip(*(_early(runtime.keyring, *each) for each in early), strict=True)
        await session.raw.execute(EARLY, *columns, now)
        session.wake.add(CHANNEL)


def _early(ring: Keyring, key: tuple[str, str], receipt: Receipt) -> tuple[Any, ...]:
    phone = key_of(ring, receipt.phone) if receipt.phone else None
    return *key, receipt.state, clean(receipt.reason or "") or None, phone, receipt.at


async def apply(
    runtime: Runtime, session: Session, rows: Sequence[tuple[Any, ...]], now: datetime
) -> set[tuple[str, str]]:
    """(gateway, gateway_id, state, reason): settle the parts these name; returns those that name one."""
    if not rows:
        return set()
    hits = await session.raw.fetch(HIT, now, *zip(*rows, strict=True), known_since(runtime, now))
    settled = [hit for hit in hits if hit["open"]]
    _count(settled, now)
    if settled:
        written = {hit["message_id"]: {"states": (hit["state"],), "reason": hit["reason"]} for hit in settled}
        changes = await fold(session, list(written), now, written)
        telling.tell(runtime, session, changes, now)
    return {(hit["gateway"], hit["gateway_id"]) for hit in hits}


def _count(hits: Sequence[asyncpg.Record], now: datetime) -> None:
    for of, count in Counter((hit["gateway"], hit["state"]) for hit in hits).items():
        FATES.labels(*of).inc(count)
    latencies = {name: LATENCY.labels(name) for name in {hit["gateway"] for hit in hits}}
    for hit in hits:
        latencies[hit["gateway"]].observe(max(0.0, (now - hit["sent_at"]).total_seconds()))


def known_since(runtime: Runtime, now: datetime) -> datetime:
    """From when on the id of a settled part still means that part."""
    return now - timedelta(hours=resources.of(runtime).settings.outbound.fate_hours)


def whole(runtime: Runtime, gateway: str) -> bool:
    """Whether one id names all parts of a message."""
    held = resources.of(runtime).gateways.get(gateway)
    return held is not None and held.whole
