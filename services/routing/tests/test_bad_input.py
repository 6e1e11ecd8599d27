"""What is said to who asks for something that cannot be done: why, by which rule, and what can be done instead."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from services.routing.tests.test_cases import COUNTY, OFFICE, do, filed, opened
from tests.support.running import Running

from routing.main import service
from routing.table import ACTIONS, TABLE

AT = datetime(2026, 1, 5, tzinfo=UTC).isoformat()
COMPLETE: dict[str, dict[str, Any]] = {
    "transfer": {"to_unit": "330225101-xf"}, "assign": {"to_unit": "330225101-xf", "due_at": AT},
    "object": {"reason": "not-ours", "note": "不属本单位"}, "arbitrate": {"to_unit": "330225101-xf"},
    "extend": {"days": 10}, "submit": {"outcome": "support", "papers": [str(uuid.uuid4())]},
    "merge": {"lead": str(uuid.uuid4())}, "screen": {"route": 6},
}  # fmt: skip


async def test_an_action_not_allowed_now_is_told_the_state_the_rule_and_what_is_allowed(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    shown = (await do(routing, case, "accept", version=1)).json()
    allowed = {each["action"] for each in shown["actions"] if each["reason"] in {None, "incomplete"}}
    forbidden = [action for action in ACTIONS if ("accepted", action) not in TABLE]
    assert len(forbidden) > 15
    for action in forbidden:
        answer = await do(routing, case, action, version=2, **COMPLETE.get(action, {}))
        problem = answer.json()
        if answer.status_code == 403:  # for another role, whatever the state
            continue
        assert (answer.status_code, problem["type"]) == (409, "urn:xinqiao:problem:not-in-this-state"), action
        assert (problem["state"], problem["action"]) == ("accepted", action)
        assert set(problem["allowed"]) == allowed
        assert problem["rule"] == next(rule.article or None for (_, named), rule in TABLE.items() if named == action)


async def test_a_guard_that_refuses_says_its_rule_too(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await do(routing, case, "accept", version=1)
    refused = (await do(routing, case, "resume", version=2)).json()
    assert (refused["status"], refused["state"], refused["rule"]) == (409, "accepted", "Art 31")
    assert "suspend" in refused["allowed"]


async def test_papers_and_fields_that_are_missing_are_named_all_at_once(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    refused = await do(routing, case, "decline", version=1, fields={"notice_method": "pigeon"})
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (422, "urn:xinqiao:problem:incomplete")
    assert problem["papers"] == ["decline-notice"]
    assert {each["field"] for each in problem["errors"]} == {"fields/reason", "fields/notice_method"}
    assert all(each["zh"] and each["en"] for each in problem["errors"])
    await filed(routing, case, "decline-notice")
    done = await do(routing, case, "decline", version=1, fields={"reason": "no-matter"})
    assert done.json()["state"] == "declined"


async def test_answers_of_supporting_units_are_named_with_the_missing_paper(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await do(routing, case, "accept", version=1)
    body = {"text": "请协助", "to_units": ["330225101-xf", "330225-js"]}
    await routing.request("POST", f"/api/routing/v1/cases/{case}/ask-support", who=OFFICE, json=body)
    refused = (await do(routing, case, "submit", version=2, **COMPLETE["submit"])).json()
    assert (refused["status"], refused["papers"]) == (422, ["opinion"])
    assert refused["support"] == ["330225-js", "330225101-xf"]


async def test_all_that_is_wrong_with_a_body_is_named_at_once(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    refused = await do(routing, case, "assign", version=0, due_at="tomorrow", surprise=1)
    assert refused.status_code == 422
    assert {each["field"] for each in refused.json()["errors"]} == {
        "body.version", "body.due_at", "body.to_unit", "body.surprise",
    }  # fmt: skip


@pytest.mark.parametrize("version", [1, 3, 99])
async def test_a_decision_on_another_version_is_told_the_present_one(start: Any, version: int) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await do(routing, case, "accept", version=1)
    refused = await do(routing, case, "investigate", version=version)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:xinqiao:problem:version-conflict")
    assert refused.json()["current_version"] == 2


async def test_a_unit_that_nobody_knows_is_refused_and_one_of_a_node_away_is_not(start: Any) -> None:
    routing: Running = await start(service, **COUNTY)
    case = await opened(routing)
    refused = await do(routing, case, "transfer", version=1, to_unit="330225-nobody")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:xinqiao:problem:unknown-unit")
    sent = await do(routing, case, "transfer", version=1, to_unit="330225100-xf")  # its node does not run
    assert (sent.status_code, sent.json()["state"], sent.json()["holder_unit"]) == (200, "offered", "330225100-xf")
    assert len(await routing.sent("letters")) == 1
