"""Many opinions decided in one call: who has them before them, and that each case is decided for itself."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from services.routing.tests.test_approvals import BOTH, DRAFTER, LEADER, lent, sent_for_approval
from services.routing.tests.test_cases import COUNTY, do, filed, opened
from tests.support.nodes import token
from tests.support.running import Running

from routing.main import service

APPROVALS = "/api/routing/v1/approvals"
CHECKER = token("330225-xf", "33.02.25", ["handler"], subject="checker")
DEPUTY = token("330225-xf", "33.02.25", ["clerk"], subject="deputy")
PEOPLE = (DRAFTER, CHECKER, BOTH, LEADER, DEPUTY, token("330225-js", "33.02.25", ["leader"], subject="bureau"))


async def waiting(routing: Running, who: str, **params: Any) -> list[str]:
    answer = await routing.request("GET", APPROVALS, who=who, params=params)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


async def sent_to_leader(routing: Running, **changes: Any) -> str:
    """By the ordinary procedure: the leader alone approves."""
    case = await opened(routing, **changes)
    await do(routing, case, "accept", version=1)
    paper = await filed(routing, case, "opinion")
    assert (await do(routing, case, "submit", DRAFTER, version=2, outcome="support", papers=[paper])).status_code == 200
    return case


async def decide(routing: Running, *decisions: dict[str, Any], who: str = LEADER, **options: Any) -> Any:
    return await routing.request("POST", APPROVALS, who=who, json={"decisions": decisions}, **options)


async def test_what_waits_for_somebody_is_what_they_may_approve(start: Any) -> None:
    """The list asks the database, `actions` asks the domain: they say the same of everybody and every case."""
    routing = await start(service, **COUNTY)
    await lent(routing, LEADER, "deputy")
    cases = [await sent_to_leader(routing), await sent_for_approval(routing), await sent_for_approval(routing, BOTH)]
    halfway = await sent_for_approval(routing)
    await do(routing, halfway, "approve", BOTH, version=4)
    returned = await sent_to_leader(routing)
    await do(routing, returned, "return-draft", LEADER, version=3, note="补充依据")
    own = await sent_for_approval(routing, CHECKER)
    cases += [halfway, returned, own, await opened(routing)]
    found = {}
    for who in PEOPLE:
        listed = await waiting(routing, who)
        for case in cases:
            answer = await routing.request("GET", f"/api/routing/v1/cases/{case}/actions", who=who)
            (told,) = [each for each in answer.json() if each["action"] == "approve"]
            assert told["allowed"] == (case in listed), (case, told)
        found[who] = len(listed)
    assert [found[who] for who in PEOPLE] == [2, 2, 3, 2, 2, 0]


async def test_a_list_of_many_goes_on_where_the_page_ended(start: Any) -> None:
    routing = await start(service, **COUNTY)
    cases = [await sent_to_leader(routing) for _ in range(5)]
    seen, cursor = [], None
    for _ in range(3):
        page = (await routing.request("GET", APPROVALS, who=LEADER, params={"limit": 2, **(cursor or {})})).json()
        seen += [each["id"] for each in page["items"]]
        cursor = {"cursor": page["next"]}
    assert (sorted(seen), page["next"]) == (sorted(cases), None)
    (first, *_) = (await routing.request("GET", APPROVALS, who=LEADER)).json()["items"]
    assert (first["outcome"], first["by"], first["role"], len(first["papers"])) == ("support", "drafter", "leader", 1)


async def test_each_case_has_its_own_result_and_nothing_is_half(start: Any) -> None:
    routing = await start(service, **COUNTY)
    good, stale, returned, wordless, other = [await sent_to_leader(routing) for _ in range(5)]
    strange = str(uuid.uuid4())
    early = await opened(routing)
    answer = await decide(
        routing,
        {"case": good, "version": 3},
        {"case": stale, "version": 2},
        {"case": returned, "version": 3, "action": "return-draft", "note": "补充依据"},
        {"case": wordless, "version": 3, "action": "return-draft"},
        {"case": strange, "version": 3},
        {"case": early, "version": 1},
        {"case": other, "version": 3, "note": "同意"},
    )
    assert (answer.status_code, answer.json()["done"]) == (207, 3)
    results = answer.json()["results"]
    assert [each["case"] for each in results] == [good, stale, returned, wordless, strange, early, other]
    assert [(each["status"], each["state"]) for each in results] == [
        (200, "opinion-approved"), (409, None), (200, "opinion-drafted"), (422, None), (404, None), (409, None),
        (200, "opinion-approved"),
    ]  # fmt: skip
    assert results[1]["problem"]["current_version"] == 3
    assert results[3]["problem"]["type"] == "urn:xinqiao:problem:incomplete"
    assert results[5]["problem"]["state"] == "screened"
    for case, version in ((good, 4), (stale, 3), (returned, 4), (wordless, 3), (other, 4)):
        shown = (await routing.request("GET", f"/api/routing/v1/cases/{case}", who=LEADER)).json()
        assert (shown["version"], len(shown["timeline"])) == (version, version)
    assert {row["case_id"] for row in await routing.rows("SELECT case_id FROM opinions")} == {
        uuid.UUID(good), uuid.UUID(other),
    }  # fmt: skip
    told = [str(event.subject) for event in await routing.events() if event.type == "routing.case.opinion-approved.v1"]
    assert sorted(told) == sorted([good, other])
    noted = await routing.rows("SELECT subject FROM audit WHERE action = 'approve'")
    assert {str(row["subject"]) for row in noted} == {good, other}


async def test_all_done_is_told_as_200(start: Any) -> None:
    routing = await start(service, **COUNTY)
    cases = [await sent_to_leader(routing) for _ in range(3)]
    answer = await decide(routing, *({"case": case, "version": 3} for case in cases))
    assert (answer.status_code, answer.json()["done"]) == (200, 3)
    assert await waiting(routing, LEADER) == []


async def test_sent_again_what_was_done_answers_the_same_and_what_was_not_is_tried_again(start: Any) -> None:
    routing = await start(service, **COUNTY)
    done, late = [await sent_to_leader(routing) for _ in range(2)]
    asked = [{"case": done, "version": 3}, {"case": late, "version": 4}]
    first = (await decide(routing, *asked, key="batch-of-today")).json()["results"]
    assert [each["status"] for each in first] == [200, 409]
    await do(routing, late, "return-draft", LEADER, version=3, note="补充依据")
    again = (await decide(routing, *asked, key="batch-of-today")).json()["results"]
    assert again[0] == first[0]
    assert again[1]["problem"]["type"] == "urn:xinqiao:problem:not-in-this-state"
    assert len(await routing.rows("SELECT 1 FROM opinions")) == 1
    # another wish under the same key is not taken for the first one
    other = await decide(routing, {"case": done, "version": 3, "note": "另批"}, key="batch-of-today")
    assert other.json()["results"][0]["problem"]["type"] == "urn:xinqiao:problem:idempotency-key-reused"


async def test_a_batch_at_the_same_time_as_a_single_approval_leaves_one(start: Any) -> None:
    routing = await start(service, **COUNTY)
    cases = [await sent_to_leader(routing) for _ in range(4)]
    asked = [{"case": case, "version": 3} for case in cases]
    answers = await asyncio.gather(
        decide(routing, *asked), decide(routing, *reversed(asked), who=BOTH),
    )  # fmt: skip
    assert sum(answer.json()["done"] for answer in answers) == len(cases)
    assert len(await routing.rows("SELECT 1 FROM opinions")) == len(cases)


@pytest.mark.parametrize("bad", ["none", "too-many", "twice", "another-action"])
async def test_a_call_that_makes_no_sense_is_refused_as_a_whole(start: Any, bad: str) -> None:
    routing = await start(service, **COUNTY)
    case = await sent_to_leader(routing)
    one = {"case": case, "version": 3}
    asked = {
        "none": [], "twice": [one, one], "another-action": [{**one, "action": "close"}],
        "too-many": [one, *({"case": str(uuid.uuid4()), "version": 1} for _ in range(100))],
    }[bad]  # fmt: skip
    assert (await decide(routing, *asked)).status_code == 422
    assert await waiting(routing, LEADER) == [case]


async def test_who_is_accused_or_no_reader_neither_sees_nor_decides(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await sent_to_leader(routing)
    await routing.rows("UPDATE cases SET readers = '{330225-js:}' WHERE id = $1", uuid.UUID(case))
    assert await waiting(routing, LEADER) == []
    await routing.rows("UPDATE cases SET readers = NULL, accused_units = '{330225-xf}'")
    assert await waiting(routing, LEADER) == []
    (result,) = (await decide(routing, {"case": case, "version": 3})).json()["results"]
    assert result["status"] == 404


async def test_a_delegation_that_is_over_shows_nothing(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await sent_to_leader(routing)
    assert await waiting(routing, DEPUTY) == []
    made = await lent(routing, LEADER, "deputy")
    assert await waiting(routing, DEPUTY) == [case]
    past = datetime.now(UTC) - timedelta(hours=1)
    await routing.rows("UPDATE delegations SET until = $2 WHERE id = $1", uuid.UUID(made["id"]), past)
    assert await waiting(routing, DEPUTY) == []
