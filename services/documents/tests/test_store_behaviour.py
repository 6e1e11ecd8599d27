"""One behaviour for every object store: the directory, and S3 on a real server."""

import asyncio
import os
import tracemalloc
from collections.abc import Iterable
from typing import Any

import pytest

from documents.storage.objects import READ, Absent, Spool

NAME = "0123456789abcdef0123456789abcdef"
OTHER = "0123ffff89abcdef0123456789abcdef"
MEGABYTE = 1024 * 1024


async def put(shelf: Any, name: str, *chunks: bytes) -> None:
    with shelf.store.spool() as spool:
        await asyncio.to_thread(fill, spool, chunks)
        await shelf.store.keep(name, spool)


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
