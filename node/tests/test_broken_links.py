"""Links between two brokers of their own: the parent's broker dies, the child's broker dies, and all arrives."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from kit.bus import Bus
from kit.testing import eventually
from node.declaring import apply
from xinqiao_local.rabbitmq import RabbitMQ

EVENT = "intake.petition.registered.v1"
TREE = ("33", "33.02")


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, RabbitMQ]]:
    started = {path: RabbitMQ(tmp_path_factory.mktemp("broker"), path) for path in TREE}
    for each in started.values():
        each.start(wait=False)
    for each in started.values():
        each.wait_ready()
    yield started
    for each in started.values():
        each.kill9()


@pytest.fixture
async def pair(
    brokers: dict[str, RabbitMQ], services: Any, node_settings: Any, tier_of: Any
) -> AsyncIterator[dict[str, Any]]:
    """Parent and child, linked, their queues safely on disk."""
    address = brokers["33"].url("link.33.02", "link-password")
    tiers = {}
    for path, parent in {"33": "", "33.02": address}.items():
        broker = brokers[path]
        settings = node_settings(path, broker.url(), broker.management_url, parent_amqp=parent, tree=TREE)
        await apply(settings, services)
        tiers[path] = tier_of(settings, Bus(broker.url(), name=f"tests.{path}"))
    for broker in brokers.values():
        await asyncio.to_thread(broker.wait_settled)
    yield tiers
    for tier in tiers.values():
        await tier.bus.close()


async def arrived(tier: Any, queue: str, ids: set[str]) -> None:
    seen: set[str] = set()

    async def all_there() -> bool:
        seen.update(each.message_id for each in await tier.take(queue))
        return ids <= seen

    await eventually(all_there, within=60)


@pytest.mark.parametrize("victim", TREE)
async def test_a_broker_killed_under_load_loses_nothing(
    pair: dict[str, Any], brokers: dict[str, RabbitMQ], victim: str
) -> None:
    """Up and down at once; what the child's services could not hand to their own broker is not in the count."""
    rising, falling = set(), set()
    for _ in range(150):
        rising.add(await pair["33.02"].say(EVENT))
        falling.add(await pair["33"].write("33.02"))
    await asyncio.to_thread(brokers[victim].kill9)
    survivor = next(path for path in TREE if path != victim)
    for _ in range(50):
        if survivor == "33":
            falling.add(await pair["33"].write("33.02"))
        else:
            rising.add(await pair["33.02"].say(EVENT))
    await asyncio.to_thread(brokers[victim].start)
    await arrived(pair["33"], "analytics.on-event", rising)
    await arrived(pair["33.02"], "intake.letters", falling)
