"""How an object goes to an S3 server: in one request, not held in memory, refused when it arrives altered."""

import asyncio
import os
import tracemalloc
from typing import Any

import pytest

from documents.storage import buckets
from documents.storage.s3 import S3Store
from documents.storage.threads import Threads

NAME = "0123456789abcdef0123456789abcdef"
MEGABYTE = 1024 * 1024


async def put(store: S3Store, content: bytes) -> None:
    with store.spool() as spool:
        spool.write(content)
        await store.keep(NAME, spool)


def tag(shelf: Any) -> str:
    """What the server calls the content; of parts, it tells their number."""
    return str(shelf.client.stat_object(shelf.settings.bucket, NAME).etag)


async def test_a_file_goes_in_one_request_and_is_never_whole_in_memory(s3_shelf: Any) -> None:
    content = os.urandom(40 * MEGABYTE)
    await s3_shelf.store.exists(NAME)  # connections are there
    with s3_shelf.store.spool() as spool:
        spool.write(content)
        tracemalloc.start()
        try:
            await s3_shelf.store.keep(NAME, spool)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert s3_shelf.objects() == [content]
    assert "-" not in tag(s3_shelf)
    assert peak < 4 * MEGABYTE


async def test_what_is_larger_than_one_request_should_be_goes_in_parts(
    s3_shelf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "ONE_REQUEST", MEGABYTE)
    content = os.urandom(2 * buckets.PART + 1)
    await put(s3_shelf.store, content)
    assert s3_shelf.objects() == [content]
    assert tag(s3_shelf).endswith("-3")


async def test_what_is_altered_on_the_way_is_refused_and_the_next_try_succeeds(s3_shelf: Any, threads: Threads) -> None:
    content = bytes(3 * MEGABYTE)

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, alters: bool) -> None:
        while data := await source.read(65_536):
            sink.write(data.replace(bytes(4096), bytes(4095) + b"!", 1) if alters else data)
            await sink.drain()
        sink.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*s3_shelf.settings.endpoint.split(":"))
        await asyncio.gather(pump(reader, far_writer, alters=True), pump(far_reader, writer, alters=False))

    async with await asyncio.start_server(forward, "127.0.0.1", 0) as server:
        endpoint = "127.0.0.1:" + str(server.sockets[0].getsockname()[1])
        altering = S3Store(s3_shelf.settings.model_copy(update={"endpoint": endpoint}), s3_shelf.incoming, threads)
        with pytest.raises(OSError, match="S3 refuses: XAmzContentSHA256Mismatch"):
            await put(altering, content)
    assert s3_shelf.objects() == []
    await put(s3_shelf.store, content)
    assert s3_shelf.objects() == [content]
