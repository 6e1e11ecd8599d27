"""What is shown of the messages that go out: how many wait, since when, and what became of them."""

from datetime import timedelta

from prometheus_client import Counter, Gauge, Histogram

from kit.app import Job
from kit.db import Session
from kit.runtime import Runtime
from notify.outbound.domain import Lane

QUEUED = Gauge("xinqiao_messages_queued", "Messages that wait to be sent", ["lane"])
OLDEST = Gauge("xinqiao_messages_oldest_seconds", "For how long the oldest message that is due has waited", ["lane"])
UNKNOWN = Gauge("xinqiao_messages_unknown", "Messages that have left without an answer, and nobody has told yet")
AWAITED = Gauge("xinqiao_messages_awaited", "Messages that were sent and whose fate is awaited")
FATES = Counter("xinqiao_message_fates_total", "Parts that gateways told the fate of", ["gateway", "state"])
LATENCY = Histogram(
    "xinqiao_message_fate_seconds",
    "Time from the hand-over of a part to its fate",
    ["gateway"],
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200, 86_400),
)
STANDING = """
SELECT lane, count(*) AS queued, min(due_at) FILTER (WHERE due_at <= $1) AS oldest FROM messages WHERE state = 'queued'
GROUP BY lane
"""
OPEN = """
SELECT count(*) FILTER (WHERE state = 'unknown') AS unknown,
  count(*) FILTER (WHERE state = 'sent' AND due_at < 'infinity') AS awaited
FROM messages WHERE state IN ('sending', 'sent', 'unknown') AND due_at < 'infinity'
"""


async def _measure(runtime: Runtime, session: Session) -> None:
    now = runtime.clock.now()
    found = {row["lane"]: row for row in await session.raw.fetch(STANDING, now)}
    for lane in Lane:
        row = found.get(lane)
        waited = (now - row["oldest"]).total_seconds() if row and row["oldest"] else 0.0
        QUEUED.labels(lane.name.lower()).set(row["queued"] if row else 0)
        OLDEST.labels(lane.name.lower()).set(max(0.0, waited))
    unknown, awaited = await session.raw.fetchrow(OPEN) or (0, 0)
    UNKNOWN.set(unknown)
    AWAITED.set(awaited)


FIGURES = Job("message-figures", timedelta(seconds=15), _measure)
