"""The broker: confirmed publishing, and consumers whose effect and inbox row are one transaction."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import aiormq
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, HeadersType
from aio_pika.exceptions import ChannelNotFoundEntity, PublishError

from kit.amqp import Line, Outlet, broker_call, broker_errors
from kit.db import Session
from kit.errors import Refused
from kit.outbox import Outgoing, Unsendable

CONTENT_TYPE = "application/cloudevents+json"
RETRY_SECONDS = (1, 5, 30, 120, 600)
QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}
MAX_BODY = 16 * 1024 * 1024
ATTEMPT, REASON, FIRST_EXCHANGE = "x-attempt", "x-reason", "x-first-exchange"


class Message(Protocol):
    """What a decoder makes of a body."""

    @property
    def type(self) -> str: ...

    @property
    def node(self) -> str:
        """Path of the node that speaks."""
        ...


Handler = Callable[[Any, Session, Sequence[Any]], Awaitable[None]]


def each(handle: Callable[[Any, Session, Any], Awaitable[object]]) -> Handler:
    """A handler of batches that takes one message after the other."""

    async def one_after_the_other(context: Any, session: Session, batch: Sequence[Any]) -> None:
        for message in batch:
            await handle(context, session, message)

    return one_after_the_other


@dataclass(frozen=True)
class Consumer:
    """A queue and what becomes of its messages.

    handlers: message type (or "*") -> async (runtime, session, batch) -> None, called with the messages not seen
    before; decode: bytes -> message, raising Refused("message-unreadable"); bindings: patterns of events, with foreign
    only of those that other nodes speak; letters: bodies are sealed letters addressed to this node; batch: messages
    that share a transaction at most; pace: seconds between two batches, unless a full one waits. A message that comes
    alone does not wait.
    """

    queue: str
    decode: Callable[[bytes], Message]
    handlers: Mapping[str, Handler]
    bindings: tuple[str, ...] = ()
    foreign: bool = False
    letters: bool = False
    bulk: bool = False
    batch: int = 200
    pace: float = 0.1

    @property
    def source(self) -> str:
        """The exchange that its events come from."""
        return "events.foreign" if self.foreign else "events.all"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as it came: where it was first published on this broker, its id, its body."""

    exchange: str
    message_id: str
    body: bytes
    traceparent: str
    attempt: int
    published_at: datetime | None
    headers: HeadersType


def delivery_of(message: AbstractIncomingMessage) -> Delivery:
    """Read the properties the bus needs.

    A retried or replayed message comes from the default exchange, where only this node itself may publish: only then
    its headers tell the first exchange and the attempt. What another node puts into these headers is not believed.
    """
    headers = dict(message.headers)
    own = {} if message.exchange else headers
    attempt = own.get(ATTEMPT, 0)
    return Delivery(
        exchange=message.exchange or str(own.get(FIRST_EXCHANGE, "")),
        message_id=message.message_id or "",
        body=message.body,
        traceparent=str(headers.get("traceparent", "")),
        attempt=attempt if isinstance(attempt, int) else 0,
        published_at=message.timestamp,
        headers=headers,
    )


def properties_of(message: Outgoing, headers: HeadersType | None = None) -> aiormq.spec.Basic.Properties:
    return aiormq.spec.Basic.Properties(
        message_id=message.message_id,
        content_type=CONTENT_TYPE,
        delivery_mode=2,  # persistent
        timestamp=datetime.now(UTC),
        headers={"traceparent": message.traceparent, **(headers or {})},
    )


