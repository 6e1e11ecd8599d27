"""Supervision is proposed for each cause, only to units above the holder, and decided by a person."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import ClockState, PetitionState
from contracts.speech import parse_event
from routing.main import service

API = "/api/routing/v1"
NOW = datetime(2026, 1, 5, tzinfo=UTC)
SOON = (datetime.now(UTC) + timedelta(days=10)).isoformat()
EVERY = ["clerk", "handler", "leader", "supervisor"]
COUNTY, BUREAU = token("330225-xf", "33.02.25", EVERY), token("330225-js", "33.02.25", EVERY)
TOWN_HERE = token("330225101-xf", "33.02.25.101", EVERY)


async def opened(
    routing: Running, unit: str = "330225101-xf", region: str = "33.02.25.101", **changes: Any
) -> Envelope:
    """A case held by a township office that this node serves; returns what was told of it."""
    state = PetitionState(
        number=f"XF{uuid.uuid4().hex[:12]}", region=region, unit=unit, channel="letter", kind="appeal", petitioners=1,
        received_at=NOW, registered_at=NOW, **changes,
    )  # fmt: skip
    event = told("intake.petition.registered.v1", state, subject=uuid.uuid4(), node="33.02.25")
    await routing.hear("routing.on-petition-registered", event)
    (row,) = await routing.rows("SELECT body FROM outbox WHERE routing_key = 'routing.case.opened.v1'"
                                " ORDER BY id DESC LIMIT 1")  # fmt: skip
    return parse_event(row["body"])


def warned(case: Envelope, clock: str = "handling", level: str = "red") -> Envelope:
    state = ClockState(
        number=case.data.number, clock=clock, level=level, due_at=NOW, holder_unit=case.data.holder_unit,
        holder_region=case.data.holder_region, at=NOW,
    )  # fmt: skip
    return told("routing.clock.warned.v1", state, subject=case.subject, node="33.02.25")


async def proposed(routing: Running, who: str = COUNTY, query: str = "") -> list[dict[str, Any]]:
    answer = await routing.request("GET", f"{API}/proposals?{query}", who=who)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def decide(routing: Running, proposal: str, how: str, who: str = COUNTY, **body: Any) -> Any:
    return await routing.request("POST", f"{API}/proposals/{proposal}/{how}", who=who, json=body)


@pytest.fixture
async def routing(start: Any) -> Running:
    running: Running = await start(service, path="33.02.25")
    return running


async def test_an_overdue_clock_proposes_supervision_once_however_often_it_is_told(routing: Running) -> None:
    case = await opened(routing)
    for event in (warned(case), warned(case), warned(case, level="yellow")):
        await routing.hear("routing.on-trigger", event)
    assert [(each["trigger"], each["case_id"]) for each in await proposed(routing)] == [("overdue", str(case.subject))]


async def test_each_overdue_clock_and_each_holder_is_a_cause_of_its_own(routing: Running) -> None:
    case = await opened(routing)
    await routing.hear("routing.on-trigger", warned(case, "office-decision"))
    (first,) = await proposed(routing)
    await decide(routing, first["id"], "dismiss", reason="已催办")
    await routing.hear("routing.on-trigger", warned(case, "handling"), warned(case, "office-decision"))
    assert [each["clock"] for each in await proposed(routing)] == ["handling"]
    elsewhere = case.model_copy(update={"data": case.data.model_copy(update={"holder_unit": "330225-js"})})
    await routing.hear("routing.on-trigger", warned(elsewhere, "handling"))
    assert [each["holder_unit"] for each in await proposed(routing)] == ["330225-js", "330225101-xf"]


async def test_a_cause_that_comes_again_after_a_decision_is_proposed_again(routing: Running) -> None:
    case = await opened(routing)
    await routing.hear("routing.on-trigger", warned(case))
    (first,) = await proposed(routing)
    await decide(routing, first["id"], "dismiss", reason="已延期")
    late = warned(case)
    later = late.model_copy(update={"data": late.data.model_copy(update={"at": NOW + timedelta(days=30)})})
    await routing.hear("routing.on-trigger", late, later)
    (again,) = await proposed(routing)
    assert again["id"] != first["id"]
    assert len(await proposed(routing, query="decided=true")) == 1


async def test_an_opinion_that_is_not_carried_out_is_proposed_by_its_clock(routing: Running) -> None:
    await routing.hear("routing.on-trigger", warned(await opened(routing), "carrying-out"))
    assert [(each["trigger"], each["clock"]) for each in await proposed(routing)] == [("not-carried-out", "")]


@pytest.mark.parametrize("event", [{"level": "yellow"}, {"clock": "ask-review"}])
async def test_a_warning_or_the_petitioners_own_time_proposes_nothing(routing: Running, event: dict[str, str]) -> None:
    await routing.hear("routing.on-trigger", warned(await opened(routing), **event))
    assert await proposed(routing) == []


async def test_hand_overs_refused_too_often_propose_supervision(routing: Running) -> None:
    case = await opened(routing)
    for objections, expected in ((1, []), (2, ["refused-hand-overs"])):
        state = case.data.model_copy(update={"objections": objections})
        event = told("routing.case.objection-agreed.v1", state, subject=case.subject, node="33.02.25")
        await routing.hear("routing.on-trigger", event)
        assert [each["trigger"] for each in await proposed(routing)] == expected
    await routing.hear("routing.on-trigger", warned(case, "returned-too-often"))
    assert len(await proposed(routing)) == 1


async def test_it_is_proposed_above_the_holder_and_to_nobody_else(routing: Running) -> None:
    case = await opened(routing, "330225-xf", "33.02.25", accused_units=["330225-js"])
    await routing.hear("routing.on-trigger", warned(case))
    assert await proposed(routing, COUNTY) == []  # the holder
    assert len(await proposed(routing, token("330200-xf", "33.02", EVERY))) == 1
    for who in (TOWN_HERE, BUREAU, token("330225100-xf", "33.02.25.100", EVERY), token("330226-xf", "33.02.26", EVERY)):
        assert await proposed(routing, who) == []
    elsewhere = case.model_copy(update={"data": case.data.model_copy(update={"holder_region": "33.02.26"})})
    await routing.hear("routing.on-trigger", warned(elsewhere.model_copy(update={"subject": uuid.uuid4()})))
    assert len(await routing.rows("SELECT 1 FROM proposals")) == 1


async def test_a_person_follows_a_proposal_and_the_holder_is_supervised_for_its_trigger(routing: Running) -> None:
    case = await opened(routing)
    await routing.hear("routing.on-trigger", warned(case))
    (proposal,) = await proposed(routing)
    sent = await decide(routing, proposal["id"], "supervise", text="请于十日内报告", due_at=SOON)
    assert (sent.status_code, sent.json()["kind"], sent.json()["reason"]) == (201, "supervise", "overdue")
    assert sent.json()["to_unit"] == "330225101-xf"
    again = await decide(routing, proposal["id"], "dismiss", reason="已办")
    assert again.json()["type"] == "urn:xinqiao:problem:already-decided"
    assert await proposed(routing) == []
    (decided,) = await proposed(routing, query="decided=true")
    assert (decided["decision"], decided["decided_by"], decided["request_id"]) == (
        "supervise", "tester", sent.json()["id"],
    )  # fmt: skip


async def test_a_dismissed_proposal_keeps_its_reason_encrypted_and_does_not_come_again(routing: Running) -> None:
    case = await opened(routing)
    await routing.hear("routing.on-trigger", warned(case))
    (proposal,) = await proposed(routing)
    dismissed = await decide(routing, proposal["id"], "dismiss", reason="王五因病住院")
    assert dismissed.json()["reason"] == "王五因病住院"
    await routing.hear("routing.on-trigger", warned(case))
    assert await proposed(routing) == []
    (row,) = await routing.rows("SELECT reason FROM proposals")
    assert "王五".encode() not in row["reason"]


async def test_a_clerk_may_see_the_cause_and_a_supervisor_decides(routing: Running) -> None:
    case = await opened(routing)
    clerk = token("330225-xf", "33.02.25", ["clerk"])
    path = f"{API}/cases/{case.subject}/propose-supervision"
    made = await routing.request("POST", path, who=clerk, json={"trigger": "not-carried-out"})
    assert (made.status_code, made.json()["proposed_by"]) == (201, "tester")
    twice = await routing.request("POST", path, who=clerk, json={"trigger": "not-carried-out"})
    assert twice.json()["type"] == "urn:xinqiao:problem:already-proposed"
    assert (await decide(routing, made.json()["id"], "dismiss", clerk, reason="无")).status_code == 403
    holder = await routing.request("POST", path, who=TOWN_HERE, json={"trigger": "other"})
    assert holder.json()["type"] == "urn:xinqiao:problem:own-unit"
