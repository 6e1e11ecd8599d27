"""Rules of rating (满意度评价): when a petitioner may rate, till when to ask for review. Standard library only."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from intake.domain import CHINA
from kit.errors import Refused

RATINGS = ("satisfied", "fairly", "not")
RATED, EXPIRED = "rated", "expired"


def last_day(start: datetime, days: int) -> date:
    """The last of so many days in China, the first one not counted (民法典 201)."""
    return start.astimezone(CHINA).date() + timedelta(days=days)


def end_of(day: date) -> datetime:
    """The moment at which a day in China is over."""
    return datetime.combine(day + timedelta(days=1), time(), CHINA)


@dataclass(frozen=True, slots=True)
class Window:
    """When the petitioner may rate. outcome: rated, expired, or null while it is open."""

    opened_at: datetime
    closes_at: datetime
    outcome: str | None = None

    def open_at(self, now: datetime) -> bool:
        return self.outcome is None and now < self.closes_at


def check(window: Window | None, now: datetime) -> None:
    """Whether a rating may be given: once, after the answer, in time. Raises Refused."""
    if window is None:
        raise Refused("not-answered-yet")
    if window.outcome == RATED:
        raise Refused("rated-already")
    if window.outcome == EXPIRED or now >= window.closes_at:
        raise Refused("rating-expired", closed_at=window.closes_at.isoformat())


def review_until(served_at: datetime | None, days: int, now: datetime) -> date | None:
    """The last day on which review of a served opinion may be asked for (Art 35); null when there is none left."""
    if served_at is None:
        return None
    until = last_day(served_at, days)
    return until if now < end_of(until) else None
