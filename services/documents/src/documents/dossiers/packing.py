"""Writing a dossier: an archive that goes into the store as it is made, sealed; nothing lies in clear on a disk."""

import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from documents.dossiers.domain import Entry
from documents.dossiers.gathering import Thing
from kit.errors import Refused

EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a ZIP archive can tell


class Sink(Protocol):
    async def write(self, chunk: bytes) -> None: ...


class _Outlet(io.RawIOBase):
    """Where zipfile writes to; it is emptied after each write."""

    def __init__(self) -> None:
        self.waiting = bytearray()
        self.written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.waiting += data
        self.written += len(data)
        return len(data)

    def take(self) -> bytes:
        taken, self.waiting = bytes(self.waiting), bytearray()
        return taken


class Archive:
    """A ZIP archive on its way into a sink; nothing is packed, so that reading it needs no trust in sizes.

    begun: at which of its bytes begins what was added last.
    """

    def __init__(self, sink: Sink, at: datetime) -> None:
        self._sink = sink
        self._outlet = _Outlet()
        self._zip = zipfile.ZipFile(self._outlet, "w", zipfile.ZIP_STORED)
        self._at = max(EARLIEST, at.timetuple()[:6])
        self.begun = 0

    async def close(self) -> None:
        """Write the directory of the archive; nothing can be added any longer."""
        self._zip.close()
        await self._drain()

    async def add(self, path: str, content: AsyncIterator[bytes]) -> tuple[int, str]:
        """Returns bytes and SHA-256 of what was added."""
        info = zipfile.ZipInfo(path, self._at)
        size, hashed = 0, hashlib.sha256()
        with self._zip.open(info, "w", force_zip64=True) as entry:
            self.begun = self._outlet.written  # its head is written
            async for chunk in content:
                entry.write(chunk)
                hashed.update(chunk)
                size += len(chunk)
                await self._drain()
        await self._drain()
        return size, hashed.hexdigest()

    async def _drain(self) -> None:
        if self._outlet.waiting:
            await self._sink.write(self._outlet.take())


async def pack(
    archive: Archive, things: Sequence[Thing], told: Callable[[int], Awaitable[None]]
) -> AsyncIterator[Entry]:
    """Add them one after the other; yields the catalogue's line of each. told: how many are in.

    Raises Refused("content-damaged") where something is not what its row says.
    """
    for place, thing in enumerate(things, 1):
        size, digest = await archive.add(thing.path, thing.read())
        if thing.sha256 not in {None, digest}:
            raise Refused("content-damaged")
        yield Entry(
            path=thing.path, what=thing.what, title=thing.title, media_type=thing.media_type, bytes=size, sha256=digest,
            unit=thing.unit, at=thing.at, id=thing.id,
        )  # fmt: skip
        await told(place)
