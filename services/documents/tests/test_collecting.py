"""What no row names is counted first and then removed, and nothing else ever is: in both stores."""

import asyncio
import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from documents import resources
from documents.metrics import COLLECTED, UNCOMMITTED
from documents.scrubs import collecting
from documents.scrubs.domain import too_many
from documents.scrubs.usecases import step
from documents.storage.vault import Kept
from kit.clock import ManualClock
from kit.errors import Refused

LATER = timedelta(days=4)


@pytest.fixture
def cellar(desk: Any, shelf: Any) -> Any:
    """The desk works on one store or the other, and four days from now."""
    desk.running.runtime.clock = ManualClock(datetime.now(UTC) + LATER)
    resources.of(desk.running.runtime).vault.store = shelf.store
    return desk


def having(desk: Any, **changes: Any) -> None:
    held = resources.of(desk.running.runtime)
    held.settings = held.settings.model_copy(update=changes)


async def left_behind(desk: Any, content: bytes, *, until: datetime | None = None) -> str:
    """An object whose keeper never commits."""
    async with resources.of(desk.running.runtime).vault.receiving() as receiving:
        await receiving.write(content)
        kept: Kept = await receiving.keep(until)
    return kept.name


async def found(desk: Any) -> list[str]:
    return [each.name async for each in collecting.all_uncommitted(desk.running.runtime)]


async def removed(desk: Any) -> list[bool]:
    runtime = desk.running.runtime
    return [await collecting.remove(runtime, each) async for each in collecting.all_uncommitted(runtime)]


async def names(desk: Any) -> set[str]:
    return {each.name for each in await resources.of(desk.running.runtime).vault.store.listed("", 100)}


async def walked(desk: Any) -> None:
    """One whole walk of the scrub through the store."""
    assert await step(desk.running.runtime) == 0


async def test_what_was_never_committed_goes_and_the_rest_stays(cellar: Any, pdf: bytes) -> None:
    file_id = (await cellar.put()).json()["file_id"]
    await walked(cellar)
    left = await left_behind(cellar, b"never committed")
    assert await found(cellar) == [left]
    before = COLLECTED._value.get()
    assert await removed(cellar) == [True]
    assert COLLECTED._value.get() == before + 1
    assert await found(cellar) == []
    assert (await cellar.get("files", file_id)).content == pdf


async def test_what_is_young_is_left_alone(cellar: Any) -> None:
    left = await left_behind(cellar, b"on its way")
    cellar.running.runtime.clock.advance(-LATER)
    assert await found(cellar) == []
    cellar.running.runtime.clock.advance(timedelta(hours=71))
    assert await found(cellar) == []
    cellar.running.runtime.clock.advance(timedelta(hours=2))
    assert await found(cellar) == [left]


async def test_what_is_locked_or_ever_was_is_never_touched(cellar: Any) -> None:
    await left_behind(cellar, b"sealed", until=datetime.now(UTC) + timedelta(days=1))
    twice = await left_behind(cellar, b"plain first")
    await left_behind(cellar, b"plain first", until=datetime.now(UTC) + timedelta(seconds=1))
    await cellar.running.rows("DELETE FROM objects RETURNING name")
    standing = [each async for each in collecting.all_uncommitted(cellar.running.runtime)]
    assert [await collecting.remove(cellar.running.runtime, each) for each in standing] == [False] * len(standing)
    assert await resources.of(cellar.running.runtime).vault.store.exists(twice)


async def test_what_somebody_keeps_again_is_adopted_before_it_can_be_collected(cellar: Any) -> None:
    content = b"%PDF-1.7 twice %%EOF"
    await left_behind(cellar, content)
    (standing,) = [each async for each in collecting.all_uncommitted(cellar.running.runtime)]
    await left_behind(cellar, content)  # it is on its way a second time, and has not committed either
    assert await collecting.remove(cellar.running.runtime, standing) is False
    answer = await cellar.put(content)
    assert (await cellar.get("files", answer.json()["file_id"])).content == content


async def test_a_keeper_who_comes_while_it_is_collected_writes_it_anew(cellar: Any) -> None:
    content = b"%PDF-1.7 at the same time %%EOF"
    for _ in range(5):
        content += os.urandom(4)
        await left_behind(cellar, content)
        *_, answer = await asyncio.gather(removed(cellar), cellar.put(content))
        assert (await cellar.get("files", answer.json()["file_id"])).content == content


async def test_one_that_was_written_anew_meanwhile_is_young_again(desk: Any) -> None:
    """Another process has collected it, and somebody has put the same content there since."""
    runtime = desk.running.runtime
    left = await left_behind(desk, b"old")
    (path,) = desk.objects()
    os.utime(path, (0, 0))
    (standing,) = [each async for each in collecting.all_uncommitted(runtime)]
    assert standing.name == left
    os.utime(path)
    assert await collecting.remove(runtime, standing) is False
    os.utime(path, (0, 0))
    assert await collecting.remove(runtime, standing) is True


async def test_the_scrub_counts_and_removes_only_where_that_is_wanted_and_a_whole_walk_was_counted(cellar: Any) -> None:
    left = await left_behind(cellar, b"never committed")
    for _ in range(2):
        await walked(cellar)
    assert (UNCOMMITTED._value.get(), await names(cellar)) == (1, {left})
    having(cellar, collect_uncommitted=True)
    resources.of(cellar.running.runtime).walk.counted = None  # as after a restart
    await walked(cellar)
    assert await names(cellar) == {left}
    await walked(cellar)
    assert (UNCOMMITTED._value.get(), await names(cellar)) == (0, set())


async def test_a_database_older_than_its_store_stops_the_collector(
    cellar: Any, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.setattr("documents.scrubs.domain.FEW", 1)
    for number in range(2):
        await left_behind(cellar, b"%PDF- wanted" + bytes([number]))
    having(cellar, collect_uncommitted=True)
    for _ in range(3):
        await walked(cellar)
    assert len(await names(cellar)) == 2
    assert "store.too_many_uncommitted" in capfd.readouterr().out
    with pytest.raises(Refused, match="too-many-uncommitted"):
        await collecting.check_few(cellar.running.runtime, 2)


@pytest.mark.parametrize(
    ("number", "known", "stops"),
    [(0, 0, False), (100, 0, False), (101, 0, True), (101, 10_100, False), (102, 10_100, True)],
)
def test_how_many_are_too_many(number: int, known: int, stops: bool) -> None:
    assert too_many(number, known) is stops


async def test_the_store_is_walked_in_pieces(cellar: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    left = sorted([await left_behind(cellar, uuid.uuid4().bytes) for _ in range(5)])
    monkeypatch.setattr(collecting, "PAGE", 2)
    assert await found(cellar) == left
    walk = resources.of(cellar.running.runtime).walk
    seen = []
    for _ in range(3):
        await walked(cellar)
        seen.append((walk.after, walk.found, walk.counted))
    assert seen == [(left[1], 2, None), (left[3], 4, None), ("", 0, 5)]
