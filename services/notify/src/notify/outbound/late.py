"""Answers that come after they were given up: kept until the try they belong to is written down, then they count."""

from uuid import UUID

from kit.db import Session
from kit.runtime import Runtime
from notify.gateways.interface import Late
from notify.outbound import telling
from notify.outbound.handing import clean
from notify.outbound.receipts import CHANNEL, whole
from notify.outbound.settling import fold

AT_ONCE = 200
KEEP = """
INSERT INTO late_answers (message_id, number, gateway, gateway_id, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""
# while it is being sent, its parts are not written down yet, or another try of them is under way
DUE = """
WITH due AS (
  SELECT late.message_id, late.number, late.gateway
  FROM late_answers AS late LEFT JOIN messages ON messages.id = late.message_id
  WHERE messages.state IS DISTINCT FROM 'sending' ORDER BY late.message_id LIMIT $1 FOR UPDATE OF late SKIP LOCKED)
DELETE FROM late_answers AS late USING due
WHERE late.message_id = due.message_id AND late.number = due.number AND late.gateway = due.gateway
RETURNING late.message_id, late.number, late.gateway, late.gateway_id
"""
# number 0: all parts, of a gateway that took the message as a whole
TAKEN = """
UPDATE parts SET gateway_id = $4, reason = NULL, state = 'sent'
WHERE message_id = $1 AND gateway = $2 AND $3::int IN (0, number) AND state = 'unknown' AND gateway_id IS NULL
"""
NOT_TAKEN = """
DELETE FROM parts
WHERE message_id = $1 AND gateway = $2 AND $3::int IN (0, number) AND state = 'unknown' AND gateway_id IS NULL
"""


async def take(runtime: Runtime, gateway: str, late: Late) -> None:
    """Keep the answer to a part that had been left without one."""
    number = 0 if whole(runtime, gateway) else late.number
    gateway_id = None if late.gateway_id is None else clean(late.gateway_id)
    async with runtime.database.transaction() as session:
        await session.raw.execute(KEEP, late.message_id, number, gateway, gateway_id, runtime.clock.now())
        session.wake.add(CHANNEL)


async def match(runtime: Runtime, session: Session) -> int:
    """Let those count whose message is not being sent; how many."""
    rows = await session.raw.fetch(DUE, AT_ONCE)
    for row in sorted(rows, key=lambda row: (row["message_id"], row["number"])):
        await settle(runtime, session, row["gateway"], row["message_id"], row["number"], row["gateway_id"])
    return len(rows)


async def settle(
    runtime: Runtime, session: Session, gateway: str, message_id: UUID, number: int, gateway_id: str | None
) -> None:
    """A part that was in doubt is with the gateway under this id, or (null) it is not, and goes out again.

    number 0: all parts.
    """
    now = runtime.clock.now()
    if gateway_id is None:
        await session.raw.execute(NOT_TAKEN, message_id, gateway, number)
    else:
        await session.raw.execute(TAKEN, message_id, gateway, number, gateway_id)
    telling.tell(runtime, session, await fold(session, [message_id], now), now)
