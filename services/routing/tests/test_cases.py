"""Cases over HTTP and from events, on a real database."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import CaseState, LastAction, PaperState, PetitionState
from contracts.letters import CaseFile, CaseProgress, RecallRequest
from contracts.speech import parse_event
from kit.errors import Refused
from routing.main import service

CASES = "/api/routing/v1/cases"
NOW = datetime(2026, 1, 5, tzinfo=UTC)
COUNTY = {"path": "33.02.25"}
OFFICE = token("330225-xf", "33.02.25", ["clerk", "handler"])
TOWN_HERE = token("330225101-xf", "33.02.25.101", ["clerk", "handler"])


def registered(unit: str = "330225-xf", region: str = "33.02.25", **changes: Any) -> Envelope:
    state = PetitionState(
        number=f"XF{uuid.uuid4().hex[:12]}", region=region, unit=unit, channel="letter", petitioners=1,
        **{"kind": "appeal", "received_at": NOW, "registered_at": NOW, "route": 6, **changes},
    )  # fmt: skip
    return told("intake.petition.registered.v1", state, subject=uuid.uuid4(), node="33.02.25")


async def opened(routing: Running, **changes: Any) -> str:
    event = registered(**changes)
    await routing.hear("routing.on-petition-registered", event)
    return str(event.subject)


# how an office says that it told the petitioner in writing (Art 23)
NOTICE = {"notice_method": "post", "notice_at": "2025-01-02T09:00:00+08:00"}


async def do(routing: Running, case: str, action: str, who: str = OFFICE, **body: Any) -> Any:
    """With what a form demands, where a test has nothing to say about it."""
    if action == "accept":
        body = {"fields": NOTICE, **body}
    return await routing.request("POST", f"{CASES}/{case}/{action}", who=who, json=body)


async def test_a_registered_petition_opens_one_case_however_often_it_is_told(start: Any) -> None:
    routing = await start(service, **COUNTY)
    event = registered()
    await routing.hear("routing.on-petition-registered", event)
    await routing.hear("routing.on-petition-registered", event)
    case = (await routing.request("GET", f"{CASES}/{event.subject}", who=OFFICE)).json()
    assert (case["state"], case["holder_unit"], case["version"]) == ("screened", "330225-xf", 1)
    assert len(await routing.rows("SELECT 1 FROM cases")) == 1
    assert [event.type for event in await routing.events()] == ["routing.case.opened.v1"]


async def test_a_hand_over_within_a_node_takes_two_steps(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    offered = await do(routing, case, "transfer", version=1, to_unit="330225101-xf", note="请核实办理")
    assert offered.json()["state"] == "offered"
    early = await do(routing, case, "accept", TOWN_HERE, version=2)
    assert early.json()["type"] == "urn:xinqiao:problem:not-in-this-state"
    received = await do(routing, case, "receive", TOWN_HERE, version=2)
    assert (received.json()["state"], received.json()["holder_unit"]) == ("received", "330225101-xf")
    assert [entry["note"] for entry in received.json()["timeline"]] == [None, "请核实办理", None]
    told_of_case = [event.type for event in await routing.events() if event.type.startswith("routing.case.")]
    assert told_of_case == [
        "routing.case.opened.v1",
        "routing.case.handed-over.v1",
        "routing.case.received.v1",
    ]
    assert not await routing.sent("letters")


async def test_of_two_transfers_at_the_same_instant_one_wins(start: Any) -> None:
    routing = await start(service, **COUNTY)
    for _ in range(5):
        case = await opened(routing)
        answers = await asyncio.gather(
            *(do(routing, case, "transfer", version=1, to_unit=to) for to in ("330225101-xf", "330225-js"))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert len(await routing.rows("SELECT 1 FROM timeline WHERE case_id = $1", uuid.UUID(case))) == 2


async def test_an_offer_to_another_node_leaves_as_a_sealed_letter_and_freezes_the_case(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    offered = await do(routing, case, "transfer", version=1, to_unit="330225100-xf", note="张三反映的问题")
    assert offered.json()["writer"] == "33.02.25.100"
    (letter,) = await routing.sent("letters")
    assert letter["routing_key"] == "letter.33.02.25.100.routing"
    assert "张三".encode() not in letter["body"]
    frozen = await do(routing, case, "accept", version=2)
    assert frozen.status_code == 409


async def offered_case(routing: Running, version: int = 2) -> tuple[Envelope, CaseState]:
    """An offer as the county would send it to the township."""
    state = CaseState.model_validate(
        {
            "number": f"XF{uuid.uuid4().hex[:12]}", "channel": "web", "kind": "appeal", "state": "offered",
            "holder_unit": "330225100-xf", "holder_region": "33.02.25.100", "writer": "33.02.25.100",
            "registered_region": "33.02.25", "registered_at": NOW, "regions": ["33.02.25", "33.02.25.100"],
            "nodes": ["33.02.25", "33.02.25.100"], "procedure": "ordinary-petition/1", "route": 6,
            "last": {"action": "transfer", "unit": "330225-xf", "at": NOW},
            "hand_over": {
                "id": uuid.uuid4(), "kind": "transfer", "from_unit": "330225-xf", "from_node": "33.02.25",
                "from_region": "33.02.25", "from_state": "screened",
                "to_region": "33.02.25.100", "to_unit": "330225100-xf",
                "to_node": "33.02.25.100", "offered_at": NOW,
            },
        }
    )  # fmt: skip
    offer = CaseFile(case=state, note="请办理")
    letter = told("routing.case-file.v1", offer, subject=uuid.uuid4(), sequence=version, node="33.02.25")
    return letter, state


async def test_a_received_offer_can_be_worked_on_here(start: Any) -> None:
    routing = await start(service)
    letter, _ = await offered_case(routing)
    await routing.hear("routing.letters", letter)
    await routing.hear("routing.letters", letter)
    case = str(letter.subject)
    received = await do(routing, case, "receive", token(), version=2)
    assert (received.status_code, received.json()["state"]) == (200, "received")
    await routing.hear("routing.letters", letter)  # late and again: it changes nothing
    accepted = await do(routing, case, "accept", token(), version=3)
    assert (accepted.status_code, accepted.json()["state"]) == (200, "accepted")


async def test_a_withdrawal_before_receipt_is_granted_and_one_after_it_is_not(start: Any) -> None:
    routing = await start(service)
    for received in (False, True):
        letter, state = await offered_case(routing)
        await routing.hear("routing.letters", letter)
        if received:
            await do(routing, str(letter.subject), "receive", token(), version=2)
        assert state.hand_over is not None
        request = RecallRequest(hand_over=state.hand_over.id, version=2)
        asked = told("routing.recall-request.v1", request, subject=letter.subject, sequence=2, node="33.02.25")
        await routing.hear("routing.letters", asked)
        (row,) = await routing.rows("SELECT * FROM cases WHERE id = $1", letter.subject)
        expected = ("330225100-xf", "33.02.25.100") if received else ("330225-xf", "33.02.25")
        assert (row["holder_unit"], row["writer"], row["version"]) == (*expected, 3)


async def test_a_withdrawal_that_overtakes_its_offer_wins_when_the_offer_comes(start: Any) -> None:
    routing = await start(service)
    letter, state = await offered_case(routing)
    assert state.hand_over is not None
    request = RecallRequest(hand_over=state.hand_over.id, version=2)
    asked = told("routing.recall-request.v1", request, subject=letter.subject, sequence=2, node="33.02.25")
    await routing.hear("routing.letters", asked)
    await routing.hear("routing.letters", letter)
    (row,) = await routing.rows("SELECT * FROM cases WHERE id = $1", letter.subject)
    assert (row["state"], row["holder_unit"], row["writer"], row["version"]) == (
        "screened",
        "330225-xf",
        "33.02.25",
        3,
    )


async def test_an_offer_for_a_unit_that_is_not_here_goes_back_by_itself(start: Any) -> None:
    routing = await start(service)
    letter, state = await offered_case(routing)
    state = state.model_copy(update={"holder_unit": "330226-xf"})
    offer = letter.model_copy(update={"data": CaseFile(case=state)})
    await routing.hear("routing.letters", offer)
    (row,) = await routing.rows("SELECT * FROM cases")
    assert (row["holder_unit"], row["writer"], row["version"]) == ("330225-xf", "33.02.25", 3)
    assert (await routing.events())[-1].data.last.reason == "unknown-unit"


async def test_a_node_without_the_right_to_write_is_refused(start: Any) -> None:
    routing = await start(service, path="33.02")
    letter, state = await offered_case(routing)
    event = told("routing.case.handed-over.v1", state, subject=letter.subject, sequence=2, node="33.02.25")
    await routing.hear("routing.on-case", event)
    stolen = state.model_copy(update={"state": "received", "hand_over": None})
    forged = told("routing.case.received.v1", stolen, subject=letter.subject, sequence=3, node="33.02.25")
    with pytest.raises(Refused, match="not-the-writer"):
        await routing.hear("routing.on-case", forged)
    true = told("routing.case.received.v1", stolen, subject=letter.subject, sequence=3, node="33.02.25.100")
    await routing.hear("routing.on-case", true)
    (row,) = await routing.rows("SELECT version, state FROM cases")
    assert (row["version"], row["state"]) == (3, "received")


async def test_a_node_takes_no_case_by_skipping_a_version(start: Any) -> None:
    """What this node holds nobody else writes on, however far ahead; the case of another node only one that held it."""
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    (event,) = [event for event in await routing.events() if event.type == "routing.case.opened.v1"]
    taken = {"state": "closed", "holder_unit": "330225100-xf", "writer": "33.02.25.100"}
    its_own = {**taken, "nodes": ["33.02.25", "33.02.25.100"],
               "last": LastAction(action="close", unit="330225100-xf", at=NOW)}  # fmt: skip
    for state in (event.data.model_copy(update=taken), event.data.model_copy(update=its_own)):
        for version in (2, 5):
            forged = told("routing.case.closed.v1", state, subject=event.subject, sequence=version, node="33.02.25.100")
            with pytest.raises(Refused, match="not-the-writer"):
                await routing.hear("routing.on-case", forged)
    back = CaseFile(case=event.data.model_copy(update={**its_own, "writer": "33.02.25"}))
    letter = told("routing.case-file.v1", back,
                  subject=event.subject, sequence=5, node="33.02.25.100")  # fmt: skip
    with pytest.raises(Refused, match="not-the-writer"):
        await routing.hear("routing.letters", letter)
    assert (await do(routing, case, "accept", version=1)).status_code == 200


async def test_a_version_that_comes_before_those_between_is_taken_from_whose_unit_acted_and_nobody_else(
    start: Any,
) -> None:
    routing = await start(service, path="33.02")
    letter, state = await offered_case(routing)
    await routing.hear(
        "routing.on-case",
        told("routing.case.handed-over.v1", state, subject=letter.subject, sequence=2, node="33.02.25"),
    )
    last = LastAction(action="accept", unit="330225100-xf", at=NOW)
    accepted = state.model_copy(update={"state": "accepted", "hand_over": None, "last": last})
    stranger = told("routing.case.accepted.v1", accepted, subject=letter.subject, sequence=4, node="33.02.26")
    sender = told("routing.case.accepted.v1", accepted, subject=letter.subject, sequence=4, node="33.02.25")
    for forged in (stranger, sender):
        with pytest.raises(Refused, match="not-the-writer"):
            await routing.hear("routing.on-case", forged)
    true = told("routing.case.accepted.v1", accepted, subject=letter.subject, sequence=4, node="33.02.25.100")
    await routing.hear("routing.on-case", true)
    (row,) = await routing.rows("SELECT version, state FROM cases")
    assert tuple(row) == (4, "accepted")


async def test_replicas_keep_the_highest_version_in_any_order(start: Any) -> None:
    routing = await start(service, path="33")
    letter, state = await offered_case(routing)
    later = state.model_copy(update={"state": "closed", "hand_over": None})
    events = [
        told("routing.case.closed.v1", later, subject=letter.subject, sequence=6, node="33.02.25.100"),
        told("routing.case.handed-over.v1", state, subject=letter.subject, sequence=2, node="33.02.25"),
    ]
    for event in events:
        await routing.hear("routing.on-case", event)
    (row,) = await routing.rows("SELECT version, state FROM cases")
    assert (row["version"], row["state"]) == (6, "closed")
    assert len(await routing.rows("SELECT 1 FROM timeline")) == 2


async def test_progress_in_a_letter_is_shown_to_the_services_of_this_node(start: Any) -> None:
    routing = await start(service)
    letter, state = await offered_case(routing)
    event = told("routing.case.accepted.v1", state, subject=letter.subject, sequence=5, node="33.02")
    progress = CaseProgress(event=event.body().decode())
    await routing.hear(
        "routing.letters", told("routing.case-progress.v1", progress, subject=letter.subject, node="33.02")
    )
    (row,) = await routing.sent("events.down")
    assert parse_event(row["body"]).id == event.id
    foreign = told("routing.case-progress.v1", progress, subject=letter.subject, node="33")
    with pytest.raises(Refused, match="sender-outside-link"):
        await routing.hear("routing.letters", foreign)


async def test_an_offer_from_above_is_shown_to_the_services_of_this_node_as_its_event(start: Any) -> None:
    routing = await start(service)
    letter, state = await offered_case(routing)
    await routing.hear("routing.letters", letter)
    (row,) = await routing.sent("events.down")
    event = parse_event(row["body"])
    assert (event.type, event.version, event.node) == ("routing.case.handed-over.v1", 2, "33.02.25")
    assert event.data == state
    assert "请办理".encode() not in row["body"], "what was written with it stays in the letter"
    await routing.hear("routing.on-case", event)
    assert len(await routing.rows("SELECT 1 FROM timeline")) == 1, "it tells routing nothing new"


async def test_what_comes_from_below_has_risen_already_and_is_not_shown_twice(start: Any) -> None:
    routing = await start(service, path="33.02.25")
    letter, state = await offered_case(routing)
    back = state.model_copy(
        update={
            "writer": "33.02.25", "state": "objected", "asked": "330225-xf",
            "last": state.last.model_copy(update={"action": "object", "unit": "330225100-xf"}),
        }
    )  # fmt: skip
    file = letter.data.model_copy(update={"case": back})
    objected = told("routing.case-file.v1", file, subject=letter.subject, sequence=3, node="33.02.25.100")
    await routing.hear("routing.letters", objected)
    assert await routing.sent("events.down") == []


LEADER = token("330225-xf", "33.02.25", ["leader"], subject="county.leader")


async def filed(routing: Running, case: str, kind: str, unit: str = "330225-xf", **more: Any) -> str:
    """A paper as documents tells of it."""
    paper = uuid.uuid4()
    state = PaperState(paper_id=paper, kind=kind, sha256="0" * 64, unit=unit, **{"written_at": NOW, **more})
    await routing.hear(
        "routing.on-paper", told("documents.paper.filed.v1", state, subject=uuid.UUID(case), node="33.02.25")
    )
    return str(paper)


async def test_an_opinion_needs_its_paper_and_a_second_pair_of_eyes(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await do(routing, case, "accept", version=1)
    missing = await do(routing, case, "submit", version=2, outcome="support", papers=[str(uuid.uuid4())])
    assert (missing.status_code, missing.json()["papers"]) == (422, ["opinion"])
    paper = await filed(routing, case, "opinion")
    submitted = await do(routing, case, "submit", version=2, outcome="support", papers=[paper])
    assert submitted.json()["state"] == "in-approval"
    alone = await do(routing, case, "approve", version=3)
    assert alone.status_code in {403, 409}
    approved = await do(routing, case, "approve", LEADER, version=3)
    assert approved.json()["state"] == "opinion-approved"
    (opinion,) = await routing.rows("SELECT * FROM opinions")
    assert (opinion["outcome"], opinion["approved_by"]) == ("support", "county.leader")
    # the service's own role owns the tables here: not even it can change what was approved
    for change in ("UPDATE opinions SET outcome = 'explain'", "DELETE FROM opinions", "TRUNCATE opinions"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await routing.rows(change)


async def test_a_case_is_seen_only_in_its_scope_and_never_by_the_accused(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing, accused_units=["330225-js"])
    for who, status in (
        (OFFICE, 200),
        (token("330000-xf", "33"), 200),
        (TOWN_HERE, 404),
        (token("330225-js", "33.02.25"), 404),
        (None, 401),
        (token(roles=["analyst"]), 403),
    ):
        assert (await routing.request("GET", f"{CASES}/{case}", who=who)).status_code == status
    refused = await do(routing, case, "transfer", version=1, to_unit="330225-js")
    assert refused.json()["type"] == "urn:xinqiao:problem:accused-unit"


async def test_the_answer_tells_what_may_be_done_and_why_not_the_rest(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    shown = (await routing.request("GET", f"{CASES}/{case}", who=OFFICE)).json()["actions"]
    assert {action["action"] for action in shown if action["allowed"]} >= {"transfer", "assign", "accept"}
    assert {action["action"]: action["reason"] for action in shown}["close"] == "not-in-this-state"
    superior = (await routing.request("GET", f"{CASES}/{case}", who=token("330000-xf", "33"))).json()["actions"]
    assert not any(action["allowed"] for action in superior)


@pytest.mark.parametrize("state", ["%00", "a" * 65, "%20"])
async def test_a_state_that_can_be_none_is_refused(start: Any, state: str) -> None:
    routing = await start(service, **COUNTY)
    answer = await routing.request("GET", f"{CASES}?state={state}", who=OFFICE)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "query.state")


async def test_an_objection_travels_to_the_sender_and_its_answer_back(start: Any) -> None:
    """Two nodes: the county hands over, the township objects, the county agrees and holds the case again."""
    routing = await start(service)
    letter, _ = await offered_case(routing)
    await routing.hear("routing.letters", letter)
    case = str(letter.subject)
    await do(routing, case, "receive", token(), version=2)
    objected = await do(routing, case, "object", token(), version=3, reason="not-ours", note="不属本镇职责")
    shown = objected.json()
    assert (shown["state"], shown["holder_unit"], shown["asked"]) == ("objected", "330225100-xf", "330225-xf")
    assert shown["writer"] == "33.02.25"
    sent = [row["routing_key"] for row in await routing.sent("letters")]
    assert "letter.33.02.25.routing" in sent
    waiting = await do(routing, case, "accept", token(), version=4)
    assert waiting.status_code == 409


async def test_every_clock_tells_why_it_ends_on_that_date(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    shown = (await do(routing, case, "accept", version=1)).json()
    (handling,) = [clock for clock in shown["clocks"] if clock["name"] == "handling"]
    assert handling["article"].startswith("Art 34")
    assert "60" in handling["why_zh"]
    assert handling["level"] in {"green", "yellow", "red"}
    to_do = (await routing.request("GET", "/api/routing/v1/to-do", who=OFFICE)).json()["items"]
    assert [(each["id"], each["due_at"]) for each in to_do] == [(case, shown["due_at"])]


async def test_an_incomplete_action_names_everything_that_is_missing(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing, route=None)
    refused = await do(routing, case, "screen", version=1)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:xinqiao:problem:route-missing")
    screened = await do(routing, case, "screen", version=1, route=3)
    assert (screened.json()["state"], screened.json()["procedure"]) == ("screened", "matter-31-3/1")
    assert not [clock for clock in screened.json()["clocks"] if clock["name"] == "handling"]


async def test_a_delegate_approves_while_the_leader_is_absent_and_not_after(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await do(routing, case, "accept", version=1)
    paper = await filed(routing, case, "opinion")
    await do(routing, case, "submit", version=2, outcome="explain", papers=[paper])
    deputy = token("330225-xf", "33.02.25", ["handler"], subject="county.deputy")
    assert (await do(routing, case, "approve", deputy, version=3)).status_code == 403
    now = datetime.now(UTC)
    for since, until, status in ((-9, -8, 403), (-1, 1, 200)):
        body = {
            "to_subject": "county.deputy", "since": (now + timedelta(days=since)).isoformat(),
            "until": (now + timedelta(days=until)).isoformat(),
        }  # fmt: skip
        made = await routing.request("POST", "/api/routing/v1/delegations", who=LEADER, json=body)
        assert made.status_code == 201
        assert (await do(routing, case, "approve", deputy, version=3)).status_code == status
    listed = (await routing.request("GET", "/api/routing/v1/delegations", who=LEADER)).json()
    assert [each["to_subject"] for each in listed] == ["county.deputy"]


async def test_who_is_back_ends_the_delegation_and_nobody_else_can(start: Any) -> None:
    routing = await start(service, **COUNTY)
    now = datetime.now(UTC)
    body = {
        "to_subject": "county.deputy", "since": (now - timedelta(days=1)).isoformat(),
        "until": (now + timedelta(days=9)).isoformat(),
    }  # fmt: skip
    made = (await routing.request("POST", "/api/routing/v1/delegations", who=LEADER, json=body)).json()
    path = f"/api/routing/v1/delegations/{made['id']}/end"
    other = token("330225-xf", "33.02.25", ["leader"], subject="another.leader")
    assert (await routing.request("POST", path, who=other)).status_code == 404
    for _ in range(2):
        ended = await routing.request("POST", path, who=LEADER)
        assert ended.status_code == 200
        assert datetime.fromisoformat(ended.json()["until"]) <= datetime.now(UTC)
    assert (await routing.request("GET", "/api/routing/v1/delegations", who=LEADER)).json() == []
    noted = await routing.rows("SELECT action FROM audit WHERE subject = $1 ORDER BY id", uuid.UUID(made["id"]))
    assert [row["action"] for row in noted] == ["delegate", "end-delegation", "end-delegation"]


async def test_the_timeline_tells_what_was_filled_into_the_forms(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    accepted = await do(routing, case, "accept", version=1, fields=NOTICE)
    told = {each["name"]: each for each in accepted.json()["timeline"][-1]["fields"]}
    assert told["notice_method"] == {
        "name": "notice_method", "title_zh": "书面告知方式", "title_en": "How the petitioner was told in writing",
        "value": "post", "zh": "邮寄", "en": "By post",
    }  # fmt: skip
    assert told["notice_at"]["value"] == NOTICE["notice_at"]
    assert accepted.json()["timeline"][0]["fields"] == []
    (row,) = await routing.rows("SELECT fields FROM timeline WHERE action = 'accept'")
    assert b"post" not in row["fields"]


async def test_a_recall_granted_by_the_other_node_comes_back_as_a_letter(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    await do(routing, case, "transfer", version=1, to_unit="330225100-xf")
    (row,) = await routing.rows("SELECT body FROM cases")
    back = CaseState.model_validate(row["body"]).model_copy(
        update={
            "state": "screened", "holder_unit": "330225-xf", "holder_region": "33.02.25", "writer": "33.02.25",
            "hand_over": None, "last": LastAction(action="recall", unit="330225-xf", at=NOW),
        }
    )  # fmt: skip
    stranger = told("routing.case-file.v1", CaseFile(case=back), subject=uuid.UUID(case), sequence=3, node="33.02")
    with pytest.raises(Refused, match="not-the-writer"):
        await routing.hear("routing.letters", stranger)
    letter = told("routing.case-file.v1", CaseFile(case=back), subject=uuid.UUID(case), sequence=3, node="33.02.25.100")
    await routing.hear("routing.letters", letter)
    (row,) = await routing.rows("SELECT version, holder_unit FROM cases")
    assert (row["version"], row["holder_unit"]) == (3, "330225-xf")


async def test_only_an_approval_is_written_down_as_one(start: Any) -> None:
    """A report leaves an approved opinion as it is: it makes no second one, approved by whoever reported."""
    routing = await start(service, **COUNTY)
    case = await opened(routing)
    due = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    await do(routing, case, "assign", version=1, to_unit="330225101-xf", due_at=due)
    await do(routing, case, "receive", TOWN_HERE, version=2)
    await do(routing, case, "accept", TOWN_HERE, version=3)
    paper = await filed(routing, case, "opinion", "330225101-xf")
    await do(routing, case, "submit", TOWN_HERE, version=4, outcome="support", papers=[paper])
    leader = token("330225101-xf", "33.02.25.101", ["leader"], subject="town.leader")
    assert (await do(routing, case, "approve", leader, version=5)).json()["state"] == "opinion-approved"
    reported = await do(routing, case, "report", TOWN_HERE, version=6, note="已办", fields={"result": "已清理"})
    assert (reported.status_code, reported.json()["state"]) == (200, "opinion-approved")
    assert [row["approved_by"] for row in await routing.rows("SELECT * FROM opinions")] == ["town.leader"]


async def test_a_case_is_merged_only_into_another_one_of_its_holder(start: Any) -> None:
    routing = await start(service, **COUNTY)
    case, lead = await opened(routing), await opened(routing)
    for wrong in (case, str(uuid.uuid4())):
        refused = await do(routing, case, "merge", version=1, lead=wrong)
        assert (refused.status_code, refused.json()["field"]) == (422, "lead")
    merged = await do(routing, case, "merge", version=1, lead=lead)
    assert merged.json()["merged_into"] == lead
    chained = await do(routing, lead, "merge", version=1, lead=case)
    assert chained.status_code == 409
    assert (await do(routing, case, "unmerge", version=2)).json()["merged_into"] is None
