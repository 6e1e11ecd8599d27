"""How many parts are under way at a time: never more than the window, and nobody waits for ever."""

import asyncio
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from notify.gateways.interface import NotSent
from notify.gateways.pace import Pace

ENDS = st.sampled_from(
    ["taken", "heard", "unanswered", "too-many", "cancelled while waiting", "cancelled while under way"]
)


async def story(window: int, ends: list[str]) -> tuple[int, Counter[str]]:
    """All come at once, each ends in its way: how many were under way at most, and how they ended."""
    pace, most, seen = Pace(window), 0, Counter[str]()

    async def one(end: str) -> None:
        nonlocal most
        try:
            await pace.enter()
        except NotSent:
            seen["refused"] += 1
            return
        most = max(most, pace.under_way)
        try:
            for _ in range(3):
                await asyncio.sleep(0)
            {"taken": pace.taken, "unanswered": pace.unanswered, "too-many": pace.too_many}.get(end, pace.heard)()
        finally:
            pace.leave()
        seen[end] += 1

    tasks = [asyncio.create_task(one(end)) for end in ends]
    for turns, name in ((1, "cancelled while waiting"), (2, "cancelled while under way")):
        for _ in range(turns):
            await asyncio.sleep(0)
        for task, end in zip(tasks, ends, strict=True):
            task.cancel() if end == name else None
    done = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 10)
    seen["cancelled"] += sum(isinstance(each, asyncio.CancelledError) for each in done)
    assert pace.under_way == 0
    assert not pace._waiting
    assert 1 <= pace.allowed <= window
    return most, seen


@given(st.integers(1, 8), st.lists(ENDS, max_size=40))
def test_whatever_becomes_of_them_the_window_holds_and_all_come_to_an_end(window: int, ends: list[str]) -> None:
    most, seen = asyncio.run(story(window, ends))
    assert most <= window
    assert seen.total() == len(ends)


def test_the_window_is_used_to_the_full() -> None:
    most, seen = asyncio.run(story(4, ["taken"] * 20))
    assert (most, seen["taken"]) == (4, 20)


async def test_pauses_grow_until_something_is_taken() -> None:
    pace = Pace(8)
    assert all(0.5 < pace.too_many().total_seconds() <= 1 for _ in range(3))
    assert pace.allowed == 4, "those that were under way together are one lesson"
    lengths = []
    for _ in range(8):
        pace._until = 0
        lengths.append(round(pace.too_many().total_seconds()))
    assert lengths == [2, 4, 8, 16, 32, 60, 60, 60]
    pace.taken()
    pace._until = 0
    assert round(pace.too_many().total_seconds()) == 1
