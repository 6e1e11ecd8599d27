"""Spools: what a killed process leaves is never seen as a file, and goes in time; the directory keeps to itself."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from documents import resources
from documents.resources import SWEEP
from documents.storage.directory import DirectoryStore
from documents.storage.objects import ABANDONED, sweep
from documents.storage.threads import Threads

NAME = "0123456789abcdef0123456789abcdef"
KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from documents.storage.directory import DirectoryStore
from documents.storage.threads import Threads

with DirectoryStore(Path(sys.argv[1]), Threads(1)).spool() as spool:
    spool.write(b"half" * 1_000_000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """The spool of a process that was killed in the middle of writing it."""
    ended = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, tmp_path], check=False)
    assert ended.returncode == -9
    (file,) = (tmp_path / "incoming").iterdir()
    return file


async def test_a_process_killed_while_writing_leaves_no_object_and_its_spool_is_swept(
    left: Path, tmp_path: Path, threads: Threads
) -> None:
    store = DirectoryStore(tmp_path, threads)
    assert not await store.exists(NAME)
    assert not [file for file in (tmp_path / "objects").rglob("*") if file.is_file()]
    assert sweep(store.incoming) == 0  # it might still be written to
    long_ago = time.time() - ABANDONED - 1
    os.utime(left, (long_ago, long_ago))
    assert sweep(store.incoming) == 1
    assert list(store.incoming.iterdir()) == []


async def test_a_service_sweeps_when_it_starts_and_every_hour(desk: Any) -> None:
    runtime = desk.running.runtime
    held = resources.of(runtime)
    with held.store.spool() as abandoned, held.store.spool() as fresh:
        os.utime(abandoned.path, (0, 0))
        async with resources.open_resources(runtime):
            assert list(held.store.incoming.iterdir()) == [fresh.path]
        os.utime(fresh.path, (0, 0))
        async with runtime.database.transaction() as session:
            await SWEEP.run(runtime, session)
        assert list(held.store.incoming.iterdir()) == []
    assert SWEEP in desk.running.service.jobs


async def test_objects_are_spread_over_directories_that_only_the_service_may_enter(
    tmp_path: Path, threads: Threads
) -> None:
    store = DirectoryStore(tmp_path / "store", threads)
    with store.spool() as spool:
        spool.write(b"sealed")
        await store.keep(NAME, spool)
    kept = tmp_path / "store" / "objects" / "01" / "23" / NAME
    assert kept.read_bytes() == b"sealed"
    assert {oct(each.stat().st_mode & 0o777) for each in (kept.parents[2], store.incoming)} == {"0o700"}


@pytest.fixture
def full_disk() -> Iterator[None]:
    """As far as this process can tell: no file may grow beyond 1 MB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_told_as_unavailable_and_leaves_nothing(desk: Any, full_disk: None) -> None:
    answer = await desk.put(b"%PDF-1.7" + os.urandom(3_000_000) + b"%%EOF")
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:xinqiao:problem:unavailable")
    assert list(resources.of(desk.running.runtime).store.incoming.iterdir()) == []
    assert (await desk.put()).status_code == 201
