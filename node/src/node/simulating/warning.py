"""What was told of time limits: each level of each limit once, and the check that none is missing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from contracts.events import ClockState
from routing.domain import Case
from routing.procedures.domain import ClockRule
from routing.timing import clocks
from routing.timing.clocks import Clock

Run = tuple[UUID, str, datetime]  # case, clock, when it began


@dataclass(frozen=True, slots=True)
class Due:
    """A level that one run of a clock reaches."""

    run: Run
    due_at: datetime
    level: str
    at: datetime


@dataclass
class Warnings:
    """told: of each run of a clock, the levels with the due date they hold for; times: how often each was told."""

    told: dict[Run, dict[str, datetime]] = field(default_factory=dict)
    times: Counter[tuple[Run, datetime, str]] = field(default_factory=Counter)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def tell(self, case: Case, state: ClockState) -> bool:
        """An event has told of a level. False where the case has no such limit that ends then."""
        clock = next((each for each in case.clocks if each.name == state.clock), None)
        if clock is None or clock.due_at != state.due_at or state.due_at is None:
            return False
        run = (case.id, clock.name, clock.started_at)
        self.told.setdefault(run, {})[state.level] = state.due_at
        self.times[(run, state.due_at, state.level)] += 1
        self.counts[(state.clock, state.level)] += 1
        return True

    def follow(self, case: Case, rules: Sequence[ClockRule], now: datetime) -> None:
        """A new version: what was told of another date of the same run stays told where it is true of this one too."""
        for due in _dues(case, rules):
            told = self.told.get(due.run, {})
            if due.level in told and due.at <= now:
                told[due.level] = due.due_at

    def missed(self, case: Case, rules: Sequence[ClockRule], now: datetime) -> list[Due]:
        """What should have been told of this version before now, and was not."""
        return [
            due
            for due in _dues(case, rules)
            if due.at < now and self.told.get(due.run, {}).get(due.level) != due.due_at
        ]

    def doubled(self) -> list[tuple[Run, datetime, str]]:
        return [what for what, times in self.times.items() if times > 1]


def _dues(case: Case, rules: Sequence[ClockRule]) -> Iterator[Due]:
    known = {rule.name: rule for rule in rules}
    for clock in case.clocks:
        rule = known.get(clock.name)
        if rule is not None and clock.due_at is not None:
            yield from _of_clock(case.id, clock, rule, clock.due_at)


def _of_clock(case_id: UUID, clock: Clock, rule: ClockRule, due_at: datetime) -> Iterator[Due]:
    run = (case_id, clock.name, clock.started_at)
    for level, at in clocks.alarms(clock, rule):
        if level != "green":
            yield Due(run, due_at, level, at)
