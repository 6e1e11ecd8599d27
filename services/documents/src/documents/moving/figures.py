"""What is shown of the traffic between nodes: how much waits, how much is under way, since when."""

from datetime import timedelta

from prometheus_client import Gauge

from documents.moving.fetching import UNDER_WAY
from kit.app import Job
from kit.db import Session
from kit.runtime import Runtime

AWAITED = Gauge("xinqiao_files_awaited", "Files and papers that other nodes told of and that are not here", ["state"])
BYTES = Gauge("xinqiao_files_bytes_under_way", "Bytes that were asked for and have not come")
OLDEST = Gauge("xinqiao_files_oldest_awaited_seconds", "Since when the oldest is awaited that somebody can give")
WANTED = Gauge("xinqiao_files_wanted", "Pieces that other nodes wait for")
STANDING = "SELECT state, count(*) AS items FROM awaited GROUP BY state"
AGE = """
SELECT (SELECT min(told_at) FROM awaited WHERE state <> 'missing'),
  (SELECT count(*) FROM wanted WHERE served_at IS NULL)
"""
STATES = ("new", "told", "asked", "whole", "missing")


async def _measure(runtime: Runtime, session: Session) -> None:
    found = {row["state"]: row["items"] for row in await session.raw.fetch(STANDING)}
    for state in STATES:
        AWAITED.labels(state).set(found.get(state, 0))
    BYTES.set(sum(row["bytes"] for row in await session.raw.fetch(UNDER_WAY)))
    row = await session.raw.fetchrow(AGE)
    oldest, wanted = (None, 0) if row is None else row
    OLDEST.set(0 if oldest is None else max(0.0, (runtime.wall.now() - oldest).total_seconds()))
    WANTED.set(wanted)


FIGURES = Job("moving-figures", timedelta(seconds=15), _measure)
