"""撤回信访 at a node that does not write the case: never lost, written once, and shown until then; docs/adr/0030."""

import uuid
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from services.routing.tests.cases import ALL, ANYTHING, COUNTING, PROVINCE, in_state, offer_to
from services.routing.tests.cases import NOW as AT
from services.routing.tests.test_merging import slug
from services.routing.tests.test_reported import CITY, CITY_AT, COUNTY, COUNTY_AT, TOWN, TOWN_AT, opened
from services.routing.tests.test_requests import Nodes
from tests.support.nodes import token
from tests.support.running import told

from contracts.letters import WithdrawalRequest
from routing.domain import Actor, Case
from routing.main import service
from routing.withdrawals.domain import Withdrawal, decided

CASES = "/api/routing/v1/cases"
NOT_OURS = {"reason": "not-ours", "note": "不属本单位"}
WORDS = "信访人已自行解决"
NODE_OF = {CITY: CITY_AT, COUNTY: COUNTY_AT, TOWN: TOWN_AT}


@pytest.fixture
async def nodes(start: Any) -> Nodes:
    return Nodes({path: await start(service, path=path) for path in (CITY_AT, COUNTY_AT, TOWN_AT)})


async def shown(nodes: Nodes, case: str, who: str) -> Any:
    answer = await nodes.nodes[NODE_OF[who]].request("GET", f"{CASES}/{case}", who=who)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def do(nodes: Nodes, case: str, action: str, who: str, **body: Any) -> Any:
    """On the version that is known there; nothing is brought anywhere."""
    node = nodes.nodes[NODE_OF[who]]
    (row,) = await node.rows("SELECT version FROM cases WHERE id = $1", uuid.UUID(case))
    return await node.request("POST", f"{CASES}/{case}/{action}", who=who, json={"version": row["version"], **body})


async def step(nodes: Nodes, case: str, action: str, who: str, **body: Any) -> Any:
    """And it is known everywhere."""
    answer = await do(nodes, case, action, who, **body)
    assert answer.status_code == 200, answer.text
    await nodes.deliver()
    return answer.json()


async def withdraw(nodes: Nodes, case: str, who: str) -> Any:
    answer = await do(nodes, case, "note-withdrawal", who, note=WORDS)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def objected(nodes: Nodes) -> str:
    """The county handed it to the township, which says it is not its own: now the county writes."""
    case = await opened(nodes)
    await step(nodes, case, "transfer", COUNTY, to_unit="330225100-xf")
    await step(nodes, case, "receive", TOWN)
    await step(nodes, case, "object", TOWN, **NOT_OURS)
    return case


def noted(case: Any) -> Any:
    return {each["action"]: (each["allowed"], each["reason"]) for each in case["actions"]}["note-withdrawal"]


async def check_withdrawn(nodes: Nodes, case: str, *who: str) -> None:
    """By one version, the same everywhere, with nothing left to wait for."""
    found = [await shown(nodes, case, each) for each in who]
    assert {(each["state"], each["asked"], each["hand_over"], each["withdrawal_asked"]) for each in found} == {
        ("withdrawn", None, None, None)
    }
    assert len({(each["version"], each["writer"]) for each in found}) == 1
    for each in found:
        assert [entry["action"] for entry in each["timeline"]].count("note-withdrawal") == 1
        assert {clock["name"] for clock in each["clocks"] if clock["stopped_at"] is None} <= {"evaluation"}


async def test_while_an_objection_is_at_another_node_it_is_pending_and_then_written_there(nodes: Nodes) -> None:
    case = await objected(nodes)
    before = await withdraw(nodes, case, TOWN)
    assert (before["state"], before["withdrawal_asked"]["unit"]) == ("objected", "330225100-xf")
    last = before["timeline"][-1]
    assert (last["action"], last["unit"], last["actor"], last["note"], last["reason"]) == (
        "ask-withdrawal", "330225100-xf", "tester", WORDS, None,
    )  # fmt: skip
    assert noted(before) == noted(await shown(nodes, case, TOWN)) == (False, "withdrawal-asked")
    again = await do(nodes, case, "note-withdrawal", TOWN)
    assert (again.status_code, slug(again)) == (409, "withdrawal-asked")
    await nodes.deliver(twice=True)
    await check_withdrawn(nodes, case, CITY, COUNTY, TOWN)
    written = (await shown(nodes, case, COUNTY))["timeline"][-1]
    assert (written["action"], written["unit"], written["reason"], written["note"]) == (
        "note-withdrawal", "330225-xf", "asked-at:330225100-xf", WORDS,
    )  # fmt: skip
    after = await shown(nodes, case, TOWN)
    assert (after["writer"], after["holder_unit"]) == (TOWN_AT, "330225100-xf"), "what is left to write is its holder's"
    assert [entry["action"] for entry in after["timeline"]][-2:] == ["ask-withdrawal", "note-withdrawal"]
    (audited,) = await nodes.nodes[TOWN_AT].rows("SELECT * FROM audit WHERE action = 'ask-withdrawal'")
    assert (audited["actor"], audited["after"], WORDS in audited["detail"]) == ("tester", None, False)


@pytest.mark.parametrize("decision", ["agree-objection", "refuse-objection"])
@pytest.mark.parametrize("order", range(4))
async def test_what_crosses_the_answer_to_an_objection_follows_the_case(
    nodes: Nodes, decision: str, order: int
) -> None:
    case = await objected(nodes)
    await withdraw(nodes, case, TOWN)
    answer = await do(nodes, case, decision, COUNTY, note="仍由你办办理")
    assert answer.status_code == 200, answer.text
    await nodes.deliver(Random(order), twice=True)
    await check_withdrawn(nodes, case, CITY, COUNTY, TOWN)


