"""Consumers on a real broker and a real database: each message has its effect once, whatever goes wrong."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx

from kit.db import Database, Session
from kit.errors import Refused
from kit.testing import eventually
from xinqiao_local.postgres import Postgres
from xinqiao_local.rabbitmq import RabbitMQ

OnDisk = Callable[[str], Awaitable[None]]


async def write(session: Session, batch: Sequence[Any]) -> None:
    await session.raw.executemany("INSERT INTO effects (text) VALUES ($1)", [(each.text,) for each in batch])


async def publish_without_id(broker: RabbitMQ, queue: str) -> None:
    """As only a foreign sender would."""
    message = {"properties": {}, "routing_key": queue, "payload": '{"text": "nameless"}', "payload_encoding": "string"}
    async with httpx.AsyncClient() as client:
        url = f"{broker.management_url}/api/exchanges/%2F/amq.default/publish"
        assert (await client.post(url, json=message)).json() == {"routed": True}


async def parked(station: Any) -> list[tuple[str, str]]:
    """(reason, body) of what was parked."""
    found = []
    async with station.bus.channel() as channel:
        queue = await channel.get_queue(f"{station.queue}.parked")
        while (message := await queue.get(fail=False)) is not None:
            found.append((str(message.headers["x-reason"]), message.body.decode(errors="replace")))
            await message.ack()
    return found


async def test_what_is_delivered_twice_and_shuffled_has_its_effect_once(station: Any) -> None:
    letters = [station.word(f"{number}") for number in range(300)]
    twice = letters * 2
    random.Random(7).shuffle(twice)
    station.start(batch=50)
    await asyncio.gather(*(station.bus.publish(letter) for letter in twice))

    async def emptied() -> bool:
        return bool(await station.count() >= 300 and await station.depth() == 0)

    await eventually(emptied)
    await station.stop()
    assert sorted(await station.effects()) == sorted(str(number) for number in range(300))


async def test_a_poison_message_is_parked_with_its_reason_and_the_others_take_effect(station: Any) -> None:
    async def choosy(_: Any, session: Session, batch: Sequence[Any]) -> None:
        await write(session, batch)
        if any(each.text == "poison" for each in batch):
            raise Refused("version-conflict", held=3)

    await station.send(*"abcd", "poison", *"efgh")
    station.start(choosy)

    async def settled() -> bool:
        return bool(await station.count() == 8 and await station.depth() == 0)

    await eventually(settled)
    assert sorted(await station.effects()) == list("abcdefgh")
    ((reason, body),) = await parked(station)
    assert reason == "version-conflict(held=3)"
    assert "poison" in body


async def test_an_unreadable_message_and_one_without_id_are_parked_unread(station: Any, broker: RabbitMQ) -> None:
    await station.send("first")
    await station.bus.publish(station.word("torn", body=b"\xff not json"))
    await publish_without_id(broker, station.queue)
    await station.send("last")
    station.start()

    async def settled() -> bool:
        return bool(await station.count() == 2 and await station.depth(".parked") == 2)

    await eventually(settled)
    reasons = [reason for reason, _ in await parked(station)]
    assert reasons == ["message-unreadable", "message-unreadable(reason=no message id)"]


async def test_a_decoder_that_breaks_stops_no_queue(station: Any) -> None:
    await station.bus.publish(station.word("odd", body=b"[]"))
    await station.send("next")
    station.start()

    async def settled() -> bool:
        return bool(await station.count() == 1 and await station.depth(".parked") == 1)

    await eventually(settled)
    assert [reason for reason, _ in await parked(station)] == ["TypeError"]


async def test_a_failure_is_tried_again_after_a_delay_and_the_rest_does_not_wait(station: Any) -> None:
    tries: list[str] = []

    async def at_second_try(_: Any, session: Session, batch: Sequence[Any]) -> None:
        for each in batch:
            if each.text == "unlucky" and len(batch) == 1:
                tries.append(each.text)
            if each.text == "unlucky" and len(tries) < 2:
                raise FileNotFoundError("some file of the handler's own")
        await write(session, batch)

    await station.send("a", "unlucky", "b")
    station.start(at_second_try)

    async def others() -> bool:
        return bool(await station.count() == 2 and await station.waiting("retry.1s") == 1)

    async def all_three() -> bool:
        return bool(await station.count() == 3)

    await eventually(others)
    await eventually(all_three)
    assert await station.depth(".parked") == 0


async def test_a_failure_leaves_no_effect_and_no_inbox_row(station: Any) -> None:
    async def fails_late(_: Any, session: Session, batch: Sequence[Any]) -> None:
        await write(session, batch)
        raise ZeroDivisionError

    await station.send("half")
    station.start(fails_late)

    async def put_aside() -> bool:
        return bool(await station.waiting("retry.1s") + await station.waiting("retry.5s") == 1)

    await eventually(put_aside)
    await station.stop()
    assert await station.count() == 0
    async with station.database.transaction() as session:
        assert await session.raw.fetchval("SELECT count(*) FROM inbox") == 0


async def test_the_database_killed_means_a_pause_and_no_loss(station: Any, postgres: Postgres) -> None:
    async def slowly(_: Any, session: Session, batch: Sequence[Any]) -> None:
        await write(session, batch)
        await session.raw.execute("SELECT pg_sleep(0.02)")

    station.start(slowly, batch=5)
    await station.send(*(str(number) for number in range(300)))

    async def begun() -> bool:
        return bool(await station.count() > 20)

    await eventually(begun)
    await asyncio.to_thread(postgres.kill9)
    await station.send(*(str(number) for number in range(300, 400)))
    await asyncio.to_thread(postgres.start)

    async def all_there() -> bool:
        return bool(await station.count() == 400 and await station.depth() == 0)

    await eventually(all_there)
    await station.stop()
    assert sorted(map(int, await station.effects())) == list(range(400))
    assert await station.depth(".parked") == 0


async def test_stopping_while_the_database_is_away_gives_back_what_was_held(station: Any, postgres: Postgres) -> None:
    held = asyncio.Event()

    async def slowly(_: Any, session: Session, batch: Sequence[Any]) -> None:
        held.set()
        await session.raw.execute("SELECT pg_sleep(30)")

    station.start(slowly)
    await station.send("1", "2", "3")
    await held.wait()
    await asyncio.to_thread(postgres.kill9)
    await station.stop()
    await asyncio.to_thread(postgres.start)

    async def given_back() -> bool:
        return bool(await station.depth() == 3)

    await eventually(given_back)
    assert await station.waiting("retry.1s") == 0


async def test_the_broker_killed_loses_and_repeats_nothing(station: Any, broker: RabbitMQ, on_disk: OnDisk) -> None:
    await on_disk(station.queue)

    async def slowly(_: Any, session: Session, batch: Sequence[Any]) -> None:
        await write(session, batch)
        await session.raw.execute("SELECT pg_sleep(0.02)")

    await station.send(*(str(number) for number in range(400)))
    station.start(slowly, batch=5)
    station.start(slowly, batch=5)

    async def begun() -> bool:
        return bool(await station.count() > 30)

    await eventually(begun)
    await asyncio.to_thread(broker.kill9)
    await asyncio.to_thread(broker.start)

    async def all_there() -> bool:
        return bool(await station.count() == 400 and await station.depth() == 0)

    await eventually(all_there)
    await station.stop()
    assert sorted(map(int, await station.effects())) == list(range(400))


async def test_stopping_finishes_the_batch_in_hand_and_leaves_the_rest(station: Any) -> None:
    begun = asyncio.Event()

    async def slowly(_: Any, session: Session, batch: Sequence[Any]) -> None:
        begun.set()
        await session.raw.execute("SELECT pg_sleep(0.5)")
        await write(session, batch)

    await station.send(*(str(number) for number in range(30)))
    station.start(slowly, batch=10)
    await asyncio.wait_for(begun.wait(), 10)
    await station.stop()
    done = await station.count()
    assert 0 < done <= 10

    async def given_back() -> bool:
        return bool(await station.depth() == 30 - done)

    await eventually(given_back)


async def test_a_queue_deleted_and_declared_again_is_consumed_again(station: Any, broker: RabbitMQ) -> None:
    async def seen(text: str) -> bool:
        return text in await station.effects()

    async def nobody_consumes() -> bool:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{broker.management_url}/api/consumers")
        return not [each for each in answer.json() if each["queue"]["name"] == station.queue]

    station.start()
    await station.send("before")
    await eventually(lambda: seen("before"))
    async with station.bus.channel() as channel:
        await channel.queue_delete(station.queue)
    await eventually(nobody_consumes)
    await station.declare()
    await station.send("after")
    await eventually(lambda: seen("after"))


async def test_after_a_restart_of_the_database_the_next_transaction_succeeds(
    database: Database, postgres: Postgres
) -> None:
    async def touch() -> None:
        async with database.transaction() as session:
            await session.raw.execute("SELECT pg_sleep(0.05)")

    await asyncio.gather(*(touch() for _ in range(4)))
    await asyncio.to_thread(postgres.stop)
    await asyncio.to_thread(postgres.start)
    await touch()
