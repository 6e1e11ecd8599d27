"""A node that demonstrates: its time is moved forward by a file, for all its processes at once, and never back."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit import health
from kit.app import _follow
from kit.clock import ManualClock, MovableClock, SystemClock, move, moved_by
from kit.db import Database
from kit.testing import eventually
from kit.workers import Worker, WorkerLoop

ELSEWHERE = """
import sys
from pathlib import Path
from kit.clock import MovableClock
print(int(MovableClock(Path(sys.argv[1])).moved.total_seconds()))
"""
SOON = timedelta(seconds=5)


def close(left: datetime, right: datetime) -> bool:
    return abs(left - right) < SOON


def test_a_clock_that_nobody_moved_tells_the_time_of_the_world(tmp_path: Path) -> None:
    clock = MovableClock(tmp_path / "clock")
    assert close(clock.now(), datetime.now(UTC))
    assert health.simulated(clock) == {}


def test_moving_it_shows_at_the_next_look_of_every_process(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock, another = MovableClock(file), MovableClock(file)
    assert clock.now() < another.now()
    assert move(file, timedelta(days=61, hours=2)) == timedelta(days=61, hours=2)
    for each in (clock, another):
        assert close(each.now(), datetime.now(UTC) + timedelta(days=61, hours=2))
    told = subprocess.run([sys.executable, "-c", ELSEWHERE, file], capture_output=True, text=True, check=True)
    assert int(told.stdout) == (61 * 24 + 2) * 3600
    assert health.simulated(clock)["simulated_time"]["moved_seconds"] == (61 * 24 + 2) * 3600


def test_steps_add_up_and_time_never_goes_back(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    clock = MovableClock(file)
    move(file, timedelta(days=1))
    assert move(file, timedelta(hours=1)) == timedelta(days=1, hours=1)
    for step in (timedelta(0), timedelta(days=-1)):
        with pytest.raises(ValueError, match="forward"):
            move(file, step)
    assert clock.moved == timedelta(days=1, hours=1)
    file.write_text("60\n")
    assert clock.moved == timedelta(days=1, hours=1)
    file.unlink()
    assert clock.moved == timedelta(days=1, hours=1)


@pytest.mark.parametrize("text", ["", "tomorrow", "-5", "1e9", "9" * 30])
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock").write_text(text)
    with pytest.raises(ValueError, match="does not say"):
        moved_by(tmp_path / "clock")


def test_no_date_leaves_the_calendar(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2100"):
        move(tmp_path / "clock", timedelta(days=40_000))
    assert not (tmp_path / "clock").exists()


def test_other_clocks_are_never_said_to_be_moved() -> None:
    assert health.simulated(SystemClock()) == {} == health.simulated(None)
    assert health.simulated(ManualClock()) == {}


async def test_who_sleeps_looks_again_when_the_clock_was_moved(tmp_path: Path) -> None:
    looked: list[datetime] = []

    async def step(_: object) -> int:
        looked.append(clock.now())
        return 0

    clock, database = MovableClock(tmp_path / "clock"), Database("postgresql://nobody@127.0.0.1:1/none")
    loop = WorkerLoop(Worker("sleeper", None, step, timedelta(hours=1)), database=database, context=None)
    tasks = [asyncio.create_task(loop.run()), asyncio.create_task(_follow(clock, [loop.wake]))]

    async def has_looked_twice() -> bool:
        return len(looked) == 2

    async def has_looked() -> bool:
        return len(looked) == 1

    await eventually(has_looked, within=5)
    move(tmp_path / "clock", timedelta(days=60))
    await eventually(has_looked_twice, within=5)
    assert looked[1] - looked[0] >= timedelta(days=60)
    tasks[1].cancel()
    loop.stop()
    await asyncio.wait(tasks)
    await database.close()
