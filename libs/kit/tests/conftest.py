"""Real PostgreSQL and RabbitMQ for the tests of the mechanism, and a small language to test it with."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import BigInteger, Column, Identity, Table, Text

from kit.bus import Bus, Consumer, Delivery, Handler, Message, declare_consumer
from kit.consuming import ConsumerLoop
from kit.db import Database, Session
from kit.errors import Refused
from kit.outbox import Outgoing
from kit.tables import metadata
from kit.testing import eventually
from xinqiao_local.postgres import Postgres
from xinqiao_local.rabbitmq import RabbitMQ

TABLES = metadata()
Table("effects", TABLES, Column("id", BigInteger, Identity(), primary_key=True), Column("text", Text, nullable=False))


@dataclass(frozen=True)
class Word:
    """The message of these tests."""

    text: str
    type: str = "word"
    node: str = "33"


def decode(body: bytes) -> Word:
    try:
        return Word(**json.loads(body))
    except ValueError as error:
        raise Refused("message-unreadable") from error


async def write_down(_: Any, session: Session, batch: Sequence[Word]) -> None:
    """The usual effect: one row a message."""
    await session.raw.executemany("INSERT INTO effects (text) VALUES ($1)", [(each.text,) for each in batch])


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQ]:
    server = RabbitMQ(tmp_path_factory.mktemp("rabbitmq"), "kit-tests")
    server.start()
    yield server
    server.kill9()


_numbers = itertools.count(1)


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[Database]:
    """A fresh database with the tables of the mechanism and `effects`."""
    name = f"t{next(_numbers)}"
    opened = Database(postgres.create_database(name), pool_size=4)
    async with opened.engine.begin() as connection:
        await connection.run_sync(TABLES.create_all)
    yield opened
    await opened.close()
    postgres.drop_database(name)  # after a crash the server writes every file of every database to disk first


@pytest.fixture
def on_disk(broker: RabbitMQ) -> Callable[[str], Awaitable[None]]:
    """Wait until the broker has written down that a quorum queue exists: it does so up to 3 s after the declaration,
    and when it is killed before that the queue never comes back.
    """
    names = broker.directory / f"mnesia/{broker.node_name}/quorum/{broker.node_name}/names.dets"

    async def wait(queue: str) -> None:
        async def written() -> bool:
            return f"%2F_{queue}".encode() in names.read_bytes()

        await eventually(written)

    return wait


@pytest.fixture
async def bus(broker: RabbitMQ) -> AsyncIterator[Bus]:
    opened = Bus(broker.url(), name="tests")
    yield opened
    await opened.close()


@dataclass
class Station:
    """A queue of its own with a consumer loop that a test starts and stops."""

    bus: Bus
    database: Database
    queue: str = field(default_factory=lambda: f"q{next(_numbers)}")
    running: dict[ConsumerLoop, "asyncio.Task[None]"] = field(default_factory=dict)

    async def declare(self) -> None:
        async with self.bus.channel() as channel:
            await declare_consumer(channel, self.consumer())

    def consumer(self, handler: Handler = write_down, batch: int = 200) -> Consumer:
        return Consumer(self.queue, decode, {"*": handler}, batch=batch)

    def start(self, handler: Handler = write_down, *, batch: int = 200) -> ConsumerLoop:
        def understand(consumer: Consumer, delivery: Delivery) -> Message:
            return consumer.decode(delivery.body)

        loop = ConsumerLoop(
            self.consumer(handler, batch), bus=self.bus, database=self.database, context=None, open_message=understand
        )
        self.running[loop] = asyncio.create_task(loop.run())
        return loop

    async def stop(self) -> None:
        for loop in self.running:
            loop.stop()
        await asyncio.wait_for(asyncio.gather(*self.running.values()), 20)
        self.running.clear()

    def word(
        self, text: str, *, exchange: str = "", message_id: str | None = None, body: bytes | None = None
    ) -> Outgoing:
        """A message for this queue."""
        message_id = str(uuid4()) if message_id is None else message_id
        return Outgoing(exchange, self.queue, message_id, body or json.dumps({"text": text}).encode())

    async def send(self, *texts: str) -> None:
        await asyncio.gather(*(self.bus.publish(self.word(text)) for text in texts))

    async def depth(self, suffix: str = "") -> int:
        return await self.waiting(self.queue + suffix)

    async def waiting(self, queue: str) -> int:
        """Messages ready in any queue of the broker."""
        async with self.bus.channel() as channel:
            found = await channel.get_queue(queue)
            return found.declaration_result.message_count or 0

    async def effects(self) -> list[str]:
        async with self.database.transaction() as session:
            return [row["text"] for row in await session.raw.fetch("SELECT text FROM effects ORDER BY id")]

    async def count(self) -> int:
        async with self.database.transaction() as session:
            return int(await session.raw.fetchval("SELECT count(*) FROM effects"))


@pytest.fixture
async def station(bus: Bus, database: Database) -> AsyncIterator[Station]:
    built = Station(bus, database)
    await built.declare()
    yield built
    await built.stop()
