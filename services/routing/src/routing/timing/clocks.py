"""The clocks of a case (期限): started, paused, extended, stopped by actions; how urgent they are. Standard library.

There is at most one clock of each name; one that starts again takes the place of the stopped one before. Which days
count is said in routing.timing.counting, why a clock ends when it does in routing.timing.explaining.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from kit.errors import Refused
from routing.procedures.domain import ClockRule
from routing.timing.counting import (
    DAY,
    Calendar,
    CountingPolicy,
    china_day,
    due,
    paused_days,
    span,
    whole_days,
)
from routing.timing.pauses import Pauses, begun, ended

__all__ = [  # with what of the counting belongs to their signatures
    "Calendar", "Clock", "CountingPolicy", "Level", "Undone", "alarms", "apply", "due", "foremost", "level", "redated",
    "too_many_returns", "yellow_at",
]  # fmt: skip

Level = Literal["green", "yellow", "red"]
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Clock:
    """due_at: late from this instant on; None: nobody set a date. extended: days. set_due: date set by hand (交办).

    paused_seconds: of the pauses that are over; where the limit is in days, whole days, each day on which the clock
    stood still at any time counted once. resumed_at: the end of the last of them. pauses: how many are under way at
    once (a hearing, and within it a legal process); paused_at: since when; spans: the outermost of them, with reasons.
    """

    name: str
    started_at: datetime
    due_at: datetime | None = None
    stopped_at: datetime | None = None
    paused_at: datetime | None = None
    paused_seconds: int = 0
    extended: int = 0
    set_due: bool = False
    resumed_at: datetime | None = None
    pauses: int = 0
    spans: Pauses = ()

    @property
    def open(self) -> bool:
        """Not stopped; it may be paused."""
        return self.stopped_at is None


@dataclass(frozen=True, slots=True)
class Undone:
    """A hand-over that is taken back. made_at: when it was made, where it is as if it had never been (recalled,
    returned); None where its sender begins anew (Art 23). promised: of the assignments that still stand, when each was
    made and by when its result was asked for.
    """

    made_at: datetime | None
    promised: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every effect on a clock needs to know."""

    at: datetime
    calendar: Calendar
    policy: CountingPolicy
    due_at: datetime | None
    extend_days: int


def apply(
    clocks: Sequence[Clock], rules: Sequence[ClockRule], action: str, stage: str, at: datetime, calendar: Calendar,
    policy: CountingPolicy, *, due_at: datetime | None = None, extend_days: int = 0, state: str | None = None,
    undone: Undone | None = None, outcome: str | None = None,
) -> tuple[Clock, ...]:  # fmt: skip
    """The clocks after an action. stage, state, outcome: of the case after it (a request for review begins the review's
    clock); they only say which clocks start, an open one hears in every stage.

    due_at: of clocks without a length of their own; extend_days: for an action that extends; undone: what the action
    takes back. A clock no rule knows any longer (the case was given another procedure) stops.
    Raises Refused: "extension-too-late", "extension-too-long", "nothing-to-extend", "deadline-missing".
    """
    ground = _Ground(at, calendar, policy, due_at, extend_days)
    known = {rule.name: rule for rule in rules}
    if undone is not None:
        clocks = [_without(clock, known.get(clock.name), undone, ground) for clock in clocks]
    after = {
        clock.name: _affected(clock, known.get(clock.name), action, ground) if clock.open else clock for clock in clocks
    }
    if extend_days and not any(action in rule.extends and _is_open(rule, clocks) for rule in rules):
        raise Refused("nothing-to-extend")
    for rule in rules:
        if action in rule.starts and _begins(rule, stage, state, outcome):
            after[rule.name] = _started(rule, after.pop(rule.name, None), ground)
    return tuple(after.values())


def _begins(rule: ClockRule, stage: str, state: str | None, outcome: str | None) -> bool:
    anywhere, anyhow = rule.states is None or state in rule.states, rule.outcomes is None or outcome in rule.outcomes
    return stage in rule.stages and anywhere and anyhow


def _is_open(rule: ClockRule, clocks: Iterable[Clock]) -> bool:
    return any(clock.open and clock.name == rule.name for clock in clocks)


