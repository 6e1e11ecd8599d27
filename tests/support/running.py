"""One service on a real database, asked over its HTTP interface without a network."""

import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from contracts.envelope import Data, Envelope
from contracts.speech import parse_event
from contracts.units import UnitDirectory
from kit.app import Service, build_app, with_resources
from kit.bus import Bus, Consumer, Message
from kit.runtime import Runtime
from kit.settings import NodeSettings
from tests.support.databases import lent
from tests.support.infra import Infra
from tests.support.nodes import settings_of, token


@dataclass(repr=False)  # all of a service; asyncio tells what a task answered each time a signal's handler is put back
class Running:
    """A service with its runtime; `post` and `get` speak as the given principal."""

    service: Service
    runtime: Runtime
    client: httpx.AsyncClient

    async def request(
        self, method: str, path: str, *, who: str | None = "", key: str | None = None, **more: Any
    ) -> httpx.Response:
        """who: a token; "" a township clerk; None nobody. POSTs get a fresh Idempotency-Key unless one is given."""
        headers = dict(more.pop("headers", {}))
        if who is not None:
            headers["Authorization"] = f"Bearer {who or token()}"
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        return await self.client.request(method, path, headers=headers, **more)

    async def hear(self, queue: str, *messages: Message) -> None:
        """Let the handlers of a queue have their effect, in a transaction, as the consumer loop does."""
        consumer = self.consumer(queue)
        async with self.runtime.database.transaction() as session:
            for kind in dict.fromkeys(message.type for message in messages):
                handler = consumer.handlers.get("*") or consumer.handlers[kind]
                await handler(self.runtime, session, [message for message in messages if message.type == kind])

    def consumer(self, queue: str) -> Consumer:
        return next(consumer for consumer in self.service.consumers if consumer.queue == queue)

    async def sent(self, exchange: str = "events") -> list[asyncpg.Record]:
        """Outbox rows in order: exchange, routing_key, message_id, body, traceparent."""
        async with self.runtime.database.transaction() as session:
            query = "SELECT * FROM outbox WHERE exchange = $1 ORDER BY id"
            rows: list[asyncpg.Record] = await session.raw.fetch(query, exchange)
            return rows

    async def events(self) -> list[Envelope]:
        return [parse_event(row["body"]) for row in await self.sent()]

    async def rows(self, query: str, *values: Any) -> list[asyncpg.Record]:
        async with self.runtime.database.transaction() as session:
            found: list[asyncpg.Record] = await session.raw.fetch(query, *values)
            return found


def told(kind: str, data: Data, *, subject: uuid.UUID, sequence: int = 1, node: str = "33.02.25.100") -> Envelope:
    """An event or letter as another service, or another node, would tell it."""
    return Envelope(
        id=uuid.uuid4(),
        source=f"/nodes/{node}/{kind.split('.', maxsplit=1)[0]}",
        type=kind,
        subject=subject,
        time="2026-01-05T01:00:00Z",
        dataschema=f"urn:xinqiao:schema:{kind}.0",
        sequence=str(sequence),
        data=data,
    )


@asynccontextmanager
async def running(
    service: Service, infra: Infra, home: Path, worker: str, *, path: str = "33.02.25.100",
    settings: NodeSettings | None = None, **parts: Any,
) -> AsyncIterator[Running]:  # fmt: skip
    """A service at a node, on a database of its own unless `settings` name one; `parts` replace parts of its runtime
    (clock, ids).
    """
    async with AsyncExitStack() as stack:
        copy = None
        if settings is None:
            copy = await stack.enter_async_context(lent(infra, service, worker))
            settings = settings_of(home, path, database=copy.dsn)
        bus = Bus(settings.broker.url.get_secret_value(), name="test")
        units = UnitDirectory.read(settings.resolve(settings.node.units_file))
        runtime = Runtime.build(service.name, settings, bus, units.above)
        for name, part in parts.items():
            setattr(runtime, name, part)
        if copy is not None:
            copy.give_to(runtime.database)
        await stack.enter_async_context(with_resources(service, runtime))
        if copy is not None:
            stack.callback(copy.take_from, runtime.database)
        transport = httpx.ASGITransport(build_app(service, runtime), raise_app_exceptions=False)
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://test"))
        yield Running(service, runtime, client)
