"""Making a broker what its topology says: over AMQP what AMQP can declare, the rest over the management API."""

from collections.abc import Mapping, Sequence
from typing import Self
from urllib.parse import urlsplit

import aio_pika
import httpx
from aio_pika.abc import AbstractChannel
from pamqp.common import FieldTable

from kit.app import Service
from kit.bus import declare_consumer
from kit.settings import NodeSettings
from node.topology import Binding, LinkUser, Topology, segment, shovel_parameters, topology_of


async def apply(settings: NodeSettings, services: Sequence[Service]) -> Topology:
    """Declare everything; running it again changes nothing. Raises OSError or httpx.HTTPError: the broker is away."""
    topology = topology_of(settings, services)
    connection = await aio_pika.connect(settings.broker.url.get_secret_value(), timeout=10)
    async with connection:
        channel = await connection.channel()
        await _declare(channel, topology)
        for service in services:
            for consumer in service.consumers:
                await declare_consumer(channel, consumer)
        for binding in topology.bindings:
            await _bind(channel, binding)
    async with Management(settings) as management:
        await management.allow_children(topology.users)
        await management.replace_shovels(topology)
    return topology


async def _declare(channel: AbstractChannel, topology: Topology) -> None:
    for exchange in topology.exchanges:
        arguments: FieldTable = {"alternate-exchange": exchange.alternate} if exchange.alternate else {}
        await channel.declare_exchange(exchange.name, exchange.kind, durable=True, arguments=arguments)
    for queue in topology.queues:
        await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)


async def _bind(channel: AbstractChannel, binding: Binding) -> None:
    source = await channel.get_exchange(binding.source, ensure=False)
    if binding.to_exchange:
        target = await channel.get_exchange(binding.target, ensure=False)
        await target.bind(source, binding.key)
    else:
        queue = await channel.get_queue(binding.target, ensure=False)
        await queue.bind(source, binding.key)


class Management:
    """The management API of the node's own broker."""

    def __init__(self, settings: NodeSettings) -> None:
        self._host = segment(urlsplit(settings.broker.url.get_secret_value()).path.lstrip("/") or "/")
        self._client = httpx.AsyncClient(base_url=settings.broker.management_url.get_secret_value(), timeout=10)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def allow_children(self, users: Sequence[LinkUser]) -> None:
        """Each child's link user, with just its own rights; users of children that are gone are removed."""
        known = (await self._client.get("/api/users")).raise_for_status().json()
        wanted = {user.name for user in users}
        for name in {user["name"] for user in known if user["name"].startswith("link.")} - wanted:
            (await self._client.delete(f"/api/users/{segment(name)}")).raise_for_status()
        for user in users:
            await self._put(f"/api/users/{segment(user.name)}", {"password": user.password, "tags": ""})
            rights = {"configure": "^$", "write": user.write, "read": user.read}
            await self._put(f"/api/permissions/{self._host}/{segment(user.name)}", rights)

    async def replace_shovels(self, topology: Topology) -> None:
        """Declare the links where they differ: declaring one anew would restart it."""
        for shovel in topology.shovels:
            path = f"/api/parameters/shovel/{self._host}/{shovel.name}"
            present = await self._client.get(path)
            wanted = shovel_parameters(shovel)
            if present.status_code == httpx.codes.OK and present.json()["value"] == wanted["value"]:
                continue
            await self._put(path, wanted)

    async def _put(self, path: str, body: Mapping[str, object]) -> None:
        (await self._client.put(path, json=body)).raise_for_status()
