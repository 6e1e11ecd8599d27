"""Which warnings are due: each level of each clock once, told as the scheduler of routing tells them, and the check."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from routing.domain import Case
from routing.procedures.domain import ClockRule
from routing.timing import clocks
from routing.timing.clocks import Clock

Told = Literal["yellow", "red", "expire"]


@dataclass(frozen=True, slots=True)
class Due:
    """Something to be told, or to be done by the system ("expire"), of one run of a clock."""

    case: UUID
    clock: str
    started_at: datetime
    due_at: datetime
    level: Told
    at: datetime


@dataclass
class Warnings:
    """told: of each run of a clock, the levels with the due date they were told for; how often each was told."""

    told: dict[tuple[UUID, str, datetime], dict[Told, datetime]] = field(default_factory=dict)
    times: Counter[tuple[UUID, str, datetime, datetime, Told]] = field(default_factory=Counter)
    planned: set[Due] = field(default_factory=set)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def plan(self, case: Case, rules: Sequence[ClockRule], now: datetime) -> Iterator[Due]:
        """What is to be watched for in this version and was not before."""
        for due in _dues(case, rules):
            if due not in self.planned and not self._was_told(due, now):
                self.planned.add(due)
                yield due

    def _was_told(self, due: Due, now: datetime) -> bool:
        """For this date; or for another one of the same run, when it is still true."""
        before = self.told.get((due.case, due.clock, due.started_at), {}).get(due.level)
        if before is not None and before != due.due_at and due.at <= now:
            self.told[(due.case, due.clock, due.started_at)][due.level] = due.due_at
            return True
        return before == due.due_at

    def reach(self, due: Due, case: Case, rules: Sequence[ClockRule]) -> bool:
        """Tell of it, unless the clock has stopped, stands still or ends at another time by now."""
        self.planned.discard(due)
        if all(each != due for each in _dues(case, rules)):
            return False
        self.told.setdefault((due.case, due.clock, due.started_at), {})[due.level] = due.due_at
        self.times[(due.case, due.clock, due.started_at, due.due_at, due.level)] += 1
        self.counts[(due.clock, due.level)] += 1
        return True

    def missed(self, case: Case, rules: Sequence[ClockRule], now: datetime) -> list[Due]:
        """What should have been told of this version before now, and was not."""
        return [due for due in _dues(case, rules) if due.at < now and not self._was_told(due, now)]

    def doubled(self) -> list[tuple[UUID, str, datetime, datetime, Told]]:
        return [what for what, times in self.times.items() if times > 1]


def _dues(case: Case, rules: Sequence[ClockRule]) -> Iterator[Due]:
    known = {rule.name: rule for rule in rules}
    for clock in case.clocks:
        rule = known.get(clock.name)
        if rule is not None and clock.due_at is not None:
            yield from _of_clock(case.id, clock, rule, clock.due_at)


def _of_clock(case_id: UUID, clock: Clock, rule: ClockRule, due_at: datetime) -> Iterator[Due]:
    for level, at in clocks.alarms(clock, rule):
        if level != "green":
            yield Due(case_id, clock.name, clock.started_at, due_at, level, at)
    if rule.expires is not None and clock.open and clock.paused_at is None:
        yield Due(case_id, clock.name, clock.started_at, due_at, "expire", due_at)
