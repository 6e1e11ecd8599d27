"""A consumer with inbox and one row of effect against aio-pika and one INSERT a message, in batches."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from deploy.bench.events import EXCHANGE, as_published, empty_queue, events
from deploy.bench.figures import Figure, ratio
from deploy.bench.ground import NODE, Ground

from contracts.envelope import Envelope
from contracts.speech import parse_event
from kit.bus import Bus, Consumer, Delivery, Message, declare_consumer
from kit.consuming import ConsumerLoop
from kit.db import Database, Session
from kit.links import check_origin

BATCH = 200
PREFETCH = 500
TABLE = "CREATE TABLE effects (event uuid NOT NULL, petition uuid NOT NULL, at timestamptz NOT NULL)"
ONE = "INSERT INTO effects (event, petition, at) VALUES ($1, $2, $3)"
MANY = "INSERT INTO effects (event, petition, at) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[])"


async def measure(ground: Ground, *, rounds: int, messages: int) -> Figure:
    """Rounds in turns. Ours parses every event and checks where it came from; the floor looks at none."""
    dsn = await ground.database("consumer")
    database = Database(dsn)
    bus = Bus(ground.broker.url(), name="bench")
    connection = await asyncpg.connect(dsn)
    await connection.execute(TABLE)
    floor, ours = [], []
    try:
        for number in range(rounds + 1):
            async with empty_queue(ground.broker.url(), f"floor.{number}") as (channel, queue):
                await _fill(channel, messages)
                floor.append(messages / await _raw(channel, queue, connection, messages))
            async with empty_queue(ground.broker.url(), f"consumer.{number}") as (channel, queue):
                await _fill(channel, messages)
                ours.append(messages / await _loop(queue.name, bus, database, messages))
            rows = await connection.fetchval("SELECT count(*) FROM effects")
            if rows != 2 * messages * (number + 1):
                raise RuntimeError(f"{rows} effects of {2 * messages * (number + 1)} messages")
    finally:
        await connection.close()
        await bus.close()
        await database.close()
    # the first round warms up
    return ratio(
        "consumer", "consumer with inbox and one row (messages/s)", unit="1/s", at_least=0.5, ours=ours[1:],
        floor=floor[1:], note=f"{messages:,} events a round, batches of {BATCH}, prefetch {PREFETCH}",
    )  # fmt: skip


async def _fill(channel: AbstractChannel, messages: int) -> None:
    exchange = await channel.get_exchange(EXCHANGE, ensure=False)
    waiting = iter(events(messages))

    async def publish() -> None:
        for event in waiting:
            await exchange.publish(as_published(event), event.routing_key)

    await asyncio.gather(*(publish() for _ in range(PREFETCH)))


async def _raw(
    channel: AbstractChannel, queue: AbstractQueue, connection: "asyncpg.Connection[Any]", messages: int
) -> float:
    """Seconds. Takes batches: one INSERT a message in one transaction, one acknowledgement for all."""
    waiting: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
    started = time.perf_counter()
    await channel.set_qos(prefetch_count=PREFETCH)
    await queue.consume(waiting.put)
    done = 0
    while done < messages:
        batch = [await waiting.get()]
        while len(batch) < BATCH and not waiting.empty():
            batch.append(waiting.get_nowait())
        rows = [(each.message_id, each.message_id, each.timestamp) for each in batch]
        async with connection.transaction():
            await connection.executemany(ONE, rows)
        await batch[-1].ack(multiple=True)
        done += len(batch)
    return time.perf_counter() - started


async def _loop(queue: str, bus: Bus, database: Database, messages: int) -> float:
    """Seconds. The suite's consumer until it has finished with all."""
    done = 0
    finished = asyncio.Event()

    async def write_down(_: Any, session: Session, batch: Sequence[Envelope]) -> None:
        nonlocal done
        columns = zip(*((event.id, event.subject, event.time) for event in batch), strict=True)
        await session.raw.execute(MANY, *columns)
        done += len(batch)
        if done >= messages:
            finished.set()

    consumer = Consumer(queue, parse_event, {"*": write_down}, batch=BATCH)
    async with bus.channel() as channel:
        await declare_consumer(channel, consumer)
    loop = ConsumerLoop(consumer, bus=bus, database=database, context=None, open_message=_understand, prefetch=PREFETCH)
    started = time.perf_counter()
    running = asyncio.create_task(loop.run())
    await finished.wait()
    loop.stop()
    await running  # it commits and acknowledges what it has in hand
    return time.perf_counter() - started


def _understand(consumer: Consumer, delivery: Delivery) -> Message:
    message = consumer.decode(delivery.body)
    check_origin(NODE, delivery.exchange, message.node)
    return message
