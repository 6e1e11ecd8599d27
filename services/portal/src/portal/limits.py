"""Time limits (期限) as a page shows them: how each stands, how many days are left, and why it ends on that day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.wording import CHINA

# the most pressing first; at the end what has no time limit now
LEVELS = ("red", "yellow", "green", "none")


@dataclass(frozen=True, slots=True)
class Limit:
    """standing: a key of the vocabulary `level`; left: whole days until the last one, negative when late."""

    title: str
    why: str
    article: str
    standing: str
    left: int | None
    since: str
    due_at: str | None
    stopped_at: str | None
    extended: int


def days_left(due_at: str | None, now: datetime) -> int | None:
    """Days from today to the last day, in China; what ends at 00:00 ended with the day before."""
    if due_at is None:
        return None
    last = (datetime.fromisoformat(due_at) - timedelta(microseconds=1)).astimezone(CHINA).date()
    return (last - now.astimezone(CHINA).date()).days


def limits_of(clocks: Iterable[Mapping[str, Any]], now: datetime, language: str) -> tuple[list[Limit], list[Limit]]:
    """Those that run, what ends first first; and those that have ended, the last one first."""
    found = [_limit(clock, now, language) for clock in clocks]
    running = [each for each in found if each.stopped_at is None]
    ended = [each for each in found if each.stopped_at is not None]
    running.sort(key=lambda each: (each.standing == "lapsed", _when(each.due_at) or datetime.max.replace(tzinfo=UTC)))
    return running, sorted(ended, key=lambda each: _when(each.stopped_at) or now, reverse=True)


def _when(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _limit(clock: Mapping[str, Any], now: datetime, language: str) -> Limit:
    return Limit(
        title=clock[f"title_{language}"], why=clock[f"why_{language}"], article=clock["article"],
        standing=_standing(clock, now), left=days_left(clock["due_at"], now), since=clock["started_at"],
        due_at=clock["due_at"], stopped_at=clock["stopped_at"], extended=clock["extended"],
    )  # fmt: skip


def _standing(clock: Mapping[str, Any], now: datetime) -> str:
    if clock["stopped_at"] is not None:
        return "late" if clock["level"] == "red" else "done"
    if clock["paused"]:
        return "paused"
    if clock["due_at"] is None:
        return "open"
    # a right that lapses makes nobody late: routing tells it green for ever
    return "lapsed" if clock["level"] == "green" and datetime.fromisoformat(clock["due_at"]) <= now else clock["level"]
