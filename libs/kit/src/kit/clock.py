"""The clock every part reads, so that tests, simulations and demonstrations can move time."""

import fcntl
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

LATEST = datetime(2100, 1, 1, tzinfo=UTC)  # no calendar tells of holidays that far, and dates must stay dates


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, timezone-aware, UTC."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 5, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, step: timedelta) -> None:
        self._now += step


class MovableClock:
    """The system's clock, ahead by as many seconds as a file of the node says: for nodes that demonstrate.

    All processes of a node read the same file at every look, so they are moved at the same moment. None of them goes
    back, whatever becomes of the file. wall: the clock that nobody moves.
    """

    def __init__(self, file: Path) -> None:
        self.wall = SystemClock()
        self._file = file
        self._mark: tuple[int, int, int] | None = None
        self._moved = timedelta(0)

    @property
    def moved(self) -> timedelta:
        """By how much it is ahead. Raises ValueError for a file that says something else."""
        try:
            found = os.stat(self._file)  # noqa: PTH116 - at every look at the clock; twice as fast as Path.stat
        except FileNotFoundError:
            return self._moved
        mark = (found.st_ino, found.st_mtime_ns, found.st_size)
        if mark != self._mark:
            self._moved = max(self._moved, moved_by(self._file))
            self._mark = mark
        return self._moved

    def now(self) -> datetime:
        return self.wall.now() + self.moved


def moved_by(file: Path) -> timedelta:
    """What such a file says; nothing where there is none. Raises ValueError."""
    try:
        text = file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return timedelta(0)
    if not (text.isdecimal() and len(text) <= 10):
        raise ValueError(f"{file} does not say by how many seconds the clock is moved")
    return timedelta(seconds=int(text))


def move(file: Path, step: timedelta) -> timedelta:
    """Move the clocks that read this file; returns by how much they are ahead now.

    Raises OSError, and ValueError for a step that does not lead forward, or leads too far.
    """
    if step <= timedelta(0):
        raise ValueError("a clock is only moved forward")
    directory = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)  # of two who move it at the same time neither step is lost
        moved = moved_by(file) + step
        if datetime.now(UTC) + moved >= LATEST:
            raise ValueError(f"a clock is not moved past {LATEST:%Y}")
        new = file.with_name(file.name + ".new")
        new.write_text(f"{int(moved.total_seconds())}\n", encoding="ascii")
        new.replace(file)
    finally:
        os.close(directory)
    return moved