class Bus:
    """The node's broker, by three connections. A broker short of memory blocks publishers, and then acknowledgements
    must still get through; and what only asks must not wait behind thousands of deliveries.
    """

    def __init__(self, url: str, *, name: str) -> None:
        self._publishing = Line(url, f"{name}.publish")
        self._consuming = Line(url, f"{name}.consume")
        self._asking = Line(url, f"{name}.ask")
        self._opening = asyncio.Lock()
        self._outlet: Outlet | None = None
        self._answer: asyncio.Task[None] | None = None

    def channel(self) -> AbstractAsyncContextManager[AbstractChannel]:
        """A channel of one's own, to consume or to declare. Raises OSError while the broker is away."""
        return _channel(self._consuming)

    async def ping(self) -> None:
        """Raise OSError when the broker does not answer. All who ask at the same time share one question, which goes
        on when one of them stops waiting.
        """
        if self._answer is None or self._answer.done():
            self._answer = asyncio.create_task(self._ask())
            self._answer.add_done_callback(_seen)
        await asyncio.shield(self._answer)

    async def _ask(self) -> None:
        async with _channel(self._asking):
            return

    async def publish(self, message: Outgoing, headers: HeadersType | None = None) -> None:
        """Publish and wait for the broker's confirm.

        Raises Unsendable when this message can never be sent, OSError when it cannot be sent now or nobody knows
        whether it was: send it again.
        """
        if len(message.body) > MAX_BODY or len(message.routing_key.encode()) > 255 or len(message.message_id) > 255:
            raise Unsendable("larger than the broker takes")
        outlet = await self._open_outlet(message.exchange)
        if outlet.channel.is_closed:
            raise ConnectionError("the connection to the broker was lost")
        with broker_errors():
            async with outlet.confirming():
                try:
                    await outlet.wire.basic_publish(
                        message.body,
                        exchange=message.exchange,
                        routing_key=message.routing_key,
                        properties=properties_of(message, headers),
                        mandatory=True,
                    )
                except PublishError as error:
                    raise Unsendable("no queue takes it") from error
                except (ValueError, TypeError, struct.error) as error:
                    raise Unsendable(f"malformed: {type(error).__name__}") from error

    async def _open_outlet(self, exchange: str) -> Outlet:
        """A channel that knows the exchange: publishing to one that is not there ends it with all in flight."""
        outlet = self._outlet
        if outlet is not None and exchange in outlet.exchanges and not outlet.channel.is_closed:
            return outlet
        async with self._opening:
            outlet = self._outlet
            if outlet is None or outlet.channel.is_closed:
                # frames still on their way to an ended channel end its connection as well: take a new one
                await self._publishing.close()
                # without on_return_raises a message that reached no queue would count as sent
                channel = await self._publishing.channel(publisher_confirms=True, on_return_raises=True)
                outlet = self._outlet = Outlet(channel, await channel.get_underlay_channel())
            if exchange not in outlet.exchanges:
                await self._look_up(exchange)
                outlet.exchanges.add(exchange)
            return outlet

    async def _look_up(self, name: str) -> None:
        async with _channel(self._asking) as probe, broker_call():
            try:
                await probe.get_exchange(name, ensure=True)
            except ChannelNotFoundEntity as error:
                raise Unsendable(f"no exchange {name!r}") from error

    async def close(self) -> None:
        self._outlet = None
        if self._answer is not None:
            self._answer.cancel()
        for line in (self._publishing, self._consuming, self._asking):
            await line.close()


@contextlib.asynccontextmanager
async def _channel(line: Line) -> AsyncIterator[AbstractChannel]:
    channel = await line.channel()
    try:
        yield channel
    finally:
        if not channel.is_closed:
            with contextlib.suppress(OSError):
                async with broker_call():
                    await channel.close()


def _seen(answer: "asyncio.Task[None]") -> None:
    """An answer nobody waited for is no error that nobody looked at."""
    if not answer.cancelled():
        answer.exception()


def reason_of(error: BaseException) -> str:
    """Why a message was put aside, without its content."""
    return str(error) if isinstance(error, Refused) else type(error).__name__


def queues_of(consumer: Consumer) -> dict[str, dict[str, Any]]:
    """What a consumer needs, name -> arguments: its queue and its parking place."""
    return {consumer.queue: QUORUM, f"{consumer.queue}.parked": QUORUM}


def delays() -> dict[str, dict[str, Any]]:
    """Exchanges that give a message back after a while, shared by all consumers of a broker: name -> arguments of the
    queue of the same name behind it. The routing key names the queue the message goes back to.
    """
    safely = {"x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish", "x-dead-letter-exchange": ""}
    return {f"retry.{seconds}s": {**QUORUM, **safely, "x-message-ttl": seconds * 1000} for seconds in RETRY_SECONDS}


async def declare_consumer(channel: AbstractChannel, consumer: Consumer) -> None:
    """Declare a consumer's queues and the delays, and bind it to the events it hears. Idempotent."""
    for name, arguments in delays().items():
        exchange = await channel.declare_exchange(name, "fanout", durable=True)
        await (await channel.declare_queue(name, durable=True, arguments=arguments)).bind(exchange)
    for name, arguments in queues_of(consumer).items():
        await channel.declare_queue(name, durable=True, arguments=arguments)
    for pattern in consumer.bindings:
        await (await channel.get_queue(consumer.queue, ensure=False)).bind(consumer.source, pattern)
