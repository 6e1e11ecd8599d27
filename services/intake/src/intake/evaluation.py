"""Rules of rating (满意度评价): when a petitioner may rate, and what may still be asked for. Standard library only.

Which day is the last one is counted in routing, by the procedure and the calendar of the case; its events tell.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from intake.domain import CHINA
from kit.errors import Refused

RATINGS = ("satisfied", "fairly", "not")
RATED, EXPIRED = "rated", "expired"
# the clocks of a case that are the petitioner's own time (docs/procedures.md)
EVALUATION = "evaluation"
REVIEWS = {"ask-review": "review", "ask-re-review": "re-review"}  # Art 35, 36


@dataclass(frozen=True, slots=True)
class Window:
    """When the petitioner may rate. closes_at: null while a review is under way; outcome: rated, expired, or null.

    version: of the case that says so.
    """

    opened_at: datetime
    closes_at: datetime | None
    outcome: str | None = None
    version: int = 1

    def open_at(self, now: datetime) -> bool:
        return self.outcome is None and self.closes_at is not None and now < self.closes_at


def check(window: Window | None, now: datetime) -> None:
    """Whether a rating may be given: once, after the answer, in time. Raises Refused."""
    if window is None or (window.outcome is None and window.closes_at is None):
        raise Refused("not-answered-yet")
    if window.outcome == RATED:
        raise Refused("rated-already")
    if not window.open_at(now):
        raise Refused("rating-expired", closed_at=window.closes_at and window.closes_at.isoformat())


@dataclass(frozen=True, slots=True)
class Review:
    """What the petitioner may ask for: review (Art 35) or re-review (Art 36), on that day at the latest."""

    kind: str
    until: date


def review_open(kind: str | None, until: datetime | None, now: datetime) -> Review | None:
    """until: the instant from which on it is too late. None where the procedure has no review, or its time is over."""
    if kind is None or until is None or now >= until:
        return None
    return Review(kind, (until - timedelta(microseconds=1)).astimezone(CHINA).date())