def _affected(clock: Clock, rule: ClockRule | None, action: str, ground: _Ground) -> Clock:
    if rule is None:
        return replace(clock, stopped_at=ground.at, paused_at=None, pauses=0)
    if action in rule.extends:
        clock = _extended(clock, rule, ground)
    if action in rule.resumes:
        clock = _resumed(clock, rule, ground)
    if action in rule.pauses:
        clock = _paused(clock, action, ground)
    if action in rule.stops:
        over = _resumed(replace(clock, pauses=min(clock.pauses, 1)), rule, ground)
        clock = replace(over, stopped_at=ground.at)
    return clock


def _without(clock: Clock, rule: ClockRule | None, undone: Undone, ground: _Ground) -> Clock:
    """The clock as if the hand-over had not been made: what it stopped goes on, with no time given for it, or an office
    could put off Art 22 by offering a case and taking it back. A date set by hand is that of the assignments left.
    """
    if rule is None:
        return clock
    if not clock.open:
        again = clock.stopped_at == undone.made_at
        return _dated(replace(clock, stopped_at=None), rule, ground.calendar, ground.policy) if again else clock
    if rule.length is not None:
        return clock
    made_at, due_at = min(undone.promised, key=lambda each: each[1], default=(None, None))
    if made_at is None or due_at is None:
        return replace(clock, stopped_at=ground.at, paused_at=None, pauses=0)
    if made_at == clock.started_at:
        return clock
    return replace(clock, started_at=made_at, due_at=due_at + timedelta(seconds=clock.paused_seconds))


def _started(rule: ClockRule, before: Clock | None, ground: _Ground) -> Clock:
    """A clock that runs does not begin anew: an opinion served, then closed, opens one window; and handing a case on
    does not put off what the first sender was promised.
    """
    running = before if before is not None and before.open else None
    if rule.length is not None:
        return running or Clock(rule.name, ground.at, due(rule, ground.at, ground.calendar, ground.policy))
    if ground.due_at is None or ground.due_at <= ground.at:
        raise Refused("deadline-missing", field="due_at")
    if running is not None and running.due_at is not None and running.due_at <= ground.due_at:
        return running
    return Clock(rule.name, ground.at, ground.due_at, set_due=True)


def _extended(clock: Clock, rule: ClockRule, ground: _Ground) -> Clock:
    """Once, before expiry, by no more than the rule allows (Art 34)."""
    if ground.extend_days < 1:
        raise Refused("invalid-input", field="days")
    if _expired(clock, clock.paused_at or ground.at):
        raise Refused("extension-too-late", clock=clock.name, article=rule.article)
    if clock.extended or ground.extend_days > rule.longest:
        raise Refused("extension-too-long", clock=clock.name, article=rule.article, longest=rule.longest)
    return _moved(replace(clock, extended=ground.extend_days), rule, ground, ground.extend_days * DAY)


def _paused(clock: Clock, by: str, ground: _Ground) -> Clock:
    if clock.paused_at is not None:
        return replace(clock, pauses=clock.pauses + 1)
    return replace(clock, paused_at=ground.at, pauses=1, spans=begun(clock.spans, ground.at, by))


def _resumed(clock: Clock, rule: ClockRule, ground: _Ground) -> Clock:
    """The last pause that ends lets the clock run; a pause that began after expiry heals nothing."""
    if clock.paused_at is None or clock.pauses > 1:
        return replace(clock, pauses=max(clock.pauses - 1, 0))
    healed = not _expired(clock, clock.paused_at)
    days, moved = _pause_days(clock, clock.paused_at, rule, ground) if healed else (0, 0)
    seconds = DAY_SECONDS * (days + moved)
    if healed and rule.unit == "hour":
        seconds = max(int((ground.at - clock.paused_at).total_seconds()), 0)
    running = replace(
        clock, paused_at=None, pauses=0, resumed_at=ground.at, paused_seconds=clock.paused_seconds + seconds,
        spans=ended(clock.spans, clock.paused_at, ground.at, days, moved),
    )  # fmt: skip
    return _moved(running, rule, ground, timedelta(seconds=seconds)) if healed else running


