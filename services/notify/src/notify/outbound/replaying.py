"""What waited because no gateway took it goes out again in the order in which it was made, once one is back."""

from kit.runtime import Runtime
from notify.outbound.outgoing import CHANNEL, MASS_CHANNEL

AT_ONCE = 1000
# once through the queue in the order of its index; what somebody else holds is no longer his to wait
REPLAY = """
WITH late AS (
  SELECT lane, due_at, id FROM messages
  WHERE state = 'queued' AND (lane, due_at, id) > ($2::smallint, $3::timestamptz, $4::uuid) AND due_at > $1
    AND reason = ANY('{not-sent,throttled,no-way}')
  ORDER BY lane, due_at, id LIMIT $5 FOR UPDATE SKIP LOCKED),
moved AS (UPDATE messages SET due_at = created_at FROM late WHERE messages.id = late.id)
SELECT lane, due_at, id FROM late ORDER BY lane DESC, due_at DESC, id DESC LIMIT 1
"""


async def replay(runtime: Runtime) -> None:
    """In transactions of a thousand messages: claims go on in between."""
    now = runtime.clock.now()
    after: tuple[object, ...] | None = (-1, now, "00000000-0000-0000-0000-000000000000")
    while after is not None:
        async with runtime.database.transaction() as session:
            row = await session.raw.fetchrow(REPLAY, now, *after, AT_ONCE)
            session.wake |= {CHANNEL, MASS_CHANNEL}
        after = None if row is None else tuple(row)
