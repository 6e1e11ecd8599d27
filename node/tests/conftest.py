"""A small tree of nodes whose brokers are virtual hosts of one real broker, with services made up for the test."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi import APIRouter
from pydantic import SecretStr
from tests.support.infra import Infra, new_virtual_host

from contracts.speech import parse_event, parse_large, parse_letter
from kit.app import Service
from kit.bus import Bus, Consumer, Delivery, delivery_of
from kit.outbox import Outgoing
from kit.settings import BrokerSection, ChildSection, DatabaseSection, NodeSection, NodeSettings, ParentSection
from kit.tables import metadata
from node.declaring import apply

TREE = ("33", "33.02", "33.03", "33.02.25", "33.02.26")
PASSWORD = "link-password"


async def nothing(*_: Any) -> None:
    """A handler that is never called here."""


def made_up(name: str, *consumers: Consumer) -> Service:
    return Service(name, name, (APIRouter(),), metadata(), Path(), consumers)


SERVICES = (
    made_up("intake", Consumer("intake.letters", parse_letter, {"*": nothing}, letters=True)),
    made_up("documents", Consumer("documents.parts", parse_large, {"*": nothing}, bulk=True)),
    made_up("analytics", Consumer("analytics.on-event", parse_event, {"*": nothing}, bindings=("#",))),
)


def parent_of(path: str) -> str:
    return path.rpartition(".")[0]


def node_settings(
    path: str, amqp: str, management: str, *, parent_amqp: str = "", tree: Sequence[str] = TREE
) -> NodeSettings:
    """Settings of a node of the tree; parent_amqp: address of its parent's broker, with the link user."""
    children = [ChildSection(path=each, link_password=SecretStr(PASSWORD)) for each in tree if parent_of(each) == path]
    parent = ParentSection(path=parent_of(path), broker_url=SecretStr(parent_amqp)) if parent_amqp else None
    return NodeSettings(
        node=NodeSection(path=path, name=path, office_unit="x"),
        database=DatabaseSection(url=SecretStr("postgresql://nowhere/{service}")),
        broker=BrokerSection(url=SecretStr(amqp), management_url=SecretStr(management)),
        parent=parent,
        children=children,
    )


@dataclass
class Tier:
    """One node's broker as a test sees it."""

    settings: NodeSettings
    bus: Bus

    @property
    def path(self) -> str:
        return self.settings.node.path

    async def say(self, kind: str, exchange: str = "events") -> str:
        """Publish; returns the message id."""
        message_id = str(uuid4())
        await self.bus.publish(Outgoing(exchange, kind, message_id, self.path.encode()))
        return message_id

    async def write(self, to: str, service: str = "intake") -> str:
        """Send a letter; returns its message id."""
        return await self.say(f"letter.{to}.{service}", "letters")

    async def take(self, queue: str) -> list[Delivery]:
        """Everything in a queue."""
        taken = []
        async with self.bus.channel() as channel:
            box = await channel.get_queue(queue)
            while (message := await box.get(fail=False)) is not None:
                taken.append(delivery_of(message))
                await message.ack()
        return taken

    async def depth(self, queue: str) -> int:
        async with self.bus.channel() as channel:
            return (await channel.get_queue(queue)).declaration_result.message_count or 0


def link_address(amqp: str, path: str) -> str:
    """How the shovels of node `path` sign in at the broker `amqp`."""
    scheme, _, rest = amqp.partition("://")
    return f"{scheme}://link.{path}:{PASSWORD}@{rest.rpartition('@')[2]}"


@pytest.fixture(scope="module")
async def tiers(broker_ready: Infra, worker: str) -> AsyncIterator[dict[str, Tier]]:
    """The whole tree, declared and linked."""
    hosts = {path: new_virtual_host(broker_ready, f"{worker}-{path}") for path in TREE}
    built = {}
    for path in TREE:
        above = hosts.get(parent_of(path))
        parent_amqp = link_address(above[0], path) if above else ""
        settings = node_settings(path, *hosts[path], parent_amqp=parent_amqp)
        await apply(settings, SERVICES)
        built[path] = Tier(settings, Bus(hosts[path][0], name=f"tests.{path}"))
    yield built
    await asyncio.gather(*(tier.bus.close() for tier in built.values()))


@pytest.fixture(scope="session")
def services() -> Sequence[Service]:
    return SERVICES


@pytest.fixture(scope="session")
def without() -> Any:
    """The settings of a node as if it had one child less."""

    def less(settings: NodeSettings, child: str) -> NodeSettings:
        return settings.model_copy(update={"children": [each for each in settings.children if each.path != child]})

    return less


@pytest.fixture(scope="session")
def settings_for() -> Any:
    """Settings of a node of the tree that is never started."""

    def make(path: str) -> NodeSettings:
        parent = "amqp://link:secret@h/" if parent_of(path) else ""
        settings: NodeSettings = node_settings(
            path, "amqp://u:p@127.0.0.1:1/", "http://127.0.0.1:1", parent_amqp=parent
        )
        return settings

    return make


@pytest.fixture(scope="session", name="node_settings")
def _node_settings() -> Any:
    return node_settings


@pytest.fixture(scope="session")
def tier_of() -> type[Tier]:
    return Tier
