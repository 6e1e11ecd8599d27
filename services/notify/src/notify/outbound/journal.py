"""Which claimed messages this process has begun to hand over: lines in a file that outlives it when it is killed.

So what a dead process had only claimed goes out again, and what it had begun is in doubt. The lines are not synced:
they outlive the process, not the machine, which is why a file of another boot tells nothing.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

from kit.logs import log

LINES = 100_000  # of one file
KEPT = 86_400  # seconds for which what a dead process left is looked at
PAUSE = 10.0  # seconds between two tries to open one where there is no room
ROOM = "-" * 256
BOOT = Path("/proc/sys/kernel/random/boot_id")


def _boot() -> str:
    """Of this start of the machine; none elsewhere than on Linux: then no file ever tells anything."""
    return BOOT.read_text(encoding="ascii").strip().replace("-", "") if BOOT.exists() else uuid4().hex


class Journal:
    """Of one process. name: of the file, for claims; it changes when the file is full, and the one before is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._boot = folder, _boot()
        self._files: dict[str, int] = {}  # names and descriptors, the newest last
        self._broken: set[str] = set()  # files in which a line could not be written
        self._lines, self._sound, self._again = 0, False, 0.0  # of the newest; again: when another may be tried
        self._held: set[tuple[UUID, int]] = set()

    @property
    def name(self) -> str:
        """Empty while nothing can be written: then all that a killed process had claimed is in doubt."""
        if (not self._sound or self._lines >= LINES) and time.monotonic() >= self._again:
            try:
                self._open()
            except OSError as error:
                self._sound, self._again = False, time.monotonic() + PAUSE
                log.warning("notify.no_journal", error=type(error).__name__)
        return next(reversed(self._files)) if self._sound else ""

    @contextmanager
    def holding(self, message_id: UUID, attempts: int) -> Iterator[None]:
        """While this process may still begin it."""
        held = message_id, attempts
        self._held.add(held)
        try:
            yield
        finally:
            self._held.discard(held)

    def begin(self, name: str, message_id: UUID, attempts: int) -> None:
        """Before a message is given to a gateway, in the file that its claim names. Raises OSError: then no claim names
        this file any more.
        """
        if name in self._broken:  # what stands behind half a line would not be found
            raise OSError(errno.EIO, "the file is broken")
        if name not in self._files:
            return
        try:
            _write(self._files[name], f"{line(message_id, attempts)}\n".encode())
        except OSError:
            self._broken.add(name)
            self._sound = next(reversed(self._files)) not in self._broken
            raise
        self._lines += 1

    def begun(self, name: str) -> frozenset[str] | None:
        """What was begun of claims that name this file; null: nobody knows, or another process may still begin it."""
        file = self._folder / name
        if not name.startswith(self._boot) or not file.exists() or (name not in self._files and _alive(file)):
            return None
        held = {line(*each) for each in self._held}
        return frozenset(file.read_text(encoding="ascii").splitlines()) - {ROOM} | held

    def close(self) -> None:
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files.clear()

    def _open(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._sweep()
        file = self._folder / f"{self._boot}-{uuid4().hex}"
        descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _write(descriptor, f"{ROOM}\n".encode())  # a full disk takes the name of a file, and nothing in it
        except OSError:
            file.unlink()
            os.close(descriptor)
            raise
        self._files[file.name] = descriptor
        self._lines, self._sound = 0, True
        while len(self._files) > 2:
            old = next(iter(self._files))
            (self._folder / old).unlink(missing_ok=True)
            self._broken.discard(old)
            os.close(self._files.pop(old))

    def _sweep(self) -> None:
        for file in self._folder.iterdir():
            with suppress(FileNotFoundError):  # another process sweeps as well
                if time.time() - file.stat().st_mtime > KEPT and not _alive(file):
                    file.unlink()


def _write(descriptor: int, octets: bytes) -> None:
    """All of it, or OSError: where the disk ends, the half of a line is no line."""
    if os.write(descriptor, octets) != len(octets):
        raise OSError(errno.ENOSPC, "the line was cut off")


def _alive(file: Path) -> bool:
    """Whether the process that writes it lives."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def line(message_id: UUID, attempts: int) -> str:
    return f"{message_id} {attempts}"
