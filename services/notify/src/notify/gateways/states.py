"""How the gateways are: written down by the processes that hold the lines, read by all, also where nobody holds one."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import uuid4

from kit.db import Session
from kit.logs import log
from kit.runtime import Runtime
from notify import resources
from notify.gateways.interface import Health

LOOK = 1.0  # seconds
EVERY = 15.0  # seconds, also what has not changed
STALE = timedelta(seconds=60)  # then nobody knows
FORGOTTEN = timedelta(days=7)
WRITE = """
WITH gone AS (DELETE FROM gateway_states WHERE seen_at < $3)
INSERT INTO gateway_states (name, process, up, reason, since, seen_at)
SELECT name, $1, up, reason, since, $2 FROM unnest($4::text[], $5::boolean[], $6::text[], $7::timestamptz[])
  AS told (name, up, reason, since)
ON CONFLICT (name, process) DO UPDATE
  SET up = excluded.up, reason = excluded.reason, since = excluded.since, seen_at = excluded.seen_at
"""
# up, where one process says so; of those that are down, what was said last
STANDING = """
SELECT DISTINCT ON (name) name, up, reason, since, seen_at FROM gateway_states
ORDER BY name, seen_at > $1 DESC, up AND seen_at > $1 DESC, seen_at DESC
"""
State = Literal["up", "down", "unknown"]


@dataclass(frozen=True, slots=True)
class Standing:
    """since: from when it is up or down; unknown: when it was last heard of, null: never."""

    state: State
    since: datetime | None = None
    reason: str | None = None


async def standing(runtime: Runtime, session: Session) -> Mapping[str, Standing]:
    """Of all gateways of the settings."""
    stale = runtime.wall.now() - STALE
    rows = {row["name"]: row for row in await session.raw.fetch(STANDING, stale)}
    found = {}
    for name in resources.of(runtime).gateways:
        row = rows.get(name)
        if row is None or row["seen_at"] <= stale:
            found[name] = Standing("unknown", row and row["seen_at"])
        else:
            found[name] = Standing("up" if row["up"] else "down", row["since"], row["reason"])
    return found


async def write_down(runtime: Runtime) -> None:
    """Until cancelled: what changes, soon; all, from time to time."""
    loop, process, told, due = asyncio.get_running_loop(), uuid4().hex, None, 0.0
    while True:
        healths = {name: each.health for name, each in resources.of(runtime).gateways.items()}
        states = {name: (each.up, each.reason) for name, each in healths.items()}
        if states != told or loop.time() >= due:
            try:
                await note(runtime, process, healths)
                told, due = states, loop.time() + EVERY
            except Exception as error:  # noqa: BLE001 - the database comes back; the lines are held all the same
                log.warning("notify.states_not_noted", error=type(error).__name__)
        await asyncio.sleep(LOOK)


async def note(runtime: Runtime, process: str, healths: Mapping[str, Health]) -> None:
    now = runtime.wall.now()
    rows = [(name, each.up, each.reason, each.since) for name, each in sorted(healths.items())]
    async with runtime.database.transaction() as session:
        await session.raw.execute(WRITE, process, now, now - FORGOTTEN, *zip(*rows, strict=True))
