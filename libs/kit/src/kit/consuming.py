"""The loop that feeds a consumer: batches, one by one after a failure, retry with delay, parking with a reason."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiormq
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, HeadersType

from kit import inbox, telemetry
from kit.amqp import broker_call
from kit.bus import (
    ATTEMPT,
    FIRST_EXCHANGE,
    REASON,
    RETRY_SECONDS,
    Bus,
    Consumer,
    Delivery,
    Message,
    delivery_of,
    reason_of,
)
from kit.db import Database, Session
from kit.errors import Refused
from kit.logs import log
from kit.outbox import Outgoing

LINGER = 0.005  # seconds between two looks whether a full batch has come
LONGEST_PAUSE = 5.0  # seconds between two looks whether database and broker are back


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
        self._waiting: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        self._stopping = asyncio.Event()
        self._last_batch = 0.0

    async def run(self) -> None:
        """Consume until `stop`, whatever happens to the broker and the database meanwhile."""
        pause = 1.0
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                await self._consume()
            except Exception as error:  # noqa: BLE001 - nothing was acknowledged: it all comes again
                log.warning("consumer.waits", queue=self._consumer.queue, error=reason_of(error))
                pause = 1.0 if time.monotonic() - started > LONGEST_PAUSE else min(pause * 1.5, LONGEST_PAUSE)
                await self._rest(pause)

    def stop(self) -> None:
        """Let `run` end after the batch in hand; what only waits goes back to the queue."""
        self._stopping.set()
        self._waiting.put_nowait(None)

    async def _consume(self) -> None:
        """Hold a channel of our own until it ends. An exception ends it too, and gives back what is not finished."""
        await self._database.ping()
        async with self._bus.channel() as channel:
            waiting = self._waiting = asyncio.Queue()
            async with broker_call():
                await self._wake_at_end(channel, waiting)
                await channel.set_qos(prefetch_count=self._prefetch)
                queue = await channel.get_queue(self._consumer.queue, ensure=True)
                await queue.consume(waiting.put)
            while not self._stopping.is_set() and (first := await waiting.get()) is not None:
                await self._linger(waiting)
                await self._handle(self._gather(first, waiting))
            if not self._stopping.is_set():
                raise ConnectionError("the broker ended the channel")

    async def _linger(self, waiting: "asyncio.Queue[AbstractIncomingMessage | None]") -> None:
        """A message that comes alone is handled at once; those that follow close upon it share a transaction."""
        due = self._last_batch + self._consumer.pace
        # only under load, and cheaper than an event that every message sets
        while waiting.qsize() + 1 < self._consumer.batch and time.monotonic() < due:  # noqa: ASYNC110
            await asyncio.sleep(LINGER)
        self._last_batch = time.monotonic()

    @staticmethod
    async def _wake_at_end(channel: AbstractChannel, waiting: "asyncio.Queue[AbstractIncomingMessage | None]") -> None:
        """Put a None when the channel ends or the broker cancels the consumer (the queue was deleted)."""

        def wake(*_: Any) -> None:
            waiting.put_nowait(None)

        channel.close_callbacks.add(wake)
        underlay = await channel.get_underlay_channel()
        if isinstance(underlay, aiormq.Channel):
            underlay.on_consumer_cancel_callbacks.add(wake)

    def _gather(
        self, first: AbstractIncomingMessage, waiting: "asyncio.Queue[AbstractIncomingMessage | None]"
    ) -> list[Item]:
        items = [Item(first, delivery_of(first))]
        while len(items) < self._consumer.batch and not waiting.empty():
            incoming = waiting.get_nowait()
            if incoming is None:
                waiting.put_nowait(None)  # for the loop, after this batch
                break
            items.append(Item(incoming, delivery_of(incoming)))
        return items

    async def _handle(self, items: list[Item]) -> None:
        """One transaction for all; if that fails, one for each, so that a poison message stands alone."""
        readable = await self._readable(items)
        if not readable:
            return
        error = await self._outcome(readable)
        if error is None:
            # one acknowledgement for all: everything before this batch is settled, and so are its unreadable ones
            async with broker_call():
                await readable[-1][0].incoming.ack(multiple=True)
            return
        log.info("consumer.batch_failed", queue=self._consumer.queue, size=len(readable), error=reason_of(error))
        for item, message in readable:
            await self._handle_alone(item, message)

    async def _readable(self, items: list[Item]) -> list[tuple[Item, Message]]:
        readable = []
        for item in items:
            try:
                readable.append((item, self._understand(item.delivery)))
            except Exception as error:  # noqa: BLE001 - whatever the sender wrote, it must not stop the queue
                await self._park(item, error)
        return readable

    def _understand(self, delivery: Delivery) -> Message:
        if not delivery.message_id:  # all of them would count as one message, seen before
            raise Refused("message-unreadable", reason="no message id")
        return self._open(self._consumer, delivery)

    async def _handle_alone(self, item: Item, message: Message) -> None:
        error = await self._outcome([(item, message)])
        if error is None:
            async with broker_call():
                await item.incoming.ack()
        elif isinstance(error, Refused):
            await self._park(item, error)
        else:  # kept with its reason in the retry or parked queue
            log.warning("consumer.failed", queue=self._consumer.queue, error=reason_of(error))
            await self._retry(item, error)

    async def _outcome(self, batch: Sequence[tuple[Item, Message]]) -> Exception | None:
        """None when the batch is applied, or the error that one of its messages is to blame for.

        While the database is away we keep what we hold: given back, the broker would send it all again, and again.
        Raises ConnectionError when we are to stop meanwhile.
        """
        while True:
            try:
                await self._apply(batch)
            except Exception as error:
                if isinstance(error, Refused) or await self._database_answers():
                    return error
                log.warning("consumer.waits", queue=self._consumer.queue, error=reason_of(error))
                while not await self._database_answers():
                    await self._rest(1)
                    if self._stopping.is_set():
                        raise ConnectionError("the database is away") from error
            else:
                return None

    async def _database_answers(self) -> bool:
        try:
            await self._database.ping()
        except Exception:  # noqa: BLE001 - whatever it is, it is away
            return False
        return True

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

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

    async def _retry(self, item: Item, error: Exception) -> None:
        attempt = item.delivery.attempt
        if attempt >= len(RETRY_SECONDS):
            await self._park(item, error)
            return
        await self._move(item, f"retry.{RETRY_SECONDS[attempt]}s", self._consumer.queue, error)
        telemetry.INBOX_RETRIED.labels(self._consumer.queue).inc()

    async def _park(self, item: Item, error: Exception) -> None:
        log.error("consumer.parked", queue=self._consumer.queue, reason=reason_of(error))
        await self._move(item, "", f"{self._consumer.queue}.parked", error)
        telemetry.INBOX_PARKED.labels(self._consumer.queue).inc()

    async def _move(self, item: Item, exchange: str, queue: str, error: Exception) -> None:
        """Publish elsewhere, wait for the confirm, only then acknowledge: never lost between the two."""
        delivery = item.delivery
        headers: HeadersType = {
            ATTEMPT: delivery.attempt + 1,
            REASON: reason_of(error)[:500],
            FIRST_EXCHANGE: delivery.exchange,
        }
        message = Outgoing(exchange, queue, delivery.message_id, delivery.body, delivery.traceparent)
        await self._bus.publish(message, headers)
        async with broker_call():
            await item.incoming.ack()
