"""Whose papers count, who may approve, and what is kept of it: over HTTP, on a real database."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from services.routing.tests.test_cases import COUNTY, TOWN_HERE, do, filed, opened
from tests.support.nodes import token
from tests.support.running import Running

from routing.main import service

DELEGATIONS = "/api/routing/v1/delegations"
DRAFTER = token("330225-xf", "33.02.25", ["handler"], subject="drafter")
BOTH = token("330225-xf", "33.02.25", ["handler", "leader"], subject="chief")
LEADER = token("330225-xf", "33.02.25", ["leader"], subject="county.leader")
DEPUTY = token("330225-xf", "33.02.25", ["handler"], subject="county.deputy")


async def lent(routing: Running, who: str, to: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    body = {"to_subject": to, "since": str(now - timedelta(days=1)), "until": str(now + timedelta(days=1))}
    made = await routing.request("POST", DELEGATIONS, who=who, json=body)
    assert made.status_code == 201
    found: dict[str, Any] = made.json()
    return found


async def sent_for_approval(routing: Running, who: str = DRAFTER) -> str:
    """By the administrative flow: a handler approves, then a leader."""
    case = await opened(routing, route=None)
    await do(routing, case, "screen", version=1, route=4, procedure="administrative-flow")
    await do(routing, case, "accept", version=2)
    paper = await filed(routing, case, "opinion")
    sent = await do(routing, case, "submit", who, version=3, outcome="support", papers=[paper])
    assert sent.json()["state"] == "in-approval"
    return case


@pytest.mark.parametrize("unit", ["330225-js", "330200-xf", "330225101-xf"])
async def test_the_paper_of_another_unit_is_not_the_holders_decision(start: Any, unit: str) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await filed(routing, case, "decline-notice", unit)
    refused = await do(routing, case, "decline", version=1, fields={"reason": "other"})
    assert (refused.status_code, refused.json()["papers"]) == (422, ["decline-notice"])
    await filed(routing, case, "decline-notice")
    assert (await do(routing, case, "decline", version=1, fields={"reason": "other"})).json()["state"] == "declined"


async def test_a_paper_that_an_earlier_holder_filed_does_not_count_for_the_next_one(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await filed(routing, case, "decline-notice")
    await do(routing, case, "transfer", version=1, to_unit="330225101-xf")
    await do(routing, case, "receive", TOWN_HERE, version=2)
    assert (await do(routing, case, "decline", TOWN_HERE, version=3, fields={"reason": "other"})).status_code == 422


async def test_an_opinion_is_sent_with_the_outcome_that_its_paper_says(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await do(routing, case, "accept", version=1)
    said = await filed(routing, case, "opinion", outcome="explain")
    other = await do(routing, case, "submit", version=2, outcome="support", papers=[said])
    assert (other.status_code, other.json()["type"]) == (422, "urn:xinqiao:problem:outcome-differs")
    foreign = await filed(routing, case, "opinion", "330225-js", outcome="explain")
    for papers in ([foreign], [said, foreign]):
        refused = await do(routing, case, "submit", version=2, outcome="explain", papers=papers)
        assert refused.json()["type"] == "urn:xinqiao:problem:paper-missing"
    record = await filed(routing, case, "hearing-record", "330225-js")  # what others recorded may go with it
    sent = await do(routing, case, "submit", version=2, outcome="explain", papers=[said, record])
    assert sent.json()["state"] == "in-approval"


async def test_one_account_with_both_roles_approves_one_of_the_two_steps(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await sent_for_approval(routing)
    assert (await do(routing, case, "approve", BOTH, version=4)).json()["state"] == "in-approval"
    again = await do(routing, case, "approve", BOTH, version=5)
    assert (again.status_code, again.json()["type"]) == (409, "urn:xinqiao:problem:four-eyes")
    assert again.json()["rule"] == "Art 32"
    assert (await do(routing, case, "approve", LEADER, version=5)).json()["state"] == "opinion-approved"


async def test_who_approved_as_a_handler_does_not_approve_again_as_a_delegate(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await sent_for_approval(routing)
    await lent(routing, LEADER, "county.deputy")
    assert (await do(routing, case, "approve", DEPUTY, version=4)).status_code == 200
    assert (await do(routing, case, "approve", DEPUTY, version=5)).status_code == 409
    # returned and sent again it is another opinion
    assert (await do(routing, case, "return-draft", LEADER, version=5, note="补充依据")).status_code == 200
    paper = await filed(routing, case, "opinion")
    await do(routing, case, "submit", DRAFTER, version=6, outcome="support", papers=[paper])
    assert (await do(routing, case, "approve", DEPUTY, version=7)).status_code == 200


async def test_nobody_approves_the_own_draft_through_a_deputy(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await sent_for_approval(routing, BOTH)
    await do(routing, case, "approve", DRAFTER, version=4)
    await lent(routing, BOTH, "county.deputy")
    assert (await do(routing, case, "approve", DEPUTY, version=5)).status_code == 403
    await lent(routing, LEADER, "county.deputy")
    assert (await do(routing, case, "approve", DEPUTY, version=5)).json()["state"] == "opinion-approved"


async def test_it_is_kept_for_whom_a_delegate_approved_and_what_was_delegated(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await sent_for_approval(routing)
    made = await lent(routing, LEADER, "county.deputy")
    await do(routing, case, "approve", BOTH, version=4)
    await do(routing, case, "approve", DEPUTY, version=5)
    (opinion,) = await routing.rows("SELECT approved_by, approved_for FROM opinions")
    assert tuple(opinion) == ("county.deputy", "county.leader")
    noted = await routing.rows("SELECT actor, detail FROM audit WHERE action = 'approve' ORDER BY id")
    assert [(row["actor"], row["detail"] and json.loads(row["detail"])) for row in noted] == [
        ("chief", None),
        ("county.deputy", {"for": "county.leader"}),
    ]
    (given,) = await routing.rows("SELECT detail FROM audit WHERE subject = $1", uuid.UUID(made["id"]))
    assert json.loads(given["detail"]) == {
        "to": "county.deputy", "role": "leader", "since": datetime.fromisoformat(made["since"]).isoformat(),
        "until": datetime.fromisoformat(made["until"]).isoformat(),
    }  # fmt: skip


async def test_a_deadline_in_another_age_is_refused_and_not_an_error(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    far = await do(routing, case, "assign", version=1, to_unit="330225101-xf", due_at="9999-12-31T20:00:00Z")
    assert (far.status_code, far.json()["type"]) == (422, "urn:xinqiao:problem:deadline-too-far")
    assert far.json()["longest"] == 3660


async def test_a_refusal_names_the_rule_and_the_states_in_which_it_could_be_done(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing, terminated_before=True)
    early = (await do(routing, case, "serve", version=1, fields={"method": "post"})).json()
    assert (early["status"], early["rule"], early["states"]) == (409, "Art 32", ["opinion-approved"])
    # of a guard the article is its own, not that of the action
    terminated = (await do(routing, case, "accept", version=1)).json()
    assert (terminated["status"], terminated["rule"]) == (409, "Art 36")
    assert "states" not in terminated
