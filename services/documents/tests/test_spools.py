"""Spools: what a killed process leaves is never seen as a file, and goes in time; the directory keeps to itself."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from documents.directory import DirectoryStore
from documents.objects import ABANDONED, sweep
from documents.threads import Threads

NAME = "0123456789abcdef0123456789abcdef"
KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from documents.directory import DirectoryStore
from documents.threads import Threads

with DirectoryStore(Path(sys.argv[1]), Threads(1)).spool() as spool:
    spool.write(b"half" * 1_000_000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


async def test_a_process_killed_while_writing_leaves_no_object_and_its_spool_is_swept(
    tmp_path: Path, threads: Threads
) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, tmp_path], check=False)
    assert ended.returncode == -9
    store = DirectoryStore(tmp_path, threads)
    assert not await store.exists(NAME)
    (left,) = store.incoming.iterdir()
    assert sweep(store.incoming) == 0  # it might still be written to
    long_ago = time.time() - ABANDONED - 1
    os.utime(left, (long_ago, long_ago))
    assert sweep(store.incoming) == 1
    assert list(store.incoming.iterdir()) == []


async def test_objects_are_spread_over_directories_that_only_the_service_may_enter(
    tmp_path: Path, threads: Threads
) -> None:
    store = DirectoryStore(tmp_path / "store", threads)
    with store.spool() as spool:
        spool.write(b"sealed")
        await store.keep(NAME, spool)
    kept = tmp_path / "store" / "objects" / "01" / "23" / NAME
    assert kept.read_bytes() == b"sealed"
    assert [oct(each.stat().st_mode & 0o777) for each in kept.parents[:4]] == ["0o700"] * 4


async def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path: Path, threads: Threads) -> None:
    store = DirectoryStore(tmp_path, threads)

    async def put_on_a_full_disk() -> None:
        with store.spool() as spool:
            spool.path.unlink()
            spool.path.symlink_to("/dev/full")
            with spool.path.open("wb", buffering=0) as full:
                full.write(b"more than fits")
            await store.keep(NAME, spool)

    with pytest.raises(OSError, match="No space left"):
        await put_on_a_full_disk()
    assert not await store.exists(NAME)
    assert list(store.incoming.iterdir()) == []
