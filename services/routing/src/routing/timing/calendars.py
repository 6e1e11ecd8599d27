"""Which days people work in China: the State Council's yearly lists (chinesecalendar), with an operator's own days."""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import chinese_calendar

WEEKEND = {5: "周六", 6: "周日"}
KINDS = {"working": True, "holiday": False}
COLUMNS = ["date", "day", "name"]


@dataclass(frozen=True, slots=True)
class Day:
    """A day that is not what its weekday says, or is a holiday by name."""

    working: bool
    name: str


class BadCalendar(ValueError):
    """The file of an operator's own days cannot be used; says where and why."""


@dataclass(frozen=True)
class WorkingDays:
    """days: the exceptions; years: for which there is a list. In other years weekends are all that is known, and every
    answer about them is provisional. version: differs when any exception does.
    """

    days: Mapping[date, Day]
    years: frozenset[int]
    version: str

    def __hash__(self) -> int:
        return hash(self.version)

    @classmethod
    def read(cls, overrides: Path | None = None) -> "WorkingDays":
        """The published lists, with the days of the file in front of them. Raises BadCalendar, FileNotFoundError."""
        own = _own_days(overrides) if overrides else {}
        return cls.of(dict(_published()) | own)

    @classmethod
    def of(cls, days: Mapping[date, Day]) -> "WorkingDays":
        lines = "".join(f"{day}{days[day].working}{days[day].name}\n" for day in sorted(days))
        version = hashlib.sha256(lines.encode()).hexdigest()[:12]
        return cls(days, frozenset(day.year for day in days), version)

    def working(self, day: date) -> bool:
        known = self.days.get(day)
        return known.working if known else day.weekday() not in WEEKEND

    def holiday(self, day: date) -> str | None:
        """Why nobody works on it, in Chinese (国庆节, 周六); None for a working day."""
        known = self.days.get(day)
        if known is not None:
            return None if known.working else known.name
        return WEEKEND.get(day.weekday())

    def provisional(self, day: date) -> bool:
        return day.year not in self.years


def _published() -> Iterator[tuple[date, Day]]:
    names = {each.value: each.chinese for each in chinese_calendar.Holiday}
    for day, name in chinese_calendar.holidays.items():
        yield day, Day(False, names[name])
    for day, name in chinese_calendar.workdays.items():
        yield day, Day(True, f"{names[name]}调休")


def _own_days(file: Path) -> dict[date, Day]:
    days: dict[date, Day] = {}
    with file.open(encoding="utf-8-sig", newline="") as text:
        lines = csv.DictReader(text)
        if lines.fieldnames != COLUMNS:
            raise BadCalendar(f"{file}:1: the columns must be {','.join(COLUMNS)}")
        for line in lines:
            day, entry = _own_day(line, f"{file}:{lines.line_num}")
            if day in days:
                raise BadCalendar(f"{file}:{lines.line_num}: {day} stands there twice")
            days[day] = entry
    return days


def _own_day(line: Mapping[str, Any], place: str) -> tuple[date, Day]:
    try:
        day = date.fromisoformat(line["date"])
    except (TypeError, ValueError) as error:
        raise BadCalendar(f"{place}: {line['date']!r} is no date like 2027-10-01") from error
    if line["day"] not in KINDS:
        raise BadCalendar(f"{place}: {line['day']!r} is neither working nor holiday")
    if not line["name"] or len(line) != len(COLUMNS):
        raise BadCalendar(f"{place}: a date, working or holiday, and a name are wanted")
    return day, Day(KINDS[line["day"]], line["name"])
