"""Parts of files on their way in: each sealed, as a file of its own on this machine's disk, until all have come."""

import os
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedReader
from pathlib import Path

from documents.storage.frames import Opening
from documents.storage.objects import ABANDONED, READ, Absent, Spool
from documents.storage.threads import Threads
from documents.storage.vault import Digest, Incoming
from kit.crypto import Keyring

KEPT = ".part"  # others are still being written, or their process was killed


@dataclass(frozen=True, slots=True)
class Part:
    """spool: name of the file on disk; sha256: of its content, hexadecimal; bytes: of its content."""

    spool: str
    sha256: str
    bytes: int


class Parts:
    """A directory that the processes of one machine share."""

    def __init__(self, directory: Path, ring: Keyring, threads: Threads) -> None:
        self.directory = directory
        self._ring = ring
        self._threads = threads
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    @asynccontextmanager
    async def receiving(self, digest: Digest | None = None) -> AsyncIterator[Incoming]:
        """A part to write to; gone when the block ends, unless it was kept."""
        with Spool(self.directory) as spool:
            yield Incoming(self._ring, spool, self._threads, digest=digest)

    async def keep(self, incoming: Incoming) -> Part:
        """Have it on disk for good, also when the power fails now."""
        finished = await incoming.finish()
        name = await self._threads.run(_settle, incoming.spool)
        return Part(name, finished.digest, finished.size)

    async def read(self, parts: Iterable[Part]) -> AsyncGenerator[bytes, None]:
        """Their bytes, one part after the other. Raises Absent, Undecipherable."""
        for part in parts:
            opening = Opening(self._ring, part.sha256)
            path = self.directory / part.spool
            try:
                async with self._threads.opened(partial(_open, path)) as file:
                    while sealed := await self._threads.run(file.read, READ):
                        yield await self._threads.run(opening.update, sealed)
            except FileNotFoundError as error:
                raise Absent(part.spool) from error
            yield opening.finish()

    async def remove(self, names: Iterable[str]) -> None:
        await self._threads.run(_remove, [self.directory / name for name in names])

    async def old(self) -> list[str]:
        """Names of files that nobody has written to for so long that no living process still does."""
        return await self._threads.run(_old, self.directory)


def _open(path: Path) -> BufferedReader:
    return path.open("rb")


def _settle(spool: Spool) -> str:
    spool.stream.flush()
    os.fsync(spool.stream.fileno())
    kept = spool.path.with_suffix(KEPT)
    spool.path.rename(kept)
    return kept.name


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _old(directory: Path) -> list[str]:
    oldest = time.time() - ABANDONED
    return [entry.name for entry in os.scandir(directory) if entry.stat().st_mtime < oldest]
