"""Makes a broker look as its topology says, and tells where it does not."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aio_pika.abc import AbstractChannel

from kit.amqp import broker_call
from kit.app import Service
from kit.bus import Bus
from kit.settings import NodeSettings
from node.management import Management
from node.topology import Binding, Topology, topology_of

Report = Callable[[str], None]
OPTIONAL_EXCHANGES = ("from-child.", "from-parent", "letters.up")


def silent(_: str) -> None:
    """A report nobody reads."""


@dataclass(frozen=True)
class Applied:
    """new_queues: how many were made now; left: what a person must look at."""

    new_queues: int
    left: list[str]


async def apply(settings: NodeSettings, services: Sequence[Service], report: Report = silent) -> Applied:
    """Declare everything, take away what the node file no longer names; done twice it changes nothing.

    A queue with messages is never deleted. Raises OSError when the broker is away, or BrokerRefused.
    """
    wanted = topology_of(settings, services)
    bus = Bus(settings.broker.url.get_secret_value(), name=f"xinqiao.setup.{settings.node.path}")
    async with Management(settings) as api:
        before = await api.observe()
        try:
            await _declare_policies(api, wanted, before)  # first: no letter may find an exchange without its way up
            await _declare_users(api, wanted, before)
            async with bus.channel() as channel:
                await _declare(channel, wanted)
                report(
                    f"{len(wanted.exchanges)} exchanges, {len(wanted.queues)} queues, {len(wanted.bindings)} bindings"
                )
                await _unbind_stale(channel, wanted, before)
                await _delete_stale_exchanges(channel, wanted, before)
                left = await _delete_stale_queues(channel, wanted, before)
        finally:
            await bus.close()
        await _declare_shovels(api, wanted, before)
        report(f"{len(wanted.users)} link users, {len(wanted.shovels)} shovels")
    return Applied(len(wanted.queues.keys() - before.queues.keys()), left)


async def check(settings: NodeSettings, services: Sequence[Service]) -> list[str]:
    """Every difference between the broker and what it should look like; empty when there is none."""
    async with Management(settings) as api:
        return list(differences(topology_of(settings, services), await api.observe()))


def differences(wanted: Topology, found: Topology) -> Iterator[str]:
    """Tell what is missing, different or left over. Pure."""
    pairs: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = [
        ("exchange", wanted.exchanges, found.exchanges),
        ("queue", wanted.queues, found.queues),
        ("policy", wanted.policies, found.policies),
        ("link user", wanted.users, found.users),
        ("shovel", wanted.shovels, found.shovels),
    ]
    for kind, expected, seen in pairs:
        yield from (f"{kind} {name}: missing 缺少" for name in expected if name not in seen)
        yield from (
            f"{kind} {name}: different 不一致" for name in expected if name in seen and seen[name] != expected[name]
        )
    yield from (f"binding {_shown(each)}: missing 缺少" for each in sorted(wanted.bindings - found.bindings))
    yield from (f"{each}: left over 多余" for each in _left_over(wanted, found))


def _shown(binding: Binding) -> str:
    return f"{binding.source} --({binding.key})--> {binding.destination}"


def _left_over(wanted: Topology, found: Topology) -> Iterator[str]:
    yield from (f"binding {_shown(each)}" for each in sorted(stale_bindings(wanted, found)))
    yield from (f"exchange {name}" for name in stale_exchanges(wanted, found))
    yield from (f"queue {name}" for name in stale_queues(wanted, found))
    yield from (f"policy {name}" for name in found.policies if name not in wanted.policies)
    yield from (f"link user {name}" for name in found.users if name not in wanted.users)
    yield from (f"shovel {name}" for name in found.shovels if name not in wanted.shovels)


def stale_bindings(wanted: Topology, found: Topology) -> set[Binding]:
    """Bindings nobody wants from our exchanges to our queues; of queues that are not ours only the links' ones."""
    ours = {*wanted.queues, *wanted.exchanges, *stale_queues(wanted, found)}
    return {each for each in found.bindings - wanted.bindings if each.destination in ours}


def stale_exchanges(wanted: Topology, found: Topology) -> list[str]:
    return [name for name in found.exchanges if name not in wanted.exchanges and name.startswith(OPTIONAL_EXCHANGES)]


def stale_queues(wanted: Topology, found: Topology) -> list[str]:
    """Queues of links that are no more. A service's queues are never taken for stale: it may be set up alone."""
    return [name for name in found.queues if name not in wanted.queues and name.startswith("link.")]


async def _declare(channel: AbstractChannel, wanted: Topology) -> None:
    for name, kind in wanted.exchanges.items():
        async with broker_call():
            await channel.declare_exchange(name, kind, durable=True)
    for name, arguments in wanted.queues.items():
        async with broker_call(30):
            await channel.declare_queue(name, durable=True, arguments=dict(arguments))
    for binding in sorted(wanted.bindings):
        async with broker_call():
            await (await _end(channel, binding)).bind(binding.source, binding.key)


async def _end(channel: AbstractChannel, binding: Binding) -> Any:
    """The queue or exchange a binding leads to."""
    look_up = channel.get_queue if binding.kind == "queue" else channel.get_exchange
    return await look_up(binding.destination, ensure=False)


async def _unbind_stale(channel: AbstractChannel, wanted: Topology, before: Topology) -> None:
    for binding in stale_bindings(wanted, before):
        async with broker_call():
            await (await _end(channel, binding)).unbind(binding.source, binding.key)


async def _delete_stale_exchanges(channel: AbstractChannel, wanted: Topology, before: Topology) -> None:
    for name in stale_exchanges(wanted, before):
        async with broker_call():
            await channel.exchange_delete(name)


async def _delete_stale_queues(channel: AbstractChannel, wanted: Topology, before: Topology) -> list[str]:
    """Nothing is bound to them and nobody may read them any more, so a queue that is empty stays empty."""
    left = []
    for name in stale_queues(wanted, before):
        messages = await _emptied(channel, name)
        if messages:
            left.append(f"queue {name} is of no link any more and holds {messages} messages")
            continue
        async with broker_call():
            await channel.queue_delete(name)
    return left


async def _emptied(channel: AbstractChannel, name: str) -> int:
    """Messages in the queue once nobody holds any: what a reader was given comes back when its connection ends."""
    deadline = time.monotonic() + 5
    while True:
        async with broker_call():
            state = (await channel.declare_queue(name, passive=True)).declaration_result
        if not state.consumer_count or time.monotonic() > deadline:
            return (state.message_count or 0) + (state.consumer_count or 0)
        await asyncio.sleep(0.1)


async def _declare_policies(api: Management, wanted: Topology, before: Topology) -> None:
    for name, policy in wanted.policies.items():
        if before.policies.get(name) != policy:
            await api.call("PUT", "policies", api.vhost, name, **policy)
    for name in before.policies.keys() - wanted.policies.keys():
        await api.call("DELETE", "policies", api.vhost, name)


async def _declare_users(api: Management, wanted: Topology, before: Topology) -> None:
    for name, user in wanted.users.items():
        await api.put_user(name, user)
    for name in before.users.keys() - wanted.users.keys():
        await api.call("DELETE", "users", name)  # its connections end with it


async def _declare_shovels(api: Management, wanted: Topology, before: Topology) -> None:
    """Putting an equal definition would restart a running shovel."""
    for name in before.shovels.keys() - wanted.shovels.keys():
        await api.call("DELETE", "parameters", "shovel", api.vhost, name)
    for name, shovel in wanted.shovels.items():
        if before.shovels.get(name) != shovel:
            await api.call("PUT", "parameters", "shovel", api.vhost, name, value=dict(shovel))
