"""What an object store is: sealed bytes under a name, written once. And the spool that incoming bytes go to first."""

import time
from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self
from uuid import uuid4

READ = 512 * 1024  # bytes at once: each costs a thread's turn, and as much memory
ABANDONED = 3600  # seconds without a write after which no living upload owns a spool file


class Absent(LookupError):
    """Nothing is kept under this name."""


class Locked(RuntimeError):
    """What stands under this name may not be removed or replaced yet."""


class Standing(NamedTuple):
    """An object as the store lists it. bytes: sealed; since: when it was written, last."""

    name: str
    bytes: int
    since: datetime


class Spool:
    """A file that nobody sees yet; it is gone when the block ends, unless a store has taken it.

    Methods block: call them in a thread. The writer behind it has a lock, so leaving the block waits for a write.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / uuid4().hex
        self.stream = self.path.open("xb", buffering=256 * 1024)

    def write(self, data: bytes) -> None:
        self.stream.write(data)

    def write_header(self, header: bytes) -> None:
        """Over the first bytes."""
        self.stream.seek(0)
        self.stream.write(header)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stream.close()
        finally:
            self.path.unlink(missing_ok=True)


class ObjectStore(Protocol):
    """A place for sealed bytes. What is kept under a name never changes, so keeping it twice is keeping it once.

    What is locked stays: no method removes it, replaces it or shortens the lock. Every method raises OSError while the
    store is away.
    """

    def spool(self) -> Spool:
        """A fresh spool. Interrupted before `keep`, nothing of it stays."""
        ...

    async def keep(self, name: str, spool: Spool, retain_until: datetime | None = None) -> bool:
        """Take a spool in under a name (lower-case hexadecimal digits, at least 8), whole or not at all; returns
        whether it was new. retain_until: lock what stands there until then, or longer where it was locked longer.
        """
        ...

    async def replace(self, name: str, spool: Spool) -> None:
        """Put a spool in the place of what stands under a name: the same, sealed anew. Raises Locked."""
        ...

    async def delete(self, name: str) -> None:
        """Remove what stands under a name, if anything does. Raises Locked."""
        ...

    async def locked_until(self, name: str) -> datetime | None:
        """When the lock ends, or has ended; None where there never was one."""
        ...

    async def exists(self, name: str) -> bool: ...

    async def listed(self, after: str, limit: int) -> list[Standing]:
        """Up to `limit` names behind this one, in their order, of what was never kept to be locked."""
        ...

    async def ping(self) -> None:
        """Raise OSError or Refused("unavailable") when the store can not be used now."""
        ...

    def read(
        self, name: str, start: int = 0, then: Callable[[bytes], bytes] | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` on, in chunks of at most 512 KiB; each made something else by `then`, in a thread.
        Raises Absent, and what `then` raises.
        """
        ...


def sweep(directory: Path) -> int:
    """Remove spool files that a killed process left; returns how many went."""
    oldest = time.time() - ABANDONED
    left = [file for file in directory.iterdir() if file.stat().st_mtime < oldest]
    for file in left:
        file.unlink(missing_ok=True)
    return len(left)
