"""When a round is over: every message has left, every service knows how every case ended."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Self

import asyncpg
from deploy.bench.whole_node import WholeNode

PATIENCE = 180.0
LEFT = """
SELECT count(*) FILTER (WHERE parked_reason IS NULL), count(*) FILTER (WHERE parked_reason IS NOT NULL) FROM outbox
"""
# cases of which a service has heard less than it should
BEHIND = {
    "routing": "SELECT count(*) FROM cases WHERE id = ANY($1) AND version < $2",
    "intake": "SELECT $3 - count(*) FROM case_states WHERE petition_id = ANY($1) AND version >= $2",
    "documents": "SELECT $3 - count(*) FROM petitions WHERE id = ANY($1) AND case_sequence >= $2",
    "notify": "SELECT $3 - count(*) FROM petitions WHERE id = ANY($1) AND case_version >= $2 AND phone_key IS NOT NULL",
    "analytics": "SELECT $3 - count(*) FROM facts WHERE id = ANY($1) AND version >= $2",
}
UNSENT = "SELECT count(*) FROM messages WHERE state IN ('queued', 'sending')"


class Settling:
    """Connections to the databases of a node, for looking."""

    def __init__(self, node: WholeNode) -> None:
        self._node = node
        self._connections: dict[str, asyncpg.Connection[Any]] = {}

    async def __aenter__(self) -> Self:
        for service, dsn in self._node.dsns.items():
            self._connections[service] = await asyncpg.connect(dsn)
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in self._connections.values():
            await connection.close()

    async def wait(self, cases: Sequence[str], version: int) -> float:
        """time.monotonic() of the instant all was out and known, at most some hundredths of a second late.

        Raises RuntimeError when something was parked, TimeoutError naming what is behind.
        """
        deadline = time.monotonic() + PATIENCE
        while behind := await self._behind(cases, version):
            if time.monotonic() > deadline:
                raise TimeoutError(f"still behind after {PATIENCE:g} s: {behind}")
            await asyncio.sleep(0.03)
        return time.monotonic()

    async def _behind(self, cases: Sequence[str], version: int) -> dict[str, int]:
        """Outboxes first: while they hold something, nothing else need be asked."""
        behind = {}
        for service, connection in self._connections.items():
            left, parked = await connection.fetchrow(LEFT) or (0, 0)
            if parked:
                raise RuntimeError(f"{parked} messages of {service} were parked")
            if left:
                behind[f"{service}.outbox"] = left
        if behind:
            return behind
        if unsent := await self._connections["notify"].fetchval(UNSENT):
            return {"notify.messages": unsent}
        for service, query in BEHIND.items():
            values = [list(cases), version, len(cases)][: query.count("$")]
            if late := await self._connections[service].fetchval(query, *values):
                behind[service] = late
        return behind
