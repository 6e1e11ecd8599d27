"""The broker: confirmed publishing, and consumers whose effect and inbox row are one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractRobustConnection, HeadersType

from kit.db import Session
from kit.errors import Refused
from kit.outbox import Outgoing

CONTENT_TYPE = "application/cloudevents+json"
RETRY_SECONDS = (1, 5, 30, 120, 600)
QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}


class Message(Protocol):
    """What a decoder makes of a body."""

    @property
    def type(self) -> str: ...

    @property
    def node(self) -> str:
        """Path of the node that speaks."""
        ...


Handler = Callable[[Any, Session, Sequence[Any]], Awaitable[None]]


@dataclass(frozen=True)
class Consumer:
    """A queue and what becomes of its messages.

    handlers: message type (or "*") -> async (runtime, session, batch) -> None, called with the messages not seen
    before; decode: bytes -> message, raising Refused("message-unreadable"); bindings: patterns on `events.all`;
    letters: bodies are sealed letters addressed to this node.
    """

    queue: str
    decode: Callable[[bytes], Message]
    handlers: Mapping[str, Handler]
    bindings: tuple[str, ...] = ()
    letters: bool = False
    batch: int = 200


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


def delivery_of(message: aio_pika.abc.AbstractIncomingMessage) -> Delivery:
    """Read the properties the bus needs. A retried message keeps its first exchange in a header."""
    headers = dict(message.headers)
    attempt = headers.get("x-attempt", 0)
    return Delivery(
        exchange=str(headers.get("x-first-exchange", message.exchange or "")),
        message_id=message.message_id or "",
        body=message.body,
        traceparent=str(headers.get("traceparent", "")),
        attempt=attempt if isinstance(attempt, int) else 0,
        published_at=message.timestamp,
        headers=headers,
    )


def outgoing_message(message: Outgoing, headers: HeadersType | None = None) -> aio_pika.Message:
    return aio_pika.Message(
        message.body,
        message_id=message.message_id,
        content_type=CONTENT_TYPE,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        timestamp=datetime.now(UTC),
        headers={"traceparent": message.traceparent, **(headers or {})},
    )


class UnknownExchange(ValueError):
    """The broker has no such exchange: the message can not be sent as it stands."""


class Bus:
    """One connection to the node's broker. It comes back by itself after the broker was away."""

    def __init__(self, url: str, *, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: AbstractRobustConnection | None = None
        self._channel: AbstractChannel | None = None
        self._exchanges: dict[str, AbstractExchange] = {}
        self._opening = asyncio.Lock()

    async def connect(self) -> AbstractRobustConnection:
        """The open connection. Raises ConnectionError while the broker is away (retry later)."""
        if self._connection is None or self._connection.is_closed:
            self._connection = await aio_pika.connect_robust(
                self._url, client_properties={"connection_name": self._name}, timeout=5, reconnect_interval=1
            )
        return self._connection

    async def ping(self) -> None:
        """Raise when the broker does not answer."""
        connection = await asyncio.wait_for(self.connect(), 3)
        if not connection.connected.is_set():
            raise ConnectionError("the broker is away")

    async def _publishing_channel(self) -> AbstractChannel:
        async with self._opening:
            if self._channel is None or self._channel.is_closed:
                self._exchanges.clear()
                connection = await aio_pika.connect(self._url, timeout=5)
                self._channel = await connection.channel(publisher_confirms=True)
            return self._channel

    async def publish(self, message: Outgoing, headers: HeadersType | None = None) -> None:
        """Publish and wait for the broker's confirm. Raises UnknownExchange, DeliveryError or a connection error."""
        exchange = await self._exchange(message.exchange)
        await exchange.publish(outgoing_message(message, headers), message.routing_key, timeout=30)

    async def _exchange(self, name: str) -> AbstractExchange:
        channel = await self._publishing_channel()
        if name == "":
            return channel.default_exchange
        known = self._exchanges.get(name)
        if known is None:
            known = self._exchanges[name] = await self._look_up(name, channel)
        return known

    async def _look_up(self, name: str, channel: AbstractChannel) -> AbstractExchange:
        """Ask on a channel of its own: a 404 closes the channel it is asked on, with all that is in flight."""
        connection = await self.connect()
        probe = await connection.channel()
        try:
            await probe.get_exchange(name, ensure=True)
        except aio_pika.exceptions.ChannelNotFoundEntity as error:
            raise UnknownExchange(f"no exchange {name!r}") from error
        finally:
            await probe.close()
        return await channel.get_exchange(name, ensure=False)

    async def close(self) -> None:
        if self._channel is not None and not self._channel.is_closed:
            await self._channel.close()
        if self._connection is not None:
            await self._connection.close()


def reason_of(error: BaseException) -> str:
    """Why a message was put aside, without its content."""
    return str(error) if isinstance(error, Refused) else type(error).__name__


async def declare_consumer(channel: AbstractChannel, consumer: Consumer, *, all_events: str = "events.all") -> None:
    """Declare a consumer's queue, its delays and its parking place, and bind it. Idempotent."""
    queue = await channel.declare_queue(consumer.queue, durable=True, arguments=QUORUM)
    await channel.declare_queue(f"{consumer.queue}.parked", durable=True, arguments=QUORUM)
    for seconds in RETRY_SECONDS:
        back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": consumer.queue}
        await channel.declare_queue(
            f"{consumer.queue}.retry.{seconds}s",
            durable=True,
            arguments={
                **QUORUM,
                **back,
                "x-message-ttl": seconds * 1000,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
    for pattern in consumer.bindings:
        await queue.bind(all_events, pattern)
