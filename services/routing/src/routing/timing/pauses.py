"""The times in which a clock stood still, and why. Standard library only."""

from dataclasses import dataclass, replace
from datetime import datetime

MOST = 100  # as the contract has it


@dataclass(frozen=True, slots=True)
class Pause:
    """by: the action with which it began; until: None while it goes on; days: that would have counted, of a limit in
    days; moved: days over which the end had been moved before it.
    """

    since: datetime
    by: str = ""
    until: datetime | None = None
    days: int = 0
    moved: int = 0


Pauses = tuple[Pause, ...]


def begun(spans: Pauses, at: datetime, by: str) -> Pauses:
    return _bounded((*spans, Pause(at, by)))


def ended(spans: Pauses, since: datetime, until: datetime, days: int, moved: int) -> Pauses:
    """With the one that goes on since then over."""
    goes_on = spans[-1] if spans and spans[-1].until is None else Pause(since)  # of an older release nothing was kept
    before = (span for span in spans if span.until is not None)
    return _bounded((*before, replace(goes_on, until=until, days=days, moved=moved)))


def _bounded(spans: Pauses) -> Pauses:
    """Where there are too many to be told, the two oldest become one."""
    if len(spans) <= MOST:
        return spans
    one, other, *rest = spans
    return (replace(other, since=one.since, days=one.days + other.days, moved=one.moved + other.moved), *rest)
