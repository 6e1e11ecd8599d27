"""What came of a case reaches the units that handed it on, with its words: sealed, by letter, and never by event."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import pytest
from services.routing.tests.test_requests import Nodes
from tests.support.nodes import token
from tests.support.running import told

from contracts.events import PaperState, PetitionState
from contracts.letters import CaseProgress
from contracts.speech import parse_event
from kit.errors import Refused
from routing.main import service

CASES = "/api/routing/v1/cases"
NOW = datetime.now(UTC)
EVERY = ["clerk", "handler", "leader", "supervisor"]
CITY_AT, COUNTY_AT, TOWN_AT = "33.02", "33.02.25", "33.02.25.100"
CITY, COUNTY = token("330200-xf", CITY_AT, EVERY), token("330225-xf", COUNTY_AT, EVERY)
TOWN = token("330225100-xf", TOWN_AT, EVERY)
BOSS = token("330225100-xf", TOWN_AT, ["leader"], subject="boss")
BESIDE = token("330226-xf", "33.02.26", EVERY)
WORDS = "已为张某补发三个月工资"
Do = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
async def nodes(start: Any) -> Nodes:
    return Nodes({path: await start(service, path=path) for path in (CITY_AT, COUNTY_AT, TOWN_AT)})


async def opened(nodes: Nodes, at: str = COUNTY_AT, unit: str = "330225-xf") -> str:
    state = PetitionState(
        number=f"XF{uuid.uuid4().hex[:12]}", region=at, unit=unit, channel="letter", kind="appeal", petitioners=1,
        received_at=NOW, registered_at=NOW, route=6,
    )  # fmt: skip
    event = told("intake.petition.registered.v1", state, subject=uuid.uuid4(), node=at)
    await nodes.nodes[at].hear("routing.on-petition-registered", event)
    await nodes.deliver()
    return str(event.subject)


@pytest.fixture
def do(nodes: Nodes) -> Do:
    """An action on a case at a node, on the version that is there; then all messages arrive."""

    async def done(at: str, case: str, action: str, who: str, **body: Any) -> httpx.Response:
        (row,) = await nodes.nodes[at].rows("SELECT version FROM cases WHERE id = $1", uuid.UUID(case))
        answer = await nodes.nodes[at].request(
            "POST", f"{CASES}/{case}/{action}", who=who, json={"version": row["version"], **body}
        )
        await nodes.deliver(Random(case + action), twice=True)
        return answer

    return done


@pytest.fixture
async def assigned(nodes: Nodes, do: Do) -> str:
    """By the county to the township, which has it."""
    case = await opened(nodes)
    due = (NOW + timedelta(days=30)).isoformat()
    assert (await do(COUNTY_AT, case, "assign", COUNTY, to_unit="330225100-xf", due_at=due)).is_success
    assert (await do(TOWN_AT, case, "receive", TOWN)).is_success
    return case


async def filed(nodes: Nodes, case: str, kind: str) -> str:
    state = PaperState(
        paper_id=uuid.uuid4(), kind=kind, sha256="0" * 64, unit="330225100-xf", written_at=datetime.now(UTC)
    )
    event = told("documents.paper.filed.v1", state, subject=uuid.UUID(case), node=TOWN_AT)
    await nodes.nodes[TOWN_AT].hear("routing.on-paper", event)
    return str(state.paper_id)


async def last_line(nodes: Nodes, at: str, case: str, who: str, action: str) -> tuple[str | None, dict[str, Any]]:
    """The note and the fields of an action, as the timeline at this node has them."""
    shown = (await nodes.nodes[at].request("GET", f"{CASES}/{case}", who=who)).json()
    line = next(step for step in reversed(shown["timeline"]) if step["action"] == action)
    return line["note"], {field["name"]: field["value"] for field in line["fields"]}


async def in_events(nodes: Nodes, words: str) -> list[str]:
    rows = [row for node in nodes.nodes.values() for row in await node.rows("SELECT * FROM outbox")]
    return [row["routing_key"] for row in rows if words.encode() in row["body"]]


async def test_the_result_of_an_assigned_case_reaches_the_unit_that_assigned_it(
    nodes: Nodes, do: Do, assigned: str
) -> None:
    told_so = {"notice_method": "post", "notice_at": datetime.now(UTC).isoformat()}
    await do(TOWN_AT, assigned, "accept", TOWN, fields=told_so)
    paper = await filed(nodes, assigned, "opinion")
    await do(TOWN_AT, assigned, "submit", TOWN, outcome="support", papers=[paper])
    assert (await do(TOWN_AT, assigned, "approve", BOSS)).json()["state"] == "opinion-approved"
    bare = await do(TOWN_AT, assigned, "report", TOWN)
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (422, "fields/result")
    reported = await do(TOWN_AT, assigned, "report", TOWN, note="附材料三份", fields={"result": WORDS})
    assert reported.is_success, reported.text
    assert await last_line(nodes, COUNTY_AT, assigned, COUNTY, "report") == ("附材料三份", {"result": WORDS})
    assert await last_line(nodes, TOWN_AT, assigned, TOWN, "report") == ("附材料三份", {"result": WORDS})
    # the city had no part in it: it follows the case by its events, which have no words
    assert await last_line(nodes, CITY_AT, assigned, CITY, "report") == (None, {})
    assert not await in_events(nodes, WORDS)
    (row,) = await nodes.nodes[COUNTY_AT].rows("SELECT fields FROM timeline WHERE action = 'report'")
    assert WORDS.encode() not in row["fields"]


@pytest.mark.parametrize(
    ("action", "fields"),
    [("answer", {"answer": WORDS}), ("decline", {"reason": "other", "notice_method": "post"})],
)
async def test_so_does_an_answer_and_why_a_petition_is_declined(
    nodes: Nodes, do: Do, assigned: str, action: str, fields: dict[str, str]
) -> None:
    await filed(nodes, assigned, "decline-notice")
    if action == "decline":
        fields = {**fields, "notice_at": datetime.now(UTC).isoformat()}
    ended = await do(TOWN_AT, assigned, action, TOWN, note="详见附件", fields=fields)
    assert ended.is_success, ended.text
    assert await last_line(nodes, COUNTY_AT, assigned, COUNTY, action) == ("详见附件", fields)
    assert not await in_events(nodes, "详见附件")


async def test_what_a_unit_objects_with_reaches_the_sender_and_why_it_refuses_all_that_handed_the_case_on(
    nodes: Nodes, do: Do
) -> None:
    case = await opened(nodes, CITY_AT, "330200-xf")
    await do(CITY_AT, case, "transfer", CITY, to_unit="330225-xf")
    await do(COUNTY_AT, case, "receive", COUNTY)
    await do(COUNTY_AT, case, "transfer", COUNTY, to_unit="330225100-xf")
    await do(TOWN_AT, case, "receive", TOWN)
    await do(TOWN_AT, case, "object", TOWN, reason="not-ours", note="不属本镇", fields={"proposed_unit": "县住建局"})
    assert await last_line(nodes, COUNTY_AT, case, COUNTY, "object") == ("不属本镇", {"proposed_unit": "县住建局"})
    await do(COUNTY_AT, case, "refuse-objection", COUNTY, note="事发地在本镇")
    for at, who in ((TOWN_AT, TOWN), (CITY_AT, CITY)):
        assert (await last_line(nodes, at, case, who, "refuse-objection"))[0] == "事发地在本镇"


async def test_who_loses_a_dispute_reads_why(nodes: Nodes, do: Do) -> None:
    case = await opened(nodes)
    await do(COUNTY_AT, case, "transfer", COUNTY, to_unit="330226-xf")
    await do(CITY_AT, case, "receive", BESIDE)
    await do(CITY_AT, case, "object", BESIDE, reason="not-ours", note="不属本县")
    await do(COUNTY_AT, case, "agree-objection", COUNTY)
    disputed = await do(COUNTY_AT, case, "transfer", COUNTY, to_unit="330226-xf")
    assert disputed.json()["state"] == "disputed", disputed.text
    settled = await do(CITY_AT, case, "arbitrate", CITY, to_unit="330226-xf", note="以事发地为准")
    assert settled.is_success, settled.text
    assert await last_line(nodes, COUNTY_AT, case, COUNTY, "arbitrate") == ("以事发地为准", {})


async def test_nobody_else_can_put_words_into_the_timeline(nodes: Nodes, do: Do, assigned: str) -> None:
    county = nodes.nodes[COUNTY_AT]
    await do(TOWN_AT, assigned, "answer", TOWN, fields={"answer": WORDS})
    (answered,) = [
        row["body"].decode()
        for row in await nodes.nodes[TOWN_AT].sent()
        if row["routing_key"] == "routing.case.answered.v1"
    ]
    # by a node that had no part in it, and of what this node did itself
    by_another = answered.replace(f"/nodes/{TOWN_AT}/", "/nodes/33.02.26/")
    of_own = (await _own(nodes)).replace(f"/nodes/{COUNTY_AT}/", f"/nodes/{TOWN_AT}/")
    for body in (by_another, of_own):
        event = parse_event(body.encode())
        letter = told(
            "routing.case-progress.v1", CaseProgress(event=body, note="捏造"), subject=event.subject,
            sequence=event.version, node=event.node,
        )  # fmt: skip
        with pytest.raises(Refused, match="not-the-writer"):
            await county.hear("routing.letters", letter)


async def _own(nodes: Nodes) -> str:
    """The event of the assignment, which the county wrote."""
    rows = await nodes.nodes[COUNTY_AT].sent()
    return next(str(row["body"].decode()) for row in rows if row["routing_key"] == "routing.case.handed-over.v1")
