"""One behaviour for every object store: the directory, and S3 on a real server."""

import asyncio
import os
import tracemalloc
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from documents.storage.objects import READ, Absent, Locked, Spool
from kit.testing import eventually

NAME = "0123456789abcdef0123456789abcdef"
OTHER = "0123ffff89abcdef0123456789abcdef"
MEGABYTE = 1024 * 1024


def in_days(days: float) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


async def put(shelf: Any, name: str, *chunks: bytes, until: datetime | None = None) -> bool:
    """Returns whether it was new."""
    with shelf.store.spool() as spool:
        await asyncio.to_thread(fill, spool, chunks)
        new: bool = await shelf.store.keep(name, spool, until)
        return new


async def replace(shelf: Any, name: str, content: bytes) -> None:
    with shelf.store.spool() as spool:
        spool.write(content)
        await shelf.store.replace(name, spool)


def fill(spool: Spool, chunks: Iterable[bytes]) -> None:
    for chunk in chunks:
        spool.write(chunk)


async def content_of(shelf: Any, name: str) -> bytes:
    return b"".join([chunk async for chunk in shelf.store.read(name)])


async def test_what_was_put_is_read_again(shelf: Any) -> None:
    await put(shelf, NAME, b"sealed ", b"bytes")
    assert await content_of(shelf, NAME) == b"sealed bytes"
    assert await shelf.store.exists(NAME)
    assert shelf.leftovers() == 0


async def test_an_empty_object_is_an_object(shelf: Any) -> None:
    await put(shelf, NAME)
    assert await shelf.store.exists(NAME)
    assert await content_of(shelf, NAME) == b""


async def test_names_are_kept_apart(shelf: Any) -> None:
    await put(shelf, NAME, b"one")
    await put(shelf, OTHER, b"other")
    assert (await content_of(shelf, NAME), await content_of(shelf, OTHER)) == (b"one", b"other")


async def test_the_header_written_last_stands_first(shelf: Any) -> None:
    with shelf.store.spool() as spool:
        fill(spool, [b"......", b"and the rest" * READ])
        spool.write_header(b"header")
        await shelf.store.keep(NAME, spool)
    content = await content_of(shelf, NAME)
    assert content.startswith(b"headerand the rest")
    assert len(content) == 6 + 12 * READ


async def test_the_same_content_twice_is_kept_once(shelf: Any) -> None:
    await put(shelf, NAME, b"first")
    await put(shelf, NAME, b"again")
    assert shelf.objects() == [b"first"]
    assert shelf.leftovers() == 0


async def test_what_was_never_put_is_not_found(shelf: Any) -> None:
    assert not await shelf.store.exists(NAME)
    with pytest.raises(Absent):
        await content_of(shelf, NAME)
    await put(shelf, NAME, b"one")
    assert not await shelf.store.exists(OTHER)
    with pytest.raises(Absent):
        await content_of(shelf, OTHER)


async def test_an_interrupted_upload_leaves_nothing(shelf: Any) -> None:
    async def interrupted() -> None:
        with shelf.store.spool() as spool:
            fill(spool, [b"half of it" * READ])
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await interrupted()
    assert (shelf.objects(), shelf.leftovers()) == ([], 0)
    assert not await shelf.store.exists(NAME)


async def test_a_cancelled_upload_leaves_all_or_nothing(shelf: Any) -> None:
    content = os.urandom(12 * MEGABYTE)
    with shelf.store.spool() as spool:
        fill(spool, [content])
        keeping = asyncio.create_task(shelf.store.keep(NAME, spool))
        await asyncio.sleep(0)  # it has begun
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    assert shelf.leftovers() == 0
    assert shelf.objects() in ([], [content])


async def test_parallel_puts_of_the_same_content_are_kept_once(shelf: Any) -> None:
    content = os.urandom(MEGABYTE)
    await asyncio.gather(*(put(shelf, NAME, content) for _ in range(8)))
    assert shelf.objects() == [content]
    assert shelf.leftovers() == 0


async def test_parallel_puts_and_reads_of_different_content_do_not_mix(shelf: Any) -> None:
    contents = {f"{number:032x}": os.urandom(300_000) for number in range(20)}
    await asyncio.gather(*(put(shelf, name, content) for name, content in contents.items()))
    read = await asyncio.gather(*(content_of(shelf, name) for name in contents))
    assert dict(zip(contents, read, strict=True)) == contents


