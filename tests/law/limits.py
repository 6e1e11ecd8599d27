"""The time limits of the Regulation as the shipped procedures have them, and how the tests of the law speak of days."""

from datetime import datetime, time, timedelta
from functools import cache

from kit.errors import Refused
from routing.procedures.domain import Procedure
from routing.procedures.library import Library
from routing.timing.calendars import WorkingDays
from routing.timing.clocks import Clock, CountingPolicy, apply, level
from routing.timing.counting import CHINA

POLICY = CountingPolicy()
# in which state these actions leave a case, as far as it says which limits begin
LEADS_TO = {
    "open": "screened", "transfer": "offered", "assign": "offered", "arbitrate": "offered", "request-review": "offered",
    "receive": "received", "object": "objected",
}  # fmt: skip


@cache
def calendar() -> WorkingDays:
    """As published by the State Council."""
    return WorkingDays.read()


@cache
def procedure(key: str = "ordinary-petition/1") -> Procedure:
    return Library.shipped().get(key)


def at(moment: str) -> datetime:
    """A moment in China: 2025-09-24 10:00."""
    return datetime.fromisoformat(moment).replace(tzinfo=CHINA)


class Case:
    """The clocks of a case that lives through actions."""

    def __init__(self, key: str = "ordinary-petition/1", policy: CountingPolicy = POLICY) -> None:
        self.procedure = procedure(key)
        self.policy = policy
        self.clocks: tuple[Clock, ...] = ()

    def do(self, action: str, moment: str, *, stage: str = "handling", days: int = 0, due: str | None = None) -> "Case":
        self.clocks = apply(
            self.clocks, self.procedure.clocks, action, stage, at(moment), calendar(), self.policy,
            extend_days=days, due_at=at(due) if due else None, state=LEADS_TO.get(action),
        )  # fmt: skip
        return self

    def refused(self, action: str, moment: str, *, days: int = 0) -> str | None:
        """The slug with which it is refused."""
        try:
            self.do(action, moment, days=days)
        except Refused as refusal:
            return refusal.slug
        return None

    def clock(self, name: str) -> Clock:
        return next(clock for clock in self.clocks if clock.name == name)

    def level(self, name: str, moment: str) -> str:
        rule = next(rule for rule in self.procedure.clocks if rule.name == name)
        return level(self.clock(name), rule, at(moment))

    def runs(self, name: str) -> bool:
        return any(clock.name == name and clock.open for clock in self.clocks)

    def last_day(self, name: str) -> str:
        """The day at whose 24:00 the clock ends: 2025-10-09."""
        due_at = self.clock(name).due_at
        assert due_at is not None
        local = due_at.astimezone(CHINA)
        assert local.time() == time(), "it does not end at 24:00"
        return str(local.date() - timedelta(days=1))
