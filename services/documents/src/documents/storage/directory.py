"""An object store in a directory: a file per object, sharded by name, durable before it is visible."""

import os
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path

from documents.storage.objects import READ, Absent, Spool
from documents.storage.threads import Threads


class DirectoryStore:
    """objects/ab/cd/abcd… below `root`; incoming/ holds spools, on the same file system so that a rename is atomic."""

    def __init__(self, root: Path, threads: Threads) -> None:
        self._objects = root / "objects"
        self.incoming = root / "incoming"
        self._threads = threads
        for directory in (self._objects, self.incoming):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def spool(self) -> Spool:
        return Spool(self.incoming)

    async def keep(self, name: str, spool: Spool) -> None:
        await self._threads.run(self._keep, self._path(name), spool)

    async def exists(self, name: str) -> bool:
        return await self._threads.run(self._path(name).exists)

    async def ping(self) -> None:
        if not await self._threads.run(partial(os.access, self._objects, os.W_OK)):
            raise PermissionError("the object store's directory is gone or cannot be written")

    async def read(self, name: str) -> AsyncGenerator[bytes, None]:
        path = self._path(name)
        try:
            async with self._threads.opened(lambda: path.open("rb")) as file:
                while chunk := await self._threads.run(file.read, READ):
                    yield chunk
        except FileNotFoundError as error:
            raise Absent(name) from error

    def _path(self, name: str) -> Path:
        return self._objects / name[:2] / name[2:4] / name

    def _keep(self, path: Path, spool: Spool) -> None:
        if path.exists():
            return
        spool.stream.flush()
        os.fsync(spool.stream.fileno())
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        spool.path.rename(path)
        for directory in (path.parent, path.parent.parent, self._objects):  # the new names themselves
            _sync(directory)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
