"""An S3 server that is away, cuts the line or does not let us in."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from documents.storage.objects import Absent
from documents.storage.s3 import S3Store
from documents.storage.threads import Threads

NAME = "0123456789abcdef0123456789abcdef"


@asynccontextmanager
async def line_cut_after(endpoint: str, passed: int) -> AsyncIterator[str]:
    """An endpoint that forwards `passed` bytes to the server and then breaks every connection."""
    left = passed

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, counted: bool) -> None:
        nonlocal left
        with contextlib.suppress(ConnectionError):
            while left > 0 and (data := await source.read(65_536)):
                left -= len(data) if counted else 0
                sink.write(data)
                await sink.drain()
        sink.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if left <= 0:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection(*endpoint.split(":"))
        await asyncio.gather(pump(reader, far_writer, counted=True), pump(far_reader, writer, counted=False))

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    async with server:
        yield "127.0.0.1:" + str(server.sockets[0].getsockname()[1])


async def put(store: S3Store, content: bytes) -> None:
    with store.spool() as spool:
        spool.write(content)
        await store.keep(NAME, spool)


async def test_a_line_cut_in_the_middle_leaves_no_object_and_the_next_try_succeeds(
    s3_shelf: Any, threads: Threads
) -> None:
    content = os.urandom(20_000_000)
    async with line_cut_after(s3_shelf.settings.endpoint, 12_000_000) as endpoint:
        broken = S3Store(s3_shelf.settings.model_copy(update={"endpoint": endpoint}), s3_shelf.incoming, threads)
        with pytest.raises(OSError, match="S3 is away"):
            await put(broken, content)
    assert s3_shelf.objects() == []
    assert s3_shelf.leftovers() == 0
    await put(s3_shelf.store, content)
    assert s3_shelf.objects() == [content]


async def test_the_bucket_drops_parts_of_uploads_that_were_left_unfinished(s3_shelf: Any) -> None:
    await put(s3_shelf.store, b"the first object makes the bucket")
    rules = s3_shelf.client.get_bucket_lifecycle(s3_shelf.settings.bucket).rules
    assert [rule.abort_incomplete_multipart_upload.days_after_initiation for rule in rules] == [1]


async def test_a_server_that_is_away_is_an_error_and_never_an_absence(
    s3_shelf: Any, tmp_path: Path, threads: Threads
) -> None:
    away = S3Store(s3_shelf.settings.model_copy(update={"endpoint": "127.0.0.1:1"}), tmp_path, threads)
    with pytest.raises(OSError, match="S3 is away"):
        await away.exists(NAME)
    with pytest.raises(OSError, match="S3 is away"):
        await anext(away.read(NAME))


async def test_a_wrong_key_is_an_error_that_shows_no_key(s3_shelf: Any, tmp_path: Path, threads: Threads) -> None:
    await put(s3_shelf.store, b"one")
    wrong = {"secret_key": SecretStr("wrong-secret-wrong-secret")}
    stranger = S3Store(s3_shelf.settings.model_copy(update=wrong), tmp_path, threads)
    with pytest.raises(OSError, match="S3 refuses") as refused:
        await anext(stranger.read(NAME))
    assert "wrong-secret" not in str(refused.value)


async def test_two_processes_that_make_the_bucket_at_once_both_succeed(s3_shelf: Any, threads: Threads) -> None:
    other = S3Store(s3_shelf.settings, s3_shelf.incoming, threads)
    await asyncio.gather(put(s3_shelf.store, b"one"), put(other, b"one"))
    assert s3_shelf.objects() == [b"one"]


async def test_in_a_bucket_that_is_missing_everything_is_absent(s3_shelf: Any) -> None:
    with pytest.raises(Absent):
        await anext(s3_shelf.store.read(NAME))


async def test_a_bucket_that_was_removed_is_made_again_at_the_next_try(s3_shelf: Any) -> None:
    s3_shelf.client.make_bucket(s3_shelf.settings.bucket)
    await put(s3_shelf.store, b"one")
    s3_shelf.client.remove_object(s3_shelf.settings.bucket, NAME)
    s3_shelf.client.remove_bucket(s3_shelf.settings.bucket)
    with pytest.raises(OSError, match="the bucket is gone"):
        await put(s3_shelf.store, b"one")
    await put(s3_shelf.store, b"one")
    assert s3_shelf.objects() == [b"one"]


def test_a_name_that_no_bucket_can_have_is_told_at_the_start(s3_shelf: Any, threads: Threads) -> None:
    with pytest.raises(ValueError, match="invalid bucket name"):
        S3Store(s3_shelf.settings.model_copy(update={"bucket": "No Bucket"}), s3_shelf.incoming, threads)
