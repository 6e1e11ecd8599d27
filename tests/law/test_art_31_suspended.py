"""信访工作条例 第三十一条: what a legal process comes before is suspended; nobody is late while nobody may act."""

from typing import Any

import pytest
from services.routing.tests.cases import TOWN, attempt, in_state

from routing.domain import Case
from routing.timing.clocks import level
from tests.law.handling import do, handed_over, opened
from tests.law.limits import at, procedure

RULES = {rule.name: rule for rule in procedure().clocks}


def colours(case: Case, moment: str) -> set[str]:
    return {level(each, RULES[each.name], at(moment)) for each in case.clocks if each.open}


def assigned() -> Case:
    case = do(opened(), "assign", "2025-09-02 10:00", to=TOWN, due_at=at("2025-10-20 18:00"))
    return do(case, "receive", "2025-09-02 11:00", TOWN)


@pytest.mark.parametrize("case", [opened("2025-09-02 11:00"), handed_over("2025-09-02 11:00"), assigned()])
def test_every_limit_stands_still_and_then_goes_on(case: Case) -> None:
    who: dict[str, Any] = {"unit": TOWN} if case.state == "received" else {}
    before = {each.name: each.due_at for each in case.clocks if each.open}
    suspended = do(case, "suspend", "2025-09-05 10:00", **who)
    assert colours(suspended, "2026-09-01 10:00") == {"green"}
    assert suspended.due_at is None
    resumed = do(suspended, "resume", "2026-03-05 10:00", **who)
    after = {each.name: each.due_at for each in resumed.clocks if each.open}
    assert before.keys() == after.keys()
    assert all(due is not None and due > at("2026-03-05 10:00") for due in after.values())


@pytest.mark.parametrize("state", ["screened", "received", "accepted", "hearing", "mediating", "opinion-drafted"])
def test_wherever_a_unit_works_on_it_it_can_be_suspended(state: str) -> None:
    case = in_state(state)
    suspended = attempt(case, "suspend")
    assert (suspended.state, suspended.suspended) == (state, True)
    resumed = attempt(suspended, "resume")
    assert (resumed.state, resumed.suspended) == (state, False)