def _pause_days(clock: Clock, paused_at: datetime, rule: ClockRule, ground: _Ground) -> tuple[int, int]:
    """What the pause that ends now adds to a limit in days, see counting.paused_days."""
    if ground.at <= paused_at or rule.unit == "hour":
        return 0, 0
    first, days = span(1 if rule.length is None else rule.length, clock.started_at, ground.policy)
    since = max(first, china_day(paused_at))
    if clock.resumed_at is not None:
        since = max(since, _day_before(clock.resumed_at) + DAY)
    if rule.length is None:
        last = date.max  # a date set by hand is put off from where it is
    else:
        last = first + (days + clock.extended + whole_days(clock.paused_seconds) - 1) * DAY
    return paused_days(since, _day_before(ground.at), rule.unit, ground.calendar, last=last)


def _day_before(instant: datetime) -> date:
    """The day that the instant ends or lies in: at 00:00 the clock stood still until 24:00 of the day before."""
    return china_day(instant - timedelta(microseconds=1))


def _moved(clock: Clock, rule: ClockRule, ground: _Ground, by: timedelta) -> Clock:
    """Its due date anew; a date that was set by hand is put off by so much."""
    if rule.length is None:
        return replace(clock, due_at=clock.due_at and clock.due_at + by)
    return _dated(clock, rule, ground.calendar, ground.policy)


def _dated(clock: Clock, rule: ClockRule, calendar: Calendar, policy: CountingPolicy) -> Clock:
    if rule.length is None or clock.set_due:
        return clock
    due_at = due(rule, clock.started_at, calendar, policy, extended=clock.extended, paused_seconds=clock.paused_seconds)
    return clock if due_at == clock.due_at else replace(clock, due_at=due_at)


def redated(
    clocks: Sequence[Clock], rules: Iterable[ClockRule], calendar: Calendar, policy: CountingPolicy
) -> tuple[Clock, ...]:
    """The clocks with the due dates of the open ones counted anew, for a calendar that has changed."""
    known = {rule.name: rule for rule in rules}
    return tuple(
        _dated(clock, known[clock.name], calendar, policy) if clock.open and clock.name in known else clock
        for clock in clocks
    )


def _expired(clock: Clock, at: datetime) -> bool:
    return clock.due_at is not None and at >= clock.due_at


def yellow_at(clock: Clock, rule: ClockRule) -> datetime | None:
    """When the warning comes: so many days before the end or when so much of the time is used, whichever is first.

    The days do not count where the whole limit is no longer than they are. Pauses are no time used.
    """
    if clock.due_at is None or rule.right is not None:
        return None
    began = clock.started_at + timedelta(seconds=clock.paused_seconds)
    of_days = clock.due_at - timedelta(days=rule.yellow_days)
    of_share = began + rule.yellow_share * (clock.due_at - began)
    first = min(of_days, of_share) if of_days > clock.started_at else of_share
    return first if clock.started_at <= first < clock.due_at else None


def level(clock: Clock, rule: ClockRule, now: datetime) -> Level:
    """How urgent it is; of a paused clock as it was when it was paused. One that stopped was in time or is red.

    A right that lapses makes nobody late: always green.
    """
    if rule.right is not None:
        return "green"
    seen = clock.stopped_at or clock.paused_at or now
    if _expired(clock, seen):
        return "red"
    warned = yellow_at(clock, rule)
    return "yellow" if clock.open and warned is not None and seen >= warned else "green"


def alarms(clock: Clock, rule: ClockRule) -> list[tuple[Level, datetime]]:
    """What is to be told of it and when, in order; nothing of a clock that does not run, or of a right."""
    if not clock.open or clock.paused_at is not None or clock.due_at is None or rule.right is not None:
        return []
    warned = yellow_at(clock, rule)
    overdue: tuple[Level, datetime] = ("red", clock.due_at)
    return [overdue] if warned is None else [("yellow", warned), overdue]


def foremost(clocks: Iterable[Clock], rules: Iterable[ClockRule]) -> Clock | None:
    """The duty that runs and ends first: by it a to-do list is ordered and coloured."""
    duties = {rule.name for rule in rules if rule.right is None}
    running = [
        clock for clock in clocks if clock.open and clock.paused_at is None and clock.due_at and clock.name in duties
    ]
    return min(running, key=lambda clock: (clock.due_at or clock.started_at, clock.name), default=None)


def too_many_returns(objections: int, limit: int) -> bool:
    """Whether a case came back once too often (退回次数过多). limit: policy, the number that is one too many."""
    return objections >= limit
