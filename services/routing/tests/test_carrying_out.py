"""What an opinion in support grants is carried out in time (Art 32), or supervision is proposed (Art 40)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from services.routing.tests.cases import NOW, OFFICE, PROVINCE, actor, fresh
from services.routing.tests.test_cases import do as act
from services.routing.tests.test_cases import filed, opened
from services.routing.tests.test_upkeep import BUREAU, DEADLINES, run
from tests.law.handling import COUNTING
from tests.law.limits import procedure
from tests.support.nodes import token

from kit.clock import ManualClock
from kit.errors import Refused
from routing.decisions import decide
from routing.domain import Case, Order, Outcome
from routing.main import service

SERVED_AT = datetime(2026, 1, 6, tzinfo=UTC)
CHIEF = token("330225-js", "33.02.25", ["leader"], subject="chief")
COUNTY_OFFICE = token("330225-xf", "33.02.25", ["supervisor"])


def served(outcome: Outcome = "support", **changes: Any) -> Case:
    case = fresh(procedure=procedure(), counting=COUNTING, route=6)
    approved = replace(case, state="opinion-approved", handler_unit=OFFICE.code, outcome=outcome, **changes)
    return do(approved, "serve")


def do(case: Case, action: str, **more: Any) -> Case:
    given = {"actor": actor(OFFICE), "version": case.version, "at": NOW + timedelta(days=case.version), **more}
    return decide(case, action, Order(**given), procedure(), COUNTING)


def runs(case: Case) -> bool:
    return any(clock.name == "carrying-out" and clock.open for clock in case.clocks)


def test_an_opinion_in_support_begins_the_time_and_the_recorded_result_ends_it() -> None:
    case = do(served(), "close")
    assert runs(case)
    done = do(case, "carry-out")
    assert (done.state, done.last.action, runs(done)) == ("closed", "carry-out", False)
    with pytest.raises(Refused, match="nothing-to-carry-out"):
        do(done, "carry-out")


def test_it_is_recorded_also_when_it_is_late() -> None:
    assert not runs(do(served(), "carry-out", at=NOW + timedelta(days=300)))


@pytest.mark.parametrize("outcome", ["explain", "not-support"])
def test_what_grants_nothing_has_nothing_to_be_carried_out(outcome: Outcome) -> None:
    case = do(served(outcome), "close")
    assert not runs(case)
    with pytest.raises(Refused, match="nothing-to-carry-out"):
        do(case, "carry-out")


def test_a_review_opens_the_question_again() -> None:
    assert not runs(do(served(), "request-review", parent=PROVINCE, hand_over=fresh().id))


def test_of_what_was_handled_with_a_lead_the_lead_is_to_be_carried_out() -> None:
    assert not runs(served(merged_into=fresh().id))


async def test_a_red_clock_of_a_closed_case_proposes_supervision_to_the_office_above(start: Any) -> None:
    clock = ManualClock(SERVED_AT)
    routing = await start(service, path="33.02.25", clock=clock)
    case = await opened(routing, unit="330225-js")
    paper = await filed(routing, case, "opinion", "330225-js")
    steps: list[tuple[str, dict[str, Any]]] = [
        ("accept", {}), ("submit", {"outcome": "support", "papers": [paper]}),
        ("approve", {}), ("serve", {"fields": {"method": "post"}}), ("close", {}),
    ]  # fmt: skip
    for version, (action, body) in enumerate(steps, start=1):
        who = CHIEF if action == "approve" else BUREAU
        done = await act(routing, case, action, who, version=version, **body)
        assert done.status_code == 200, done.text
    clock.advance(timedelta(days=75))
    await run(routing, DEADLINES)
    warned = [event for event in await routing.events() if event.type == "routing.clock.warned.v1"]
    assert [event.data.level for event in warned if event.data.clock == "carrying-out"] == ["yellow", "red"]
    await routing.hear("routing.on-trigger", *warned)
    found = (await routing.request("GET", "/api/routing/v1/proposals", who=COUNTY_OFFICE)).json()["items"]
    assert [each["trigger"] for each in found] == ["not-carried-out"]
    late = await act(routing, case, "carry-out", BUREAU, version=6, fields={"result": "补偿款已付清"})
    assert (late.status_code, late.json()["state"]) == (200, "closed")


async def test_an_office_says_how_long_a_delegation_and_a_deadline_may_be(start: Any) -> None:
    first = await start(service, path="33.02.25")
    own = {"routing": {"delegation_days": 10, "longest_days": 20}}
    settings = first.runtime.settings.model_copy(update={"services": own})
    routing = await start(service, path="33.02.25", settings=settings)
    now = routing.runtime.clock.now()
    for days, status in ((10, 201), (11, 422)):
        body = {"to_subject": "deputy", "since": str(now), "until": str(now + timedelta(days=days))}
        made = await routing.request("POST", "/api/routing/v1/delegations", who=CHIEF, json=body)
        assert made.status_code == status, made.text
    case = await opened(routing, unit="330225-js")
    for days, status in ((21, 422), (19, 201)):
        body = {"text": "请说明", "reason": "other", "due_at": str(now + timedelta(days=days))}
        sent = await routing.request("POST", f"/api/routing/v1/cases/{case}/supervise", who=COUNTY_OFFICE, json=body)
        assert sent.status_code == status, sent.text
