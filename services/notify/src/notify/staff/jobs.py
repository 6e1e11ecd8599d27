"""What is done for the inbox by itself: figures of what waits, and forgetting."""

from datetime import timedelta

from prometheus_client import Gauge

from kit.app import Job
from kit.db import Session
from kit.runtime import Runtime
from notify.staff import usecases
from notify.staff.domain import CHANNELS

UNSENT = Gauge("xinqiao_staff_deliveries_unsent", "Messages to staff that are due and not sent", ["channel"])
OLDEST = Gauge("xinqiao_staff_deliveries_oldest_seconds", "For how long the oldest of them waits", ["channel"])
WAITING = """
SELECT channel, count(*) AS unsent, min(created_at) AS oldest FROM staff_deliveries
WHERE state IN ('gathering', 'queued', 'sending') AND due_at <= $1::timestamptz + interval '1 day' GROUP BY channel
"""


async def measure(runtime: Runtime, session: Session) -> None:
    now = runtime.clock.now()
    found = {row["channel"]: row for row in await session.raw.fetch(WAITING, now)}
    for channel in CHANNELS:
        row = found.get(channel)
        UNSENT.labels(channel).set(row["unsent"] if row else 0)
        OLDEST.labels(channel).set((now - row["oldest"]).total_seconds() if row else 0)


JOBS = (
    Job("notify.staff-figures", timedelta(seconds=15), measure),
    Job("notify.staff-forget", timedelta(minutes=10), usecases.forget),
)
