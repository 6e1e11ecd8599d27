"""What stands in the databases and brokers of the nodes after the faults."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import asyncpg
import httpx

from kit.testing import eventually
from tests.support.tree import Tree
from xinqiao_local.local_node import LocalNode
from xinqiao_local.tree import SERVICES


async def query(node: LocalNode, service: str, sql: str, *values: Any) -> list[asyncpg.Record]:
    """Ask a service's database as the superuser."""
    async with _connected(node, service) as connection:
        rows: list[asyncpg.Record] = await connection.fetch(sql, *values)
        return rows


@asynccontextmanager
async def _connected(node: LocalNode, service: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(node.postgres.url(service, "postgres"))
    try:
        yield connection
    finally:
        await connection.close()


async def depths(node: LocalNode) -> dict[str, int]:
    """Messages in each queue of a node, ready and unacknowledged; without the stream, which keeps everything."""
    async with httpx.AsyncClient(base_url=node.rabbitmq.management_url, timeout=10) as api:
        queues = (await api.get("/api/queues", params={"columns": "name,messages,type"})).raise_for_status().json()
    return {queue["name"]: queue.get("messages", 0) for queue in queues if queue.get("type") != "stream"}


async def all_quiet(tree: Tree, *, parked: int = 0, within: float = 180) -> None:
    """Until no outbox holds a row and no queue a message, but for `parked` ones."""
    nodes = tree.cluster.nodes.values()
    async with AsyncExitStack() as stack:  # to connect anew for every look would keep the databases busy with that
        outboxes = [await stack.enter_async_context(_connected(node, name)) for node in nodes for name in SERVICES]

        async def quiet() -> bool:
            for outbox in outboxes:
                if await outbox.fetchval("SELECT 1 FROM outbox LIMIT 1"):
                    return False
            found = [await depths(node) for node in nodes]
            moving = sum(count for queues in found for name, count in queues.items() if not name.endswith("parked"))
            aside = sum(count for queues in found for name, count in queues.items() if name.endswith("parked"))
            return moving == 0 and aside == parked

        await eventually(quiet, within=within, every=0.5)


async def holders(tree: Tree, case: str) -> set[tuple[str, str]]:
    """(holder unit, writer node) of the newest version of a case, as every node that has that version tells it."""
    told: dict[int, set[tuple[str, str]]] = {}
    for node in tree.cluster.nodes.values():
        for row in await query(node, "routing", "SELECT version, holder_unit, writer FROM cases WHERE id = $1", case):
            told.setdefault(row["version"], set()).add((row["holder_unit"], row["writer"]))
    return told[max(told)]


async def states(tree: Tree) -> dict[str, str]:
    """Everything that events have made of all databases: to compare before and after."""
    shown = {}
    for name, node in tree.cluster.nodes.items():
        for service, table in (("routing", "cases"), ("intake", "case_states"), ("analytics", "facts")):
            rows = await query(node, service, f"SELECT to_jsonb(t) AS row FROM {table} t ORDER BY 1")  # noqa: S608 - names of our own
            shown[f"{name}.{table}"] = json.dumps([row["row"] for row in rows], sort_keys=True)
    return shown
