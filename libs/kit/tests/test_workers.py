"""Workers take up what was committed at once, alone or side by side, and lose nothing when something fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from kit.db import Database, Waker
from kit.testing import eventually
from kit.workers import Worker, WorkerLoop

TAKE = "DELETE FROM effects WHERE id = (SELECT id FROM effects LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING text"


class Desk:
    """Does one row of `effects` after the other, and can be told to fail."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.done: list[str] = []
        self.failures = 0
        self.entered = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def step(self, _: Any) -> int:
        self.entered.set()
        await self.may_go_on.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError("away")
        async with self.database.transaction() as session:
            text = await session.raw.fetchval(TAKE)
            if text is None:
                return 0
        self.done.append(text)
        return 1

    async def leave(self, *texts: str, wake: bool = True) -> None:
        async with self.database.transaction() as session:
            await session.raw.executemany("INSERT INTO effects (text) VALUES ($1)", [(text,) for text in texts])
            session.wake |= {"desk"} if wake else set()

    @asynccontextmanager
    async def working(self, *, every: float = 3600) -> AsyncIterator[WorkerLoop]:
        loop = WorkerLoop(
            Worker("desk", "desk", self.step, timedelta(seconds=every)), database=self.database, context=None
        )
        task = asyncio.create_task(loop.run())
        try:
            yield loop
        finally:
            loop.stop()
            await asyncio.wait_for(task, 20)

    async def has_done(self, count: int) -> None:
        async def look() -> bool:
            return len(self.done) >= count

        await eventually(look, within=10)


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    waking = asyncio.create_task(Waker(database).run())
    yield Desk(database)
    waking.cancel()


async def test_a_commit_wakes_the_worker_and_work_left_before_is_found(desk: Desk) -> None:
    await desk.leave("before", wake=False)
    async with desk.working():
        await desk.has_done(1)
        for number in range(2, 7):
            await desk.leave(str(number))
            await desk.has_done(number)


async def test_work_nobody_was_woken_for_is_found_in_time(desk: Desk) -> None:
    async with desk.working(every=0.1):
        await desk.leave("unannounced", wake=False)
        await desk.has_done(1)


async def test_a_step_that_fails_is_tried_again(desk: Desk) -> None:
    desk.failures = 3
    async with desk.working(every=0.1):
        await desk.leave("1")
        await desk.has_done(1)
    assert desk.failures == 0


async def test_two_workers_share_the_work_and_do_nothing_twice(desk: Desk) -> None:
    async with desk.working(), desk.working():
        await desk.leave(*(str(number) for number in range(200)))
        await desk.has_done(200)
    assert sorted(map(int, desk.done)) == list(range(200))


async def test_a_worker_that_is_stopped_finishes_its_step_and_begins_no_other(desk: Desk) -> None:
    desk.may_go_on.clear()
    await desk.leave("1", "2")
    async with desk.working() as loop:
        await asyncio.wait_for(desk.entered.wait(), 10)
        loop.stop()
        desk.may_go_on.set()
    assert desk.done == ["1"]
