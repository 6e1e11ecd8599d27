"""Rules of what goes out: which way, how much, when, and what becomes of it. Standard library only."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from enum import IntEnum
from typing import Literal

CHINA = timezone(timedelta(hours=8))
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30, 120, 600))
FINAL = frozenset({"delivered", "failed", "expired", "cancelled"})
NO_FATE = "no-fate"  # the reason of what expired because nobody could tell whether it arrived
BURST = 2.0  # at least so many may leave at once, however slow the rate
SPARED = 0.25  # the share of an allowance that mass notices leave to the others


class Lane(IntEnum):
    """What goes first. A mass notice never delays an answer."""

    ANSWER = 0
    NOTICE = 1
    MASS = 2


# --- which way -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Way:
    """A gateway that is up. weight: its share, 0: used only while no other is up; room: whether it takes one now."""

    name: str
    weight: int
    room: bool = True


def choose(ways: Sequence[Way], tried: Collection[str], point: float) -> str | None:
    """The gateway for a message; None: the ways it may take have no room now.

    tried: those that did not take it in this round, never asked again while another is up; point: in [0, 1), random:
    of many messages each way gets its share.
    """
    fresh = [way for way in ways if way.name not in tried] or list(ways)
    weighty = [way for way in fresh if way.weight > 0] or fresh
    free = [way for way in weighty if way.room]
    left = point * sum(max(way.weight, 1) for way in free)
    for way in free:
        left -= max(way.weight, 1)
        if left < 0:
            return way.name
    return free[-1].name if free else None


def untried(ways: Iterable[str], tried: Collection[str]) -> bool:
    """Whether another way is left for a message in this round."""
    return any(way not in tried for way in ways)


# --- how much --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may leave by a rate: parts a second, None: no bound. left: how many at once now, below 0: a debt of long
    messages, which is paid before anything else leaves.
    """

    rate: float | None
    left: float = 0.0

    @property
    def most(self) -> float:
        return max(self.rate or 0.0, BURST)

    def refilled(self, seconds: float) -> "Allowance":
        if self.rate is None:
            return self
        return Allowance(self.rate, min(self.most, self.left + max(seconds, 0.0) * self.rate))

    def allows(self, *, mass: bool) -> bool:
        spared = self.most * SPARED if mass else 0.0
        return self.rate is None or self.left >= 1 + spared

    def take(self, parts: int) -> "Allowance":
        return self if self.rate is None else Allowance(self.rate, self.left - parts)


# --- when ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the day, in China, in which nobody is disturbed; they may reach over midnight."""

    begins: time
    ends: time

    def until(self, now: datetime) -> datetime | None:
        """When they end, if it is quiet now."""
        local = now.astimezone(CHINA)
        at = local.time().replace(tzinfo=None)
        over_midnight = self.begins > self.ends
        quiet = at >= self.begins or at < self.ends if over_midnight else self.begins <= at < self.ends
        if not quiet:
            return None
        end = local.replace(hour=self.ends.hour, minute=self.ends.minute, second=0, microsecond=0)
        return (end if end > local else end + timedelta(days=1)).astimezone(now.tzinfo)


@dataclass(frozen=True, slots=True)
class Policy:
    """quiet: null, messages leave at any hour; to_a_number: how many notices may go to one number in `number_time`;
    expiry: by lane, how long a message is worth sending.
    """

    quiet: Quiet | None
    statutory_ignores_quiet: bool
    statutory_ignores_opt_out: bool
    to_a_number: int
    number_time: timedelta
    expiry: tuple[timedelta, timedelta, timedelta]


@dataclass(frozen=True, slots=True)
class Facts:
    """Of a message that is due. lately: how many notices went to its number; begun: some of its parts have left."""

    lane: Lane
    statutory: bool
    opted_out: bool
    lately: int
    created_at: datetime
    expires_at: datetime | None
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a message that is due: send it, leave it until `until`, or end it. reason: a code."""

    kind: Literal["send", "later", "cancelled", "expired"]
    reason: str | None = None
    until: datetime | None = None


SEND = Verdict("send")


def ends_at(lane: Lane, created_at: datetime, expires_at: datetime | None, policy: Policy) -> datetime:
    """From when it is not sent any more."""
    return expires_at or created_at + policy.expiry[lane]


def judge(facts: Facts, policy: Policy, now: datetime) -> Verdict:
    """An answer to who has just written or registered always goes, at any hour, and as often as he writes (that is
    bounded where texts come in); what has begun is not left half.
    """
    if now >= ends_at(facts.lane, facts.created_at, facts.expires_at, policy):
        return Verdict("expired", "too-late")
    if facts.begun:
        return SEND
    if facts.lane is not Lane.ANSWER:
        if facts.opted_out and not (facts.statutory and policy.statutory_ignores_opt_out):
            return Verdict("cancelled", "opted-out")
        until = policy.quiet.until(now) if policy.quiet else None
        if until and not (facts.statutory and policy.statutory_ignores_quiet):
            return Verdict("later", "quiet-hours", until)
        if facts.lately >= policy.to_a_number:
            return Verdict("later", "number-limit", now + policy.number_time / policy.to_a_number)
    return SEND


def pause_after(attempts: int) -> timedelta:
    """How long to wait before a message that could not be handed over is tried again."""
    return PAUSES[min(max(attempts, 1), len(PAUSES)) - 1]


# --- what became of it -----------------------------------------------------------------------------------------------


def state_of(parts: Collection[str], total: int) -> str:
    """The state of a message by those of its parts: arrived when all have, failed when one has."""
    if "failed" in parts:
        return "failed"
    if "expired" in parts:
        return "expired"
    if len(parts) < total:
        return "queued"
    if "unknown" in parts:
        return "unknown"
    return "delivered" if all(state == "delivered" for state in parts) else "sent"


def look_again(since: datetime, now: datetime, first: timedelta) -> datetime:
    """When a gateway is asked the next time what became of a message: the longer it waits, the more seldom."""
    return now + max(first, now - since)
