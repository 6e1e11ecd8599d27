"""Sending outbox rows against publishing the same bytes with nothing but aio-pika."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import asyncpg
from aio_pika.abc import AbstractChannel
from deploy.bench.events import EXCHANGE, as_published, empty_queue, events
from deploy.bench.figures import Figure, ratio
from deploy.bench.ground import Ground

from kit.bus import Bus
from kit.db import Database
from kit.outbox import Outgoing, Relay

IN_FLIGHT = 500


async def measure(ground: Ground, *, rounds: int, messages: int) -> Figure:
    """Rounds in turns, to the same exchange and the same kind of queue."""
    dsn = await ground.database("relay")
    database = Database(dsn)
    bus = Bus(ground.broker.url(), name="bench")
    floor, ours = [], []
    try:
        for number in range(rounds + 1):
            async with empty_queue(ground.broker.url(), f"floor.{number}") as (channel, _):
                floor.append(await _raw(channel, events(messages)))
            async with empty_queue(ground.broker.url(), f"relay.{number}") as (_, queue):
                ours.append(await _relay(database, bus, events(messages)))
                found = (await queue.declare()).message_count
                if found != messages:
                    raise RuntimeError(f"{messages} sent but {found} in the queue")
    finally:
        await bus.close()
        await database.close()
    # the first round warms up
    return ratio(
        "relay", "outbox relay (messages/s)", unit="1/s", at_least=0.7, ours=ours[1:], floor=floor[1:],
        note=f"{messages:,} events a round, {IN_FLIGHT} in flight, confirmed by a quorum queue",
    )  # fmt: skip


async def _raw(channel: AbstractChannel, batch: Sequence[Outgoing]) -> float:
    """Messages a second, every one confirmed, IN_FLIGHT at any time."""
    exchange = await channel.get_exchange(EXCHANGE, ensure=False)
    waiting: Iterator[Outgoing] = iter(batch)

    async def publish() -> None:
        for event in waiting:
            await exchange.publish(as_published(event), event.routing_key)

    started = time.perf_counter()
    await asyncio.gather(*(publish() for _ in range(IN_FLIGHT)))
    return len(batch) / (time.perf_counter() - started)


async def _relay(database: Database, bus: Bus, batch: Sequence[Outgoing]) -> float:
    """Messages a second, from the start of the relay until the outbox is empty."""
    connection = await asyncpg.connect(database.dsn)
    try:
        columns = ["exchange", "routing_key", "message_id", "body", "traceparent"]
        rows = [(each.exchange, each.routing_key, each.message_id, each.body, each.traceparent) for each in batch]
        await connection.copy_records_to_table("outbox", records=rows, columns=columns)
        await connection.execute("VACUUM ANALYZE outbox")
        relay = Relay(database, bus, service="bench")
        started = time.perf_counter()
        running = asyncio.create_task(relay.run())
        while await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)"):  # noqa: ASYNC110 - a table tells no event
            await asyncio.sleep(0.01)
        spent = time.perf_counter() - started
        relay.stop()
        await running
    finally:
        await connection.close()
    return len(batch) / spent
