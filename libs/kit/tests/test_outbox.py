"""The relay on a real database and a real broker: what was committed is sent, what cannot be sent is set aside."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from kit.bus import Bus
from kit.db import Database, Waker
from kit.outbox import Outgoing, Relay, put
from kit.testing import eventually
from xinqiao_local.postgres import Postgres
from xinqiao_local.rabbitmq import RabbitMQ

OnDisk = Callable[[str], Awaitable[None]]


@asynccontextmanager
async def running(database: Database, bus: Bus, **options: Any) -> AsyncIterator[Relay]:
    relay = Relay(database, bus, service="tests", **options)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        relay.stop()
        await asyncio.wait_for(task, 20)


async def commit(station: Any, *texts: str, exchange: str = "") -> None:
    async with station.database.transaction() as session:
        for text in texts:
            put(session, station.word(text, exchange=exchange))


async def left(station: Any, condition: str = "true") -> int:
    async with station.database.transaction() as session:
        return int(await session.raw.fetchval(f"SELECT count(*) FROM outbox WHERE {condition}"))  # noqa: S608 - a test's own


def holds(station: Any, count: int) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return bool(await station.depth() >= count and await left(station, "parked_reason IS NULL") == 0)

    return look


async def test_committed_messages_are_sent_and_rolled_back_ones_are_not(station: Any) -> None:
    async def changes_its_mind() -> None:
        async with station.database.transaction() as session:
            put(session, station.word("undone"))
            raise KeyError

    await commit(station, "kept")
    with pytest.raises(KeyError):
        await changes_its_mind()
    async with running(station.database, station.bus):
        await eventually(holds(station, 1))
    assert await station.depth() == 1
    assert await left(station) == 0


async def test_the_broker_killed_loses_nothing(station: Any, broker: RabbitMQ, on_disk: OnDisk) -> None:
    await on_disk(station.queue)
    async with running(station.database, station.bus, batch=50):
        writing = [commit(station, *(f"{batch}-{number}" for number in range(20))) for batch in range(50)]
        for each in writing[:25]:
            await each
        await asyncio.to_thread(broker.kill9)
        for each in writing[25:]:
            await each
        assert await left(station) >= 500
        await asyncio.to_thread(broker.start)
        await eventually(holds(station, 1000), within=60)
    station.start()

    async def all_taken() -> bool:
        return bool(await station.depth() == 0 and await station.count() >= 1000)

    await eventually(all_taken)
    assert len(set(await station.effects())) == len(await station.effects()) == 1000
    assert await left(station) == 0


async def test_the_database_killed_while_sending_loses_nothing(station: Any, postgres: Postgres) -> None:
    await commit(station, *(str(number) for number in range(3000)))
    async with running(station.database, station.bus, batch=100):

        async def begun() -> bool:
            return bool(await station.depth() > 100)

        await eventually(begun)
        await asyncio.to_thread(postgres.kill9)
        await asyncio.to_thread(postgres.start)
        await eventually(holds(station, 3000))
    station.start()

    async def all_taken() -> bool:
        return bool(await station.depth() == 0 and await station.count() >= 3000)

    await eventually(all_taken)
    assert len(set(await station.effects())) == len(await station.effects()) == 3000


async def test_a_row_that_cannot_be_sent_is_parked_with_its_reason_and_the_others_leave(station: Any) -> None:
    await commit(station, "a", "b")
    await commit(station, "stray", exchange="nowhere")
    async with station.database.transaction() as session:
        put(session, Outgoing("", "no-such-queue", "id", b"{}"))
    await commit(station, "c")
    async with running(station.database, station.bus):
        await eventually(holds(station, 3))
    async with station.database.transaction() as session:
        rows = await session.raw.fetch("SELECT parked_reason FROM outbox ORDER BY id")
    assert ["nowhere" in row["parked_reason"] for row in rows] == [True, False]
    assert "no queue takes it" in rows[1]["parked_reason"]


async def test_two_relays_on_one_table_send_each_row_once(station: Any) -> None:
    await commit(station, *(str(number) for number in range(2000)))
    async with (
        running(station.database, station.bus, batch=50),
        running(station.database, station.bus, batch=50),
    ):
        await eventually(holds(station, 2000))
    assert await station.depth() == 2000


async def test_a_commit_wakes_the_relay(station: Any) -> None:
    waking = asyncio.create_task(Waker(station.database).run())
    async with running(station.database, station.bus, poll=3600):
        for number in range(1, 6):
            await commit(station, str(number))
            await eventually(holds(station, number), within=10)
    waking.cancel()


async def test_a_relay_whose_listening_connection_ends_listens_again(station: Any) -> None:
    waking = asyncio.create_task(Waker(station.database).run())
    async with running(station.database, station.bus, poll=3600):
        await commit(station, "1")
        await eventually(holds(station, 1), within=10)
        async with station.database.transaction() as session:
            ended = await session.raw.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
            assert ended == 1

        async def listens_again() -> bool:
            async with station.database.transaction() as session:
                return bool(
                    await session.raw.fetchval(
                        "SELECT count(*) FROM pg_stat_activity"
                        " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
                    )
                )

        await eventually(listens_again)
        await commit(station, "2")
        await eventually(holds(station, 2), within=10)
    waking.cancel()


async def test_a_relay_that_stops_sends_first_what_is_committed(station: Any) -> None:
    async with running(station.database, station.bus, poll=3600):
        await eventually(holds(station, 0))
        await commit(station, *"abc")  # nobody notifies
    assert await station.depth() == 3


async def test_after_a_crash_of_the_database_a_commit_wakes_the_relay_again(station: Any, postgres: Postgres) -> None:
    waking = asyncio.create_task(Waker(station.database).run())

    async def committed(text: str) -> bool:
        try:
            await commit(station, text)
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
            return False
        return True

    def crash_and_start() -> None:
        postgres.kill9()
        postgres.start()

    async with running(station.database, station.bus, poll=3600):
        await commit(station, "1")
        await eventually(holds(station, 1), within=10)
        starting = asyncio.create_task(asyncio.to_thread(crash_and_start))
        while not starting.done():
            await committed("meanwhile")
            await asyncio.sleep(0.01)
        await starting
        await eventually(lambda: committed("2"))
        await eventually(holds(station, 2), within=30)
        assert not waking.done()
        seen = await station.depth()
        await commit(station, "3")
        await eventually(holds(station, seen + 1), within=10)
    waking.cancel()
