"""The bus against a real broker: confirmed, refused, lost and found again."""

import asyncio
import gc
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import aio_pika
import httpx
import pytest
from aio_pika import ExchangeType, Message

from kit.bus import Bus, Delivery, delivery_of
from kit.outbox import Outgoing, Unsendable
from kit.testing import eventually
from xinqiao_local.rabbitmq import RabbitMQ


def word(text: str, exchange: str = "", key: str = "", message_id: str | None = None) -> Outgoing:
    return Outgoing(exchange, key, message_id or str(uuid4()), text.encode())


@pytest.fixture
async def queue(bus: Bus) -> AsyncIterator[str]:
    async with bus.channel() as channel:
        await channel.declare_queue("letterbox", durable=True, arguments={"x-queue-type": "quorum"})
        yield "letterbox"
        await channel.queue_delete("letterbox")


async def receive(bus: Bus, queue: str) -> list[Delivery]:
    """Everything that lies in the queue."""
    taken = []
    async with bus.channel() as channel:
        box = await channel.get_queue(queue)
        while (message := await box.get(fail=False)) is not None:
            taken.append(delivery_of(message))
            await message.ack()
    return taken


async def answers(bus: Bus) -> bool:
    try:
        await bus.ping()
    except OSError:
        return False
    return True


async def test_a_published_message_lies_in_the_queue_with_its_id_and_trace(bus: Bus, queue: str) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await bus.publish(Outgoing("", queue, "id-1", b"{}", trace))
    (delivery,) = await receive(bus, queue)
    assert (delivery.message_id, delivery.body, delivery.traceparent) == ("id-1", b"{}", trace)
    assert delivery.published_at is not None


async def test_a_message_for_an_unknown_exchange_is_unsendable_and_stops_no_other(bus: Bus, queue: str) -> None:
    sending = [bus.publish(word(str(number), key=queue)) for number in range(50)]
    sending.insert(25, bus.publish(word("lost", exchange="nowhere", key=queue)))
    outcomes = await asyncio.gather(*sending, return_exceptions=True)
    assert [type(each) for each in outcomes if each is not None] == [Unsendable]
    assert len(await receive(bus, queue)) == 50


async def test_a_message_that_no_queue_takes_is_unsendable(bus: Bus) -> None:
    with pytest.raises(Unsendable):
        await bus.publish(word("lost", key="no-such-queue"))


@pytest.mark.parametrize(
    "message",
    [
        Outgoing("", "k" * 256, "id", b""),
        Outgoing("", "q", "i" * 300, b""),
        Outgoing("", "q", "id", b"x" * 17_000_000),
    ],
)
async def test_what_the_protocol_cannot_carry_is_unsendable(bus: Bus, message: Outgoing) -> None:
    with pytest.raises(Unsendable):
        await bus.publish(message)
    await bus.ping()


async def test_an_exchange_that_went_away_makes_others_in_flight_try_again(bus: Bus, queue: str) -> None:
    async with bus.channel() as channel:
        exchange = await channel.declare_exchange("fleeting", ExchangeType.FANOUT)
        await (await channel.get_queue(queue)).bind(exchange)
        await bus.publish(word("first", exchange="fleeting"))
        await channel.exchange_delete("fleeting")
    sending = [bus.publish(word(str(number), key=queue)) for number in range(20)]
    outcomes = await asyncio.gather(bus.publish(word("x", exchange="fleeting")), *sending, return_exceptions=True)
    assert not [each for each in outcomes if isinstance(each, Unsendable)]
    with pytest.raises(Unsendable):
        await bus.publish(word("x", exchange="fleeting"))
    await bus.publish(word("after", key=queue))


async def test_headers_of_another_node_do_not_hide_where_a_message_came_from(bus: Bus, queue: str) -> None:
    forged = Message(b"{}", message_id="id-1", headers={"x-first-exchange": "from-parent", "x-attempt": 99})
    async with bus.channel() as channel:
        exchange = await channel.declare_exchange("from-child.33.02", ExchangeType.FANOUT)
        await (await channel.get_queue(queue)).bind(exchange)
        await exchange.publish(forged, "letter.33.intake")
        (delivery,) = await receive(bus, queue)
        await channel.exchange_delete("from-child.33.02")
    assert (delivery.exchange, delivery.attempt) == ("from-child.33.02", 0)


async def test_own_headers_of_a_retried_message_are_believed(bus: Bus, queue: str) -> None:
    await bus.publish(word("again", key=queue), {"x-first-exchange": "from-parent", "x-attempt": 2})
    (delivery,) = await receive(bus, queue)
    assert (delivery.exchange, delivery.attempt) == ("from-parent", 2)


async def test_closing_leaves_no_connection_behind(broker: RabbitMQ) -> None:
    bus = Bus(broker.url(), name="guest")
    for _ in range(3):
        with pytest.raises(Unsendable):
            await bus.publish(word("lost", exchange="nowhere"))
    await bus.close()

    async def gone() -> bool:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{broker.management_url}/api/connections")
        return not [each for each in answer.json() if "guest" in each["client_properties"]["connection_name"]]

    assert await eventually(gone)


async def test_a_try_to_connect_that_fails_leaves_no_connection_open() -> None:
    with pytest.raises(OSError) as refused:  # noqa: PT011 - whatever the library calls it
        async with Bus("amqp://127.0.0.1:1/", name="nobody answers").channel():
            pass
    left = [each for each in gc.get_objects() if isinstance(each, aio_pika.Connection) and each.url.port == 1]
    assert left, f"the traceback of {refused.value!r} holds it"
    assert all(each.is_closed for each in left)


async def test_who_stops_waiting_for_an_answer_ends_nobody_elses_channel(bus: Bus, queue: str) -> None:
    """A probe of a slow broker that gives up must not make all consumers begin anew."""
    async with bus.channel() as channel:
        for pause in (0, 0.001, 0.002, 0.005, 0.01):
            asking = asyncio.create_task(bus.ping())
            await asyncio.sleep(pause)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        box = await channel.get_queue(queue, ensure=True)
        assert box.declaration_result.message_count == 0
        assert not channel.is_closed
    await bus.ping()


async def test_a_broker_killed_while_publishing_ends_every_call_and_the_bus_comes_back(
    broker: RabbitMQ, on_disk: Callable[[str], Awaitable[None]]
) -> None:
    bus = Bus(broker.url(), name="survivor")
    async with bus.channel() as channel:
        await channel.declare_queue("safe", durable=True, arguments={"x-queue-type": "quorum"})
    await on_disk("safe")
    sent: set[str] = set()

    async def send(number: int) -> None:
        await bus.publish(word(str(number), key="safe", message_id=f"m{number}"))
        sent.add(f"m{number}")

    async def send_for_ever() -> None:
        for number in itertools.count(step=100):
            await asyncio.gather(*(send(number + step) for step in range(100)))

    async def some_sent() -> bool:
        return len(sent) > 500

    sending = asyncio.create_task(send_for_ever())
    await eventually(some_sent)
    await asyncio.to_thread(broker.kill9)
    with pytest.raises(OSError, match=r"broker|Connect|^$"):
        await asyncio.wait_for(sending, 10)
    assert not await answers(bus)
    await asyncio.to_thread(broker.start)
    await bus.publish(word("after", key="safe"))
    assert sent <= {delivery.message_id for delivery in await receive(bus, "safe")}  # what was confirmed is kept
    await bus.close()
