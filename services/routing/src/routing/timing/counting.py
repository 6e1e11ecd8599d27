"""How days are counted: the first day, the last day, working days, 24:00. Standard library only.

The Regulation (信访工作条例) is silent on it, so it is policy, by default that of the Civil Code (民法典 201, 203).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Protocol

from routing.procedures.domain import ClockRule, Unit

CHINA = timezone(timedelta(hours=8))  # one zone for the whole country, and no summer time since 1992
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class CountingPolicy:
    """exclude_first_day: the day it begins is not counted (民法典 201); roll_to_next_working_day: a limit whose last
    day is a holiday ends on the first day after it (民法典 203).
    """

    exclude_first_day: bool = True
    roll_to_next_working_day: bool = True

    @property
    def version(self) -> str:
        """Differs whenever any answer may."""
        return f"{self.exclude_first_day:d}{self.roll_to_next_working_day:d}"


class Calendar(Protocol):
    """Days in China. `version` differs whenever any answer may."""

    @property
    def version(self) -> str: ...

    def __hash__(self) -> int: ...

    def working(self, day: date) -> bool:
        """Whether people work on it; make-up days (调休) are working days."""
        ...

    def holiday(self, day: date) -> str | None:
        """Why nobody works on it, in Chinese (国庆节, 周六); None for a working day."""
        ...

    def provisional(self, day: date) -> bool:
        """Whether the State Council's list for its year is not known, so that only weekends are."""
        ...


@dataclass(frozen=True, slots=True)
class Count:
    """How a limit in days was counted. skipped: days between first and last that do not count; rolled: those the end
    was moved over.
    """

    first: date
    skipped: tuple[date, ...]
    rolled: tuple[date, ...]
    last: date

    @property
    def due(self) -> datetime:
        """24:00 of the last day, as an instant: from here on it is late."""
        return midnight(self.last + DAY)


def china_day(at: datetime) -> date:
    return at.astimezone(CHINA).date()


def midnight(day: date) -> datetime:
    """The instant at which the day begins in China."""
    return datetime.combine(day, time(), CHINA).astimezone(UTC)


def span(length: int, started_at: datetime, policy: CountingPolicy) -> tuple[date, int]:
    """The first day that counts, and how many do. A limit of 0 days (当日) is the one day on which it begins."""
    if length == 0:
        return china_day(started_at), 1
    return china_day(started_at) + (DAY if policy.exclude_first_day else timedelta()), length


def count(
    length: int, unit: Unit, started_at: datetime, calendar: Calendar, policy: CountingPolicy, *, added: int = 0
) -> Count:
    """Count so many days from the beginning, and those that extensions and pauses add."""
    first, days = span(length, started_at, policy)
    if unit == "working-day":
        last, skipped = _count_working(first, days + added, calendar)
        return Count(first, skipped, (), last)
    last = first + (days + added - 1) * DAY
    rolled = _until_working(last, calendar) if policy.roll_to_next_working_day else ()
    return Count(first, (), rolled, last + len(rolled) * DAY)


def _count_working(first: date, days: int, calendar: Calendar) -> tuple[date, tuple[date, ...]]:
    """The last of so many working days, and the days that were skipped."""
    day, skipped = first - DAY, []
    while days > 0:
        day += DAY
        if calendar.working(day):
            days -= 1
        else:
            skipped.append(day)
    return day, tuple(skipped)


def _until_working(day: date, calendar: Calendar) -> tuple[date, ...]:
    """The days from this one on that are not working days, without a gap."""
    rolled = []
    while not calendar.working(day):
        rolled.append(day)
        day += DAY
    return tuple(rolled)


def whole_days(seconds: int) -> int:
    return seconds // 86_400


def due(
    rule: ClockRule, started_at: datetime, calendar: Calendar, policy: CountingPolicy, *,
    extended: int = 0, paused_seconds: int = 0,
) -> datetime:  # fmt: skip
    """The instant from which on it is late: 24:00 in China of the last day, or so many hours after the beginning.

    extended, and the whole days in paused_seconds, are added to the length of the limit before it is rolled; they are
    days as the rule counts them (working days in a limit of working days; 24 hours each in one of hours).
    Raises ValueError for a rule without length: the date is brought by the action.
    """
    if rule.length is None:
        raise ValueError(f"{rule.name}: the action that starts this clock brings its date")
    if rule.unit == "hour":
        return started_at + timedelta(hours=rule.length, days=extended, seconds=paused_seconds)
    added = extended + whole_days(paused_seconds)
    return count(rule.length, rule.unit, started_at, calendar, policy, added=added).due


def version(calendar: Calendar, policy: CountingPolicy) -> str:
    """By which days, and how, a limit was counted."""
    return f"{calendar.version}/{policy.version}"


def paused_days(since: date, until: date, unit: Unit, calendar: Calendar, *, last: date) -> tuple[int, int]:
    """What a pause from one day to another, both included, adds to a limit: the days that would have counted, and those
    over which the end had been moved before it.

    last: of the limit before it was moved to a working day. A pause that begins on a day to which the end was moved
    adds so many that one whole day is left after it.
    """
    days = [since + n * DAY for n in range((until - since).days + 1)]
    if unit == "working-day":
        return sum(calendar.working(day) for day in days), 0
    return (len(days), max((since - last).days, 0)) if days else (0, 0)
