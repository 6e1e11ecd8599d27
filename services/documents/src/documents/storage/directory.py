"""An object store in a directory: a file per object, sharded by name, durable before it is visible."""

import fcntl
import os
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from io import BufferedReader
from itertools import islice
from pathlib import Path

from documents.storage.objects import READ, Absent, Locked, Spool, Standing
from documents.storage.threads import Threads

DIGITS = frozenset("0123456789abcdef")


class DirectoryStore:
    """objects/ab/cd/abcd… below `root`; incoming/ holds spools, on the same file system so that a rename is atomic;
    locks/ab/cd/abcd… says until when an object is locked (ADR 21: what such a lock can hold, and what it cannot).
    """

    def __init__(self, root: Path, threads: Threads) -> None:
        self._objects = root / "objects"
        self._locks = root / "locks"
        self.incoming = root / "incoming"
        self._threads = threads
        for directory in (self._objects, self._locks, self.incoming):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)

    def spool(self) -> Spool:
        return Spool(self.incoming)

    async def keep(self, name: str, spool: Spool, retain_until: datetime | None = None) -> bool:
        return await self._threads.run(self._keep, name, spool, retain_until)

    async def replace(self, name: str, spool: Spool) -> None:
        await self._threads.run(self._replace, name, spool)

    async def delete(self, name: str) -> None:
        await self._threads.run(self._delete, name)

    async def locked_until(self, name: str) -> datetime | None:
        return await self._threads.run(self._locked_until, name)

    async def exists(self, name: str) -> bool:
        return await self._threads.run(_in(self._objects, name).exists)

    async def listed(self, after: str, limit: int) -> list[Standing]:
        return await self._threads.run(lambda: list(islice(self._listed(after), limit)))

    async def ping(self) -> None:
        if not await self._threads.run(partial(os.access, self._objects, os.W_OK)):
            raise PermissionError("the object store's directory is gone or cannot be written")

    def read(
        self, name: str, start: int = 0, then: Callable[[bytes], bytes] | None = None
    ) -> AsyncGenerator[bytes, None]:
        return self._threads.pieces(lambda: self._open(name, start), lambda file: file.read(READ), then)

    def _open(self, name: str, start: int) -> BufferedReader:
        try:
            file = _in(self._objects, name).open("rb")
        except FileNotFoundError as error:
            raise Absent(name) from error
        file.seek(start)
        return file

    def _keep(self, name: str, spool: Spool, until: datetime | None) -> bool:
        path = _in(self._objects, name)
        new = not path.exists()
        if until is not None:
            self._lock(name, until)  # first: what was kept is never for a moment without its lock
        if new:
            self._put(path, spool)
        if until is not None:
            path.chmod(0o400)
        return new

    def _replace(self, name: str, spool: Spool) -> None:
        self._check_unlocked(name)
        self._put(_in(self._objects, name), spool)

    def _delete(self, name: str) -> None:
        self._check_unlocked(name)
        _in(self._objects, name).unlink(missing_ok=True)
        _in(self._locks, name).unlink(missing_ok=True)

    def _listed(self, after: str) -> Iterator[Standing]:
        for first in _names(self._objects, after[:2]):
            for second in _names(self._objects / first, after[2:4] if first == after[:2] else ""):
                for name in _names(self._objects / first / second, after):
                    if name > after and not _in(self._locks, name).exists():
                        yield from _standing(_in(self._objects, name))

    def _put(self, path: Path, spool: Spool) -> None:
        spool.stream.flush()
        os.fsync(spool.stream.fileno())
        _rename(spool.path, path, self._objects)

    def _lock(self, name: str, until: datetime) -> None:
        with self._alone(), self.spool() as spool:  # of two who lock at once the longer lock stays
            known = self._locked_until(name)
            if known is not None and known >= until:
                return
            spool.write(until.astimezone(UTC).isoformat().encode())
            spool.stream.flush()
            os.fsync(spool.stream.fileno())
            spool.path.chmod(0o400)
            _rename(spool.path, _in(self._locks, name), self._locks)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other thread or process of this machine is in such a block."""
        directory = os.open(self._locks, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)

    def _locked_until(self, name: str) -> datetime | None:
        try:
            return datetime.fromisoformat(_in(self._locks, name).read_text(encoding="ascii"))
        except FileNotFoundError:
            return None

    def _check_unlocked(self, name: str) -> None:
        until = self._locked_until(name)
        if until is not None and until > datetime.now(UTC):
            raise Locked(name)


def _names(directory: Path, least: str) -> list[str]:
    """What this store has put into a directory, from a name on, in order."""
    return sorted(path.name for path in directory.iterdir() if path.name >= least and DIGITS.issuperset(path.name))


def _standing(path: Path) -> Iterator[Standing]:
    with suppress(FileNotFoundError):  # it went meanwhile
        state = path.stat()
        yield Standing(path.name, state.st_size, datetime.fromtimestamp(state.st_mtime, UTC))


def _in(directory: Path, name: str) -> Path:
    return directory / name[:2] / name[2:4] / name


def _rename(file: Path, to: Path, root: Path) -> None:
    """Durably: the file's content already is, now also its new name."""
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.rename(to)
    for directory in (to.parent, to.parent.parent, root):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
