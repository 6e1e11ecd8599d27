"""The loop that feeds a consumer: batches, one by one after a failure, retry with delay, parking with a reason."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import aio_pika
import asyncpg
import sqlalchemy.exc
from aio_pika.abc import AbstractIncomingMessage, HeadersType

from kit import inbox, telemetry
from kit.bus import RETRY_SECONDS, Bus, Consumer, Delivery, Message, delivery_of, reason_of
from kit.db import Database, Session
from kit.errors import Refused
from kit.logs import log
from kit.outbox import Outgoing

AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.TooManyConnectionsError,
    sqlalchemy.exc.TimeoutError,
)


@dataclass(slots=True)
class Item:
    """A message in the hands of the loop."""

    incoming: AbstractIncomingMessage
    delivery: Delivery


class ConsumerLoop:
    """Runs one consumer on one process until stopped; what it has begun, it finishes.

    open_message: Delivery -> message; checks origin and, for letters, seal and signature; raises Refused.
    """

    def __init__(
        self,
        consumer: Consumer,
        *,
        bus: Bus,
        database: Database,
        context: Any,
        open_message: Callable[[Consumer, Delivery], Message],
        prefetch: int = 500,
    ) -> None:
        self._consumer = consumer
        self._bus = bus
        self._database = database
        self._context = context
        self._open = open_message
        self._prefetch = prefetch
        self._waiting: asyncio.Queue[Item] = asyncio.Queue()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Consume until `stop`; reconnects for ever."""
        while not self._stopping.is_set():
            try:
                await self._consume()
            except (*AWAY, aio_pika.exceptions.AMQPError) as error:
                log.warning("consumer.waits", queue=self._consumer.queue, error=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), 1)

    def stop(self) -> None:
        self._stopping.set()

    async def _consume(self) -> None:
        connection = await self._bus.connect()
        channel = await connection.channel()
        try:
            await channel.set_qos(prefetch_count=self._prefetch)
            queue = await channel.get_queue(self._consumer.queue, ensure=True)
            tag = await queue.consume(self._take)
            closed = asyncio.ensure_future(channel.closed())
            await self._work_until(closed)
            if self._stopping.is_set() and not channel.is_closed:
                await queue.cancel(tag)
        finally:
            self._waiting = asyncio.Queue()
            if not channel.is_closed:
                await channel.close()

    async def _take(self, incoming: AbstractIncomingMessage) -> None:
        self._waiting.put_nowait(Item(incoming, delivery_of(incoming)))

    async def _work_until(self, closed: "asyncio.Future[Any]") -> None:
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            while not (closed.done() or stopping.done()):
                first = asyncio.ensure_future(self._waiting.get())
                done, _ = await asyncio.wait({first, closed, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if first not in done:
                    first.cancel()
                    return
                await self._handle(self._gather(first.result()))
        finally:
            stopping.cancel()
            closed.cancel()

    def _gather(self, first: Item) -> list[Item]:
        items = [first]
        while len(items) < self._consumer.batch and not self._waiting.empty():
            items.append(self._waiting.get_nowait())
        return items

    async def _handle(self, items: list[Item]) -> None:
        """One transaction for all; if that fails, one for each, so that a poison message stands alone."""
        readable = await self._readable(items)
        if not readable:
            return
        try:
            await self._apply([(item, message) for item, message in readable])
        except AWAY:
            raise
        except Exception as error:  # noqa: BLE001 - tried again one by one, where each error is kept
            log.info(
                "consumer.batch_failed",
                queue=self._consumer.queue,
                size=len(readable),
                error=reason_of(error),
            )
        else:
            await self._acknowledge(item for item, _ in readable)
            return
        for item, message in readable:
            await self._handle_alone(item, message)

    async def _readable(self, items: list[Item]) -> list[tuple[Item, Message]]:
        readable = []
        for item in items:
            try:
                readable.append((item, self._open(self._consumer, item.delivery)))
            except Refused as error:
                await self._park(item, error)
        return readable

    async def _handle_alone(self, item: Item, message: Message) -> None:
        try:
            await self._apply([(item, message)])
        except AWAY:
            raise
        except Refused as error:
            await self._park(item, error)
        except Exception as error:  # noqa: BLE001 - kept with its reason in the retry or parked queue
            log.warning("consumer.failed", queue=self._consumer.queue, error=reason_of(error))
            await self._retry(item, error)
        else:
            await self._acknowledge([item])

    async def _apply(self, batch: Sequence[tuple[Item, Message]]) -> None:
        first = batch[0][0].delivery
        with telemetry.consuming(self._consumer.queue, self._traces(batch)):
            async with self._database.transaction() as session:
                fresh = await inbox.admit(
                    session, self._consumer.queue, [item.delivery.message_id for item, _ in batch]
                )
                await self._dispatch(session, self._once(batch, fresh))
        telemetry.INBOX_HANDLED.labels(self._consumer.queue).inc(len(fresh))
        telemetry.INBOX_DUPLICATES.labels(self._consumer.queue).inc(len(batch) - len(fresh))
        self._measure_link(first)

    @staticmethod
    def _once(batch: Sequence[tuple[Item, Message]], fresh: set[str]) -> list[Message]:
        """The fresh messages in order, each once even when one batch holds it twice."""
        chosen = {item.delivery.message_id: message for item, message in reversed(batch)}
        order = dict.fromkeys(item.delivery.message_id for item, _ in batch)
        return [chosen[message_id] for message_id in order if message_id in fresh]

    async def _dispatch(self, session: Session, messages: list[Message]) -> None:
        handlers = self._consumer.handlers
        if "*" in handlers:
            if messages:
                await handlers["*"](self._context, session, messages)
            return
        for kind in dict.fromkeys(message.type for message in messages):
            handler = handlers.get(kind)
            if handler is None:
                raise Refused("message-unreadable", type=kind)
            await handler(self._context, session, [message for message in messages if message.type == kind])

    @staticmethod
    def _traces(batch: Sequence[tuple[Item, Message]]) -> list[tuple[str, dict[str, Any]]]:
        return [
            (
                item.delivery.traceparent,
                {
                    "messaging.system": "rabbitmq",
                    "messaging.message.type": message.type,
                    "xinqiao.came_by": item.delivery.exchange,
                },
            )
            for item, message in batch
        ]

    def _measure_link(self, delivery: Delivery) -> None:
        if delivery.exchange.startswith("from-") and delivery.published_at:
            lag = max(0.0, time.time() - delivery.published_at.timestamp())
            telemetry.LINK_LAG.labels(delivery.exchange).set(lag)

    async def _acknowledge(self, items: Iterable[Item]) -> None:
        for item in items:
            await item.incoming.ack()

    async def _retry(self, item: Item, error: Exception) -> None:
        attempt = item.delivery.attempt
        if attempt >= len(RETRY_SECONDS):
            await self._park(item, error)
            return
        await self._move(item, f"{self._consumer.queue}.retry.{RETRY_SECONDS[attempt]}s", error)
        telemetry.INBOX_RETRIED.labels(self._consumer.queue).inc()

    async def _park(self, item: Item, error: Exception) -> None:
        log.error("consumer.parked", queue=self._consumer.queue, reason=reason_of(error))
        await self._move(item, f"{self._consumer.queue}.parked", error)
        telemetry.INBOX_PARKED.labels(self._consumer.queue).inc()

    async def _move(self, item: Item, queue: str, error: Exception) -> None:
        """Publish to the other queue, wait for the confirm, only then acknowledge: never lost between the two."""
        delivery = item.delivery
        headers: HeadersType = {
            "x-attempt": delivery.attempt + 1,
            "x-reason": reason_of(error)[:500],
            "x-first-exchange": delivery.exchange,
        }
        message = Outgoing("", queue, delivery.message_id, delivery.body, delivery.traceparent)
        await self._bus.publish(message, headers)
        await item.incoming.ack()
