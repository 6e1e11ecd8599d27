"""What an operator at the terminal sees and settles: what comes and goes, what waits, what nobody knows the fate of."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg

from kit import audit
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from notify.outbound import late, telling
from notify.outbound.settling import fold

Fate = Literal["delivered", "failed", "not-sent"]
# by the ids, in which the time is: no index of their own is needed
LATELY = """
SELECT * FROM (
  (SELECT inbound.id, 'in' AS way, received_at AS at, state, meaning AS what, gateway, phones.key, phones.number
   FROM inbound JOIN phones ON phones.key = phone_key WHERE id > $1 ORDER BY id DESC LIMIT $2)
  UNION ALL
  (SELECT messages.id, 'out', created_at, state, template, gateway, phones.key, phones.number
   FROM messages JOIN phones ON phones.key = phone_key WHERE id > $1 ORDER BY id DESC LIMIT $2)) AS said
ORDER BY id DESC LIMIT $2
"""
QUEUED = """
SELECT lane, count(*), min(created_at) AS oldest FROM messages WHERE state = 'queued' GROUP BY lane ORDER BY lane
"""
AWAITED = """
SELECT state, count(*), min(state_at) AS oldest FROM messages WHERE state IN ('sending', 'sent', 'unknown')
  AND due_at < 'infinity' GROUP BY state ORDER BY state
"""
HELD = """
SELECT count(*) FROM notices JOIN messages ON notice_id = notices.id AND messages.state = 'held'
WHERE notices.state = 'paused'
"""
WAITING = """
SELECT count(*), min(received_at) AS oldest,
  count(*) FILTER (WHERE desk_due_at <= $1 OR (due_at < $1 AND answered_at IS NULL)) AS overdue
FROM inbound WHERE state = 'unparsed'
"""
UNKNOWN = """
SELECT messages.id, template, gateway, state_at, reason, phones.key, phones.number
FROM messages JOIN phones ON phones.key = phone_key WHERE state = 'unknown' ORDER BY due_at LIMIT $1
"""
LAST = "SELECT phone_key FROM inbound ORDER BY id DESC LIMIT 1"
BY_HAND = """
UPDATE parts SET state = $2, reason = 'by-hand', settled_at = $3 WHERE message_id = $1 AND state = 'unknown'
"""


def floor(at: datetime) -> UUID:
    """Before all ids that were given from then on: they begin with the milliseconds (RFC 9562, version 7)."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


async def lately(session: Session, since: datetime, most: int) -> list[asyncpg.Record]:
    """What came and was made from then on, in its order: (id, way, at, state, what, gateway, key, number)."""
    rows = await session.raw.fetch(LATELY, floor(since), most)
    return rows[::-1]


async def depths(session: Session, now: datetime) -> Mapping[str, list[asyncpg.Record]]:
    """Queued by lane, awaited by state, held of paused notices, texts that wait for an operator."""
    raw = session.raw
    return {
        "queued": await raw.fetch(QUEUED), "awaited": await raw.fetch(AWAITED), "held": await raw.fetch(HELD),
        "waiting": await raw.fetch(WAITING, now),
    }  # fmt: skip


async def unknowns(session: Session, most: int) -> list[asyncpg.Record]:
    """(id, template, gateway, state_at, reason, key, number): left without an answer."""
    rows: list[asyncpg.Record] = await session.raw.fetch(UNKNOWN, most)
    return rows


async def last_phone(session: Session) -> bytes | None:
    """Who wrote last."""
    key: bytes | None = await session.raw.fetchval(LAST)
    return key


async def settle(runtime: Runtime, session: Session, message_id: UUID, fate: Fate, *, by: str) -> None:
    """What became of a message in doubt, as the carrier's own records say. not-sent: it goes out again.

    Raises Refused("not-found") where it is not in doubt.
    """
    row = await session.raw.fetchrow(
        "SELECT gateway FROM messages WHERE id = $1 AND state = 'unknown' FOR UPDATE", message_id
    )
    if row is None:
        raise Refused("not-found")
    now = runtime.clock.now()
    if fate == "not-sent":
        await late.settle(runtime, session, row["gateway"], message_id, 0, None)
    else:
        await session.raw.execute(BY_HAND, message_id, fate, now)
        telling.tell(runtime, session, await fold(session, [message_id], now), now)
    office = runtime.settings.node.office_unit
    audit.note(session, "settle-message", subject=message_id, at=now, actor=by, unit=office, detail={"as": fate})


def window(now: datetime) -> datetime:
    """As far back as one that follows looks: what was committed late, or has changed, is seen too."""
    return now - timedelta(minutes=1)
