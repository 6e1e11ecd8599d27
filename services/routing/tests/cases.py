"""Cases for tests: in any state, with a procedure that forbids nothing."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from routing.decisions import Counting, decide, open_case
from routing.domain import Actor, Case, HandOver, Order, Unit
from routing.procedures.domain import ActionRule, ClockRule, Procedure
from routing.table import ACTIONS, TABLE
from routing.timing.clocks import Clock, CountingPolicy

NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)
PROVINCE = Unit("province", "33", "33")
OFFICE = Unit("office", "33.02", "33.02")
TOWN = Unit("town", "33.02.25", "33.02")
BUREAU = Unit("bureau", "33.02.26", "33.02")
STATION = Unit("station", "33.02.25", "33.02", above=("town", "office", "province"))
ALL = frozenset({"clerk", "handler", "leader", "supervisor"})


class Weekdays:
    """Every day but Saturday and Sunday is a working day."""

    version = "weekdays"

    def working(self, day: date) -> bool:
        return day.weekday() < 5

    def holiday(self, day: date) -> str | None:
        return None if self.working(day) else "周末"

    def provisional(self, _: date) -> bool:
        return False


COUNTING = Counting(Weekdays(), CountingPolicy())


def _rule(name: str, starts: str, stops: str, **changes: Any) -> ClockRule:
    return ClockRule(name, 30, "day", "Art 34", name, name, frozenset({starts}), frozenset({stops}), **changes)


ANYTHING = Procedure(
    "anything", 1, "任何事项", "anything", frozenset({"appeal"}), frozenset({6}),
    {action: ActionRule() for action in ACTIONS},
    (
        _rule("handling", "accept", "close", extends=frozenset({"extend"}), longest=30),
        _rule("objection", "receive", "object"),
        _rule("unclaimed", "receive", "claim"),
        _rule("ask-review", "close", "request-review"),
    ),
)  # fmt: skip


def actor(unit: Unit = OFFICE, *roles: str, subject: str = "somebody") -> Actor:
    return Actor(subject, unit.code, unit.node, frozenset(roles) or ALL)


def fresh(**changes: object) -> Case:
    given = {"case_id": UUID(int=1), "number": "XF1", "channel": "letter", "kind": "appeal", "unit": OFFICE}
    usual = {"registered_at": NOW, "procedure": ANYTHING, "counting": COUNTING}
    return open_case(**{**given, **usual, **changes})  # type: ignore[arg-type]  # test data


def offer_to(to: Unit = TOWN, **changes: object) -> HandOver:
    made = HandOver(
        UUID(int=2), "transfer", OFFICE.code, OFFICE.node, OFFICE.region, "screened", to.code, to.node, NOW,
        to_region=to.region,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # test data


def window(name: str) -> Clock:
    return Clock(name, NOW, NOW + timedelta(days=30))


def in_state(state: str) -> Case:
    """A case in this state, such that every guard of the table is met."""
    case = replace(
        fresh(),
        state=state,
        clocks=tuple(map(window, ("ask-review", "objection", "handling", "carrying-out", "unclaimed"))),
        submitted_by="another",
    )
    if state == "offered":
        return replace(case, holder_unit=TOWN.code, holder_region=TOWN.region, hand_over=offer_to())
    if state in {"received", "objected", "disputed"}:
        asked = {"objected": OFFICE.code, "disputed": PROVINCE.code}.get(state)
        writer = PROVINCE.node if state == "disputed" else TOWN.node
        return replace(
            case, holder_unit=TOWN.code, holder_region=TOWN.region, hops=(offer_to(),), asked=asked, writer=writer
        )
    return replace(case, hops=(offer_to(OFFICE, kind="assign", from_unit="elsewhere"),))


def whoever(case: Case, action: str) -> Actor:
    """Somebody whom the table lets do it."""
    rule = TABLE.get((case.state, action))
    party = rule.party if rule else "holder"
    offer = case.hand_over
    code = {
        "holder": case.holder_unit,
        "offered": offer.to_unit if offer else "",
        "offerer": offer.from_unit if offer else case.asked or "",
        "arbiter": case.asked or "",
        "whoever-had-it": case.holder_unit,
    }[party]
    return Actor("somebody", code, case.writer, ALL)


def order(case: Case, action: str, **changes: object) -> Order:
    """All that any action can ask for."""
    made = Order(
        actor=whoever(case, action), version=case.version, at=NOW, reason="not-ours",
        to=STATION if case.state == "received" else BUREAU,
        due_at=NOW + timedelta(days=15), hand_over=UUID(int=3), arbiter=PROVINCE, route=6, procedure=ANYTHING,
        outcome="support", papers=(UUID(int=4),), lead=UUID(int=5), days=10 if action == "extend" else 0,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]  # test data


def attempt(case: Case, action: str, procedure: Procedure = ANYTHING, **changes: object) -> Case:
    """Do an action as whoever the table lets do it."""
    if action == "request-review":
        changes = {"to": None, "parent": PROVINCE, **changes}
    return decide(case, action, order(case, action, **changes), procedure, COUNTING)