@pytest.mark.parametrize("order", range(4))
async def test_where_it_was_registered_several_tiers_above_it_follows_the_case_down(nodes: Nodes, order: int) -> None:
    case = await opened(nodes, CITY_AT, "330200-xf")
    await step(nodes, case, "transfer", CITY, to_unit="330225-xf")
    asked = await withdraw(nodes, case, CITY)
    assert asked["writer"] == COUNTY_AT
    await do(nodes, case, "receive", COUNTY)
    await do(nodes, case, "transfer", COUNTY, to_unit="330225100-xf")
    await nodes.deliver(Random(order), twice=True)
    await check_withdrawn(nodes, case, CITY, COUNTY)
    assert (await shown(nodes, case, CITY))["timeline"][-1]["reason"] == "asked-at:330200-xf"


@pytest.mark.parametrize("order", range(3))
async def test_two_who_ask_at_once_and_one_who_may_write_make_one_version(nodes: Nodes, order: int) -> None:
    case = await opened(nodes, CITY_AT, "330200-xf")
    await step(nodes, case, "transfer", CITY, to_unit="330225-xf")
    await step(nodes, case, "receive", COUNTY)
    await step(nodes, case, "transfer", COUNTY, to_unit="330225100-xf")
    for who in (CITY, COUNTY, TOWN):
        await withdraw(nodes, case, who)
    await nodes.deliver(Random(order), twice=True)
    await check_withdrawn(nodes, case, CITY, COUNTY, TOWN)


async def test_it_comes_too_late_for_what_was_decided_and_who_asked_is_told(nodes: Nodes) -> None:
    case = await opened(nodes)
    await step(nodes, case, "transfer", COUNTY, to_unit="330225100-xf")
    await withdraw(nodes, case, COUNTY)
    await do(nodes, case, "receive", TOWN)
    await do(nodes, case, "answer", TOWN, fields={"answer": "已修复"})
    await nodes.deliver(Random(1), twice=True)
    after = await shown(nodes, case, COUNTY)
    assert (after["state"], after["withdrawal_asked"], noted(after)) == ("answered", None, (False, "not-in-this-state"))
    assert [entry["reason"] for entry in after["timeline"] if entry["action"] == "ask-withdrawal"] == [
        "not-in-this-state"
    ]


def test_a_review_that_was_asked_for_since_is_not_withdrawn_by_it() -> None:
    asked = Withdrawal(uuid.uuid4(), uuid.UUID(int=1), "office", "33.02", "33.02", 1, AT, note=WORDS)
    who = Actor("system", "office", "33.02", ALL)
    for minutes, expected in ((-1, "withdrawn"), (1, "not-in-this-state")):
        review = offer_to(PROVINCE, kind="review", offered_at=AT + timedelta(minutes=minutes))
        case = replace(in_state("offered"), hand_over=review, stage="review", writer="33.02")
        became = decided(case, asked, who, AT, ANYTHING, COUNTING, holder_node="33.02")
        assert (became.state if isinstance(became, Case) else became) == expected


async def asked_by(nodes: Nodes, case: str, unit: str, node: str, version: int = 2, **changes: Any) -> None:
    """A letter of this node, in the name of this unit, comes to the township."""
    letter = WithdrawalRequest(
        withdrawal=uuid.uuid4(), unit=unit, node=changes.get("of", node), version=version,
        asked_at="2026-01-05T01:00:00Z",
    )  # fmt: skip
    kind = "routing.withdrawal-request.v1"
    await nodes.nodes[TOWN_AT].hear("routing.letters", told(kind, letter, subject=uuid.UUID(case), node=node))
    await nodes.deliver()


async def test_only_who_had_it_withdraws_and_no_node_in_the_name_of_another(nodes: Nodes) -> None:
    case = await opened(nodes)
    await step(nodes, case, "transfer", COUNTY, to_unit="330225100-xf")
    bureau = token("330225-js", COUNTY_AT, ["clerk"])
    body = {"version": 2}
    answer = await nodes.nodes[COUNTY_AT].request("POST", f"{CASES}/{case}/note-withdrawal", who=bureau, json=body)
    assert (answer.status_code, slug(answer)) == (403, "not-the-holder")
    await asked_by(nodes, case, "330225-js", COUNTY_AT)
    await asked_by(nodes, case, "330225-xf", CITY_AT)
    await asked_by(nodes, case, "330225-xf", CITY_AT, of=COUNTY_AT)
    assert (await shown(nodes, case, TOWN))["state"] == "offered"
    await asked_by(nodes, case, "330225-xf", COUNTY_AT)
    assert (await shown(nodes, case, TOWN))["state"] == "withdrawn"


async def test_whom_it_turns_out_to_accuse_cannot_make_an_end_of_it(nodes: Nodes) -> None:
    case = await objected(nodes)
    await withdraw(nodes, case, TOWN)
    await do(nodes, case, "agree-objection", COUNTY)
    screened = await do(nodes, case, "screen", COUNTY, route=6, accused_units=["330225100-xf"])
    assert screened.status_code == 200, screened.text
    await nodes.deliver()
    assert (await shown(nodes, case, COUNTY))["state"] == "screened"
    assert (await nodes.nodes[TOWN_AT].rows("SELECT reason FROM withdrawals"))[0]["reason"] == "accused-unit"


async def test_at_the_node_that_writes_any_unit_that_had_it_withdraws_at_once(nodes: Nodes) -> None:
    case = await opened(nodes)
    await step(nodes, case, "transfer", COUNTY, to_unit="330225101-xf")
    after = await withdraw(nodes, case, COUNTY)
    assert (after["state"], after["timeline"][-1]["unit"], after["withdrawal_asked"]) == (
        "withdrawn", "330225-xf", None,
    )  # fmt: skip
