"""The outboxes of a node's services: what waits, what was set aside and why, and sending it again."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from kit.settings import NodeSettings

STATE = """
SELECT count(*) FILTER (WHERE parked_reason IS NULL) AS waiting,
       count(*) FILTER (WHERE parked_reason IS NOT NULL) AS parked,
       coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE parked_reason IS NULL)), 0)::float AS lag
FROM outbox
"""
PARKED = """
SELECT id, exchange, routing_key, message_id, parked_reason AS reason, created_at
FROM outbox WHERE parked_reason IS NOT NULL ORDER BY id LIMIT $1
"""
RETRY = (
    "UPDATE outbox SET parked_reason = NULL WHERE parked_reason IS NOT NULL AND ($1::bigint[] = '{}' OR id = ANY($1))"
)


@dataclass(frozen=True, slots=True)
class State:
    """waiting, parked: rows; lag: age in seconds of the oldest one that waits."""

    waiting: int
    parked: int
    lag: float


@dataclass(frozen=True, slots=True)
class ParkedRow:
    id: int
    exchange: str
    routing_key: str
    message_id: str
    reason: str
    created_at: datetime


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        yield connection
    finally:
        await connection.close(timeout=2)


class Outbox:
    """One service's outbox. Every call raises OSError or asyncpg.PostgresError when the database is away."""

    def __init__(self, settings: NodeSettings, service: str) -> None:
        self._dsn = settings.database.dsn(service)

    async def state(self) -> State:
        async with connected(self._dsn) as connection:
            (row,) = await connection.fetch(STATE)
        return State(**dict(row))

    async def parked(self, limit: int = 200) -> list[ParkedRow]:
        """Rows that could not be sent as they stand; bodies are not read."""
        async with connected(self._dsn) as connection:
            return [ParkedRow(**dict(row)) for row in await connection.fetch(PARKED, limit)]

    async def retry(self, ids: Sequence[int] = ()) -> int:
        """Let the relay try parked rows again: all, or those with these ids. Returns how many."""
        async with connected(self._dsn) as connection:
            status: str = await connection.execute(RETRY, list(ids))
            await connection.execute("NOTIFY outbox")
        return int(status.rsplit(maxsplit=1)[-1])
