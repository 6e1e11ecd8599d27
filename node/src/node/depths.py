"""The gauge of queue depths: asked from the broker every few seconds by the processes that run workers."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from kit import telemetry
from kit.settings import NodeSettings
from node.management import BrokerRefused, Management
from node.services import NAMES

EVERY = 5.0  # seconds


def shown(depths: Mapping[str, int], services: Collection[str]) -> dict[str, int]:
    """The queues of these services; what belongs to no service (links, stream) is shown where intake is. Pure."""
    return {queue: depth for queue, depth in depths.items() if _owner(queue) in services}


def _owner(queue: str) -> str:
    first = queue.split(".", 1)[0]
    return first if first in NAMES else NAMES[0]


@asynccontextmanager
async def measuring(settings: NodeSettings, services: Collection[str]) -> AsyncIterator[None]:
    """Keep the gauge up to date while the block runs; while the broker is away there are no figures."""
    task = asyncio.create_task(_measure(settings, services), name="depths")
    try:
        yield
    finally:
        task.cancel()


async def _measure(settings: NodeSettings, services: Collection[str]) -> None:
    async with Management(settings) as api:
        while True:
            try:
                depths = shown(await api.depths(), services)
            except (OSError, BrokerRefused):
                telemetry.QUEUE_DEPTH.clear()
            else:
                for queue, depth in depths.items():
                    telemetry.QUEUE_DEPTH.labels(queue).set(depth)
            await asyncio.sleep(EVERY)
