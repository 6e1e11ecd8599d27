"""Events to send about: real ones, of a real size, each with its own id; and the queue they go to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractQueue
from deploy.bench.ground import NODE, UNIT

from contracts.envelope import Envelope
from contracts.events import EVENTS, PetitionState
from kit.bus import CONTENT_TYPE, QUORUM
from kit.ids import TimeOrderedIds
from kit.outbox import Outgoing

EXCHANGE = "events"
KIND = "intake.petition.registered.v1"


def events(count: int) -> list[Outgoing]:
    """As intake's outbox holds them."""
    ids, now = TimeOrderedIds(), datetime.now(UTC)
    state = PetitionState(
        number="XF3302252026010500001X", region=NODE, unit=UNIT, channel="letter", kind="appeal", petitioners=1,
        category="城乡建设/市政/排水", received_at=now, registered_at=now,
    )  # fmt: skip
    made = []
    for _ in range(count):
        event = Envelope(
            id=ids.new(), source=f"/nodes/{NODE}/intake", type=KIND, subject=ids.new(), time=now,
            dataschema=EVENTS[KIND].dataschema, sequence="1", data=state, traceparent=f"00-{'a' * 32}-{'b' * 16}-00",
        )  # fmt: skip
        made.append(Outgoing(EXCHANGE, KIND, str(event.id), event.body(), event.traceparent))
    return made


def as_published(event: Outgoing) -> aio_pika.Message:
    """With the properties that the suite gives its messages."""
    return aio_pika.Message(
        event.body, message_id=event.message_id, content_type=CONTENT_TYPE, timestamp=datetime.now(UTC),
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT, headers={"traceparent": event.traceparent},
    )  # fmt: skip


@asynccontextmanager
async def empty_queue(url: str, name: str) -> AsyncIterator[tuple[AbstractChannel, AbstractQueue]]:
    """A quorum queue bound to the exchange, on a channel with publisher confirms; deleted at the end."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        exchange = await channel.declare_exchange(EXCHANGE, "topic", durable=True)
        queue = await channel.declare_queue(name, durable=True, arguments=QUORUM)
        await queue.bind(exchange, "#")
        try:
            yield channel, queue
        finally:
            await queue.delete(if_unused=False, if_empty=False)
