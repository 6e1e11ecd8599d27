"""Texts on disk while the database is away: a file of encrypted lines for each process, which others take over when
that process is gone.
"""

import base64
import binascii
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import uuid4

from kit.crypto import Keyring, Undecipherable

SUFFIX, FOR_PEOPLE = ".spool", ".unreadable"


class SpoolFull(OSError):
    """No room for more, or no disk: what came is not kept."""


class Spool:
    """Lines that are on the disk when `append` returns. The file is locked as long as its process lives.

    most: bytes. A file is made when it is first needed, and goes when it is drained.
    """

    def __init__(self, folder: Path, ring: Keyring, most: int) -> None:
        self._folder = folder
        self._ring = ring
        self._most = most
        self._file: Path | None = None
        self._descriptor = -1
        self._size = 0

    @property
    def size(self) -> int:
        """Bytes."""
        return self._size

    @property
    def empty(self) -> bool:
        return self._size == 0

    def append(self, records: Sequence[str]) -> None:
        """One write and one fsync for all. Raises SpoolFull; then none of them is kept."""
        lines = b"".join(sealed_line(self._ring, record) for record in records)
        if self._size + len(lines) > self._most:
            raise SpoolFull("the spool is full")
        try:
            self._open()
            if os.write(self._descriptor, lines) != len(lines):
                raise SpoolFull("the disk is full")
            os.fsync(self._descriptor)
        except OSError as error:
            self._cut_back()
            raise SpoolFull(type(error).__name__) from error
        self._size += len(lines)

    def read(self, offset: int, lines: int) -> tuple[list[str | None], int]:
        """(records, where the next begin): as many lines from a place on; null for what cannot be read."""
        if self._file is None:
            return [], offset
        return read(self._file, self._ring, offset, lines)

    def drained(self, offset: int, *, damaged: bool = False) -> bool:
        """Everything up to here is in the database. True when that was all: then the file is gone, or for people."""
        if offset < self._size:
            return False
        if self._file is not None:
            put_away(self._file, offset, damaged=damaged)
        self.let_go()
        return True

    def let_go(self) -> None:
        """What is left in the file is for another process."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._file, self._descriptor, self._size = None, -1, 0

    def _open(self) -> None:
        if self._file is not None:
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        file = self._folder / f"texts-{os.getpid()}-{uuid4().hex}{SUFFIX}"
        new = file.with_suffix(".new")
        self._descriptor = os.open(new, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        self._file = new.rename(file)  # nobody finds it before it is locked
        _sync(self._folder)

    def _cut_back(self) -> None:
        """What was half written would stand before what is written next."""
        if self._descriptor < 0:
            return
        try:
            os.ftruncate(self._descriptor, self._size)
        except OSError:  # then nothing more is written to it
            self.let_go()


def sealed_line(ring: Keyring, record: str) -> bytes:
    return base64.b64encode(ring.encrypt(record, "inbound/spool")) + b"\n"


def opened_line(ring: Keyring, line: bytes) -> str | None:
    """Null for a line that was altered."""
    try:
        return ring.decrypt(base64.b64decode(line.rstrip(b"\n"), validate=True), "inbound/spool")
    except (Undecipherable, binascii.Error, IndexError):
        return None


def read(file: Path, ring: Keyring, offset: int, lines: int) -> tuple[list[str | None], int]:
    """As `Spool.read`, of any file. A last line without an end is not there (yet): nobody was told that it is kept."""
    records: list[str | None] = []
    with file.open("rb") as content:
        content.seek(offset)
        while len(records) < lines and (line := content.readline()).endswith(b"\n"):
            records.append(opened_line(ring, line))
            offset += len(line)
    return records, offset


def left_behind(folder: Path) -> Iterator[tuple[Path, int]]:
    """Files of processes that are gone, each with a descriptor that holds its lock, to be closed by who takes it."""
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            descriptor = os.open(file, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        yield file, descriptor


def put_away(file: Path, offset: int, *, damaged: bool) -> int:
    """What was brought in up to a place; one with damaged lines stays for people. Returns how many bytes are torn."""
    torn = file.stat().st_size - offset
    if damaged:
        file.rename(file.with_suffix(FOR_PEOPLE))
    else:
        file.unlink()
    return torn


def put_aside(folder: Path, ring: Keyring, record: str) -> None:
    """A text that the database does not take: on the disk, encrypted, in a file of its own, when this returns."""
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"refused-{uuid4().hex}{FOR_PEOPLE}"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb", closefd=False) as content:
            content.write(sealed_line(ring, record))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _sync(folder)


def _sync(folder: Path) -> None:
    """Else a crash of the machine might forget a file itself."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
