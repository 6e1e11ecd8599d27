"""What a lock holds against whom: at an S3 server everybody, in a directory the service itself and the careless."""

import io
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from minio.commonconfig import COMPLIANCE
from minio.error import S3Error
from minio.retention import Retention

from documents.storage.directory import DirectoryStore
from documents.storage.threads import Threads

NAME = "0123456789abcdef0123456789abcdef"
TOMORROW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


async def put(store: Any, content: bytes = b"approved", until: datetime | None = TOMORROW) -> None:
    with store.spool() as spool:
        spool.write(content)
        await store.keep(NAME, spool, until)


async def test_nobody_with_the_keys_of_the_s3_server_removes_or_shortens_what_is_locked(s3_shelf: Any) -> None:
    await put(s3_shelf.store)
    bucket, client = s3_shelf.settings.bucket + "-locked", s3_shelf.client
    (version,) = client.list_objects(bucket, prefix=NAME, include_version=True)
    attempts: list[Callable[[], object]] = [
        lambda: client.remove_object(bucket, NAME, version_id=version.version_id),
        lambda: client.set_object_retention(bucket, NAME, Retention(COMPLIANCE, TOMORROW - timedelta(hours=1))),
        lambda: client.remove_bucket(bucket),
    ]
    for attempt in attempts:
        with pytest.raises(S3Error):
            attempt()
    client.put_object(bucket, NAME, io.BytesIO(b"forged"), 6)  # a newer version: the approved one stands below it
    client.remove_object(bucket, NAME)
    kept = client.get_object(bucket, NAME, version_id=version.version_id)
    assert kept.read() == b"approved"
    kept.close()
    kept.release_conn()


async def test_what_was_hidden_at_the_s3_server_is_kept_and_locked_anew(s3_shelf: Any) -> None:
    await put(s3_shelf.store)
    s3_shelf.client.remove_object(s3_shelf.settings.bucket + "-locked", NAME)
    assert not await s3_shelf.store.exists(NAME)
    await put(s3_shelf.store)
    assert await s3_shelf.store.locked_until(NAME) == TOMORROW


async def test_a_bucket_that_was_made_without_object_lock_is_refused(s3_shelf: Any) -> None:
    s3_shelf.client.make_bucket(s3_shelf.settings.bucket + "-locked")
    with pytest.raises(OSError, match="was made without object lock"):
        await put(s3_shelf.store)
    await put(s3_shelf.store, until=None)  # files need none


async def test_a_locked_file_of_the_directory_is_read_only_and_says_until_when(
    tmp_path: Path, threads: Threads
) -> None:
    await put(DirectoryStore(tmp_path, threads))
    kept, lock = (tmp_path / place / "01" / "23" / NAME for place in ("objects", "locks"))
    assert {file.stat().st_mode & 0o777 for file in (kept, lock)} == {0o400}
    assert lock.read_text() == TOMORROW.isoformat()
    if os.geteuid():
        with pytest.raises(PermissionError):
            kept.write_bytes(b"forged")
