"""Directories for one piece of work each, and what goes into them from the vault and back."""

import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from uuid import UUID

from documents import resources
from documents.files import downloads
from documents.pages.queue import NotYet
from documents.pages.tools import Tools, Unfit
from documents.scans.gate import check_all
from documents.storage.objects import READ
from documents.storage.vault import Kept
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

PREFIX = "xinqiao-pages-"
ABANDONED = 3600  # seconds after which no living process works there


@asynccontextmanager
async def place(runtime: Runtime) -> AsyncIterator[Tools]:
    """Tools with a directory that only we can read; it holds clear text and is gone when the block ends."""
    held = resources.of(runtime)
    path = Path(await held.threads.run(lambda: tempfile.mkdtemp(prefix=PREFIX)))
    try:
        yield Tools(held.settings.pages, path)
    finally:
        await held.threads.run(lambda: shutil.rmtree(path, ignore_errors=True))


def sweep() -> int:
    """Remove the directories that killed processes of this user left; returns how many went."""
    oldest, gone = time.time() - ABANDONED, 0
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        state = path.lstat()
        if state.st_uid == os.getuid() and state.st_mtime < oldest:
            shutil.rmtree(path, ignore_errors=True)
            gone += 1
    return gone


async def sweep_places(runtime: Runtime, _: Session) -> None:
    await resources.of(runtime).threads.run(sweep)


async def fetch(runtime: Runtime, name: str, sha256: str, file_id: UUID, to: Path) -> None:
    """Write an object's clear bytes to a file. Raises Unfit: "content-damaged", "file-infected"; NotYet where it is to
    be scanned before anybody opens it; OSError while the store is away.
    """
    held = resources.of(runtime)
    content = downloads.checked(held.vault.read(name, sha256), file_id)
    try:
        async with runtime.database.transaction() as session:
            await check_all(runtime, session, [name])
        async with aclosing(content), held.threads.opened(lambda: to.open("xb")) as file:
            async for chunk in content:
                await held.threads.run(file.write, chunk)
            await held.threads.run(file.flush)
    except Refused as error:
        raise (NotYet if error.slug == "file-not-scanned" else Unfit(error.slug)) from error


async def keep(runtime: Runtime, path: Path) -> Kept:
    """Put a file into the vault. Raises OSError while the store is away."""
    held = resources.of(runtime)
    async with held.vault.receiving() as receiving, held.threads.opened(lambda: path.open("rb")) as file:
        while chunk := await held.threads.run(file.read, READ):
            await receiving.write(chunk)
        return await receiving.keep()