async def test_a_reader_that_leaves_early_does_not_hold_the_others_up(shelf: Any) -> None:
    await put(shelf, NAME, os.urandom(4 * MEGABYTE))
    for _ in range(40):  # more than there are threads and connections
        reading = shelf.store.read(NAME)
        assert await anext(reading)
        await reading.aclose()
    assert len(await content_of(shelf, NAME)) == 4 * MEGABYTE


async def test_a_large_object_is_put_and_read_with_bounded_memory(shelf: Any) -> None:
    block = os.urandom(MEGABYTE)
    tracemalloc.start()
    try:
        await put(shelf, NAME, *([block] * 64))
        sizes = [len(chunk) async for chunk in shelf.store.read(NAME)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) == 64 * MEGABYTE
    assert max(sizes) <= READ
    assert peak < 20 * MEGABYTE


async def test_a_store_that_can_be_used_answers(shelf: Any) -> None:
    await shelf.store.ping()


async def test_who_keeps_is_told_whether_it_was_new(shelf: Any) -> None:
    assert await put(shelf, NAME, b"one")
    assert not await put(shelf, NAME, b"one")


async def test_what_is_not_locked_can_be_removed_and_kept_again(shelf: Any) -> None:
    await put(shelf, NAME, b"one")
    await put(shelf, OTHER, b"other")
    await shelf.store.delete(NAME)
    assert (await shelf.store.exists(NAME), shelf.objects()) == (False, [b"other"])
    await shelf.store.delete(NAME)  # nothing is there
    assert await put(shelf, NAME, b"again")
    assert await content_of(shelf, NAME) == b"again"


async def test_what_is_not_locked_can_be_replaced_also_while_it_is_read(shelf: Any) -> None:
    before, after = os.urandom(3 * READ), os.urandom(2 * READ)
    await put(shelf, NAME, before)
    reading = shelf.store.read(NAME)
    first = await anext(reading)
    await replace(shelf, NAME, after)
    assert first + b"".join([chunk async for chunk in reading]) == before
    assert await content_of(shelf, NAME) == after
    assert shelf.leftovers() == 0


async def test_what_is_locked_is_neither_removed_nor_replaced_by_any_method(shelf: Any) -> None:
    until = in_days(1)
    assert await put(shelf, NAME, b"approved", until=until)
    assert await shelf.store.locked_until(NAME) == until
    with pytest.raises(Locked):
        await shelf.store.delete(NAME)
    with pytest.raises(Locked):
        await replace(shelf, NAME, b"forged")
    assert not await put(shelf, NAME, b"forged")
    assert not await put(shelf, NAME, b"forged", until=until)
    assert await content_of(shelf, NAME) == b"approved"
    assert await shelf.store.locked_until(NAME) == until


async def test_a_lock_is_made_longer_and_never_shorter(shelf: Any) -> None:
    await put(shelf, NAME, b"approved", until=in_days(2))
    await put(shelf, NAME, b"approved", until=in_days(5))
    longest = await shelf.store.locked_until(NAME)
    assert longest > in_days(4)
    await put(shelf, NAME, b"approved", until=in_days(1))
    assert await shelf.store.locked_until(NAME) == longest


async def test_what_stood_unlocked_can_be_locked_later(shelf: Any) -> None:
    await put(shelf, NAME, b"one")
    assert await shelf.store.locked_until(NAME) is None
    await put(shelf, NAME, b"one", until=in_days(1))
    with pytest.raises(Locked):
        await shelf.store.delete(NAME)
    with pytest.raises(Locked):
        await replace(shelf, NAME, b"two")
    assert await content_of(shelf, NAME) == b"one"


async def test_what_was_never_kept_has_no_lock(shelf: Any) -> None:
    assert await shelf.store.locked_until(NAME) is None
    await put(shelf, NAME, b"one", until=in_days(1))
    assert await shelf.store.locked_until(OTHER) is None


async def test_a_lock_that_has_ended_holds_no_longer(shelf: Any) -> None:
    await put(shelf, NAME, b"approved", until=datetime.now(UTC) + timedelta(seconds=1.5))

    async def ended() -> bool:
        until = await shelf.store.locked_until(NAME)
        return bool(until < datetime.now(UTC))

    await eventually(ended)
    await shelf.store.delete(NAME)
    assert not await shelf.store.exists(NAME)
    assert shelf.objects() == []


async def test_parallel_locked_puts_of_the_same_content_are_all_locked(shelf: Any) -> None:
    await asyncio.gather(*(put(shelf, NAME, b"approved", until=in_days(days)) for days in (1, 3, 2)))
    assert await shelf.store.locked_until(NAME) > in_days(2.5)
    with pytest.raises(Locked):
        await shelf.store.delete(NAME)
    assert await content_of(shelf, NAME) == b"approved"
