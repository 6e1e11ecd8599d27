"""Which cases may be drawn, for which period, and what an answer means. Standard library only."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
ENDED = frozenset({"served", "closed", "terminated"})  # with an opinion that was served; never those withdrawn
ANSWERS = {1: "satisfied", 2: "fairly", 3: "not"}
ASKED, THANKS = "callback-asked", "callback-thanks"
FIRST = date(2024, 1, 1)  # a Monday: from here periods are counted, so that all nodes draw for the same ones


@dataclass(frozen=True, slots=True)
class Period:
    """Of ended time, in days of China: cases that ended in it are drawn from."""

    since: datetime
    until: datetime


def last_period(now: datetime, days: int) -> Period:
    """The newest one that is over."""
    today = now.astimezone(CHINA).date()
    start = FIRST + timedelta(days=(today - FIRST).days // days * days)
    until = datetime.combine(start, time(), CHINA)
    return Period(until - timedelta(days=days), until)
