"""How figures of gateways are counted. Standard library only."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
MOST_DAYS = 92
STATES = ("sent", "delivered", "failed", "expired", "unknown")


@dataclass(frozen=True, slots=True)
class Counts:
    """Parts that left. sent: no fate is known yet; unknown: not even whether the gateway has them."""

    sent: int = 0
    delivered: int = 0
    failed: int = 0
    expired: int = 0
    unknown: int = 0

    @property
    def left(self) -> int:
        return self.sent + self.delivered + self.failed + self.expired + self.unknown

    @property
    def rate(self) -> float | None:
        """送达率: delivered, of those whose fate is known; null where none is."""
        known = self.delivered + self.failed + self.expired
        return self.delivered / known if known else None

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(getattr(self, state) + getattr(other, state) for state in STATES))


def period(begins: date | None, ends: date | None, today: date) -> tuple[date, date]:
    """The days that are asked for: the last seven where none are named, never more than MOST_DAYS.

    Raises ValueError for a period that ends before it begins, or is longer.
    """
    ends = ends or max(today, begins or today)
    begins = begins or ends - timedelta(days=6)
    if not timedelta(0) <= ends - begins < timedelta(days=MOST_DAYS):
        raise ValueError(f"1 to {MOST_DAYS} days (1 至 {MOST_DAYS} 天)")
    return begins, ends


def moments(begins: date, ends: date) -> tuple[datetime, datetime]:
    """From when, and before when: whole days in China."""
    return datetime.combine(begins, time(), CHINA), datetime.combine(ends, time(), CHINA) + timedelta(days=1)
