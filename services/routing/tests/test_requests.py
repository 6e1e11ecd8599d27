"""Requests between units over HTTP, by letters between nodes, on real databases."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import httpx
import pytest
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import PetitionState
from contracts.letters import RequestCancellation, RequestStep
from contracts.speech import parse_event, parse_letter
from kit.errors import Refused
from kit.paths import lies_in
from routing.main import service
from routing.requests.store import open_support

API = "/api/routing/v1"
NOW = datetime(2026, 1, 5, tzinfo=UTC)
SOON = (datetime.now(UTC) + timedelta(days=10)).isoformat()
EVERY = ["clerk", "handler", "leader", "supervisor"]
CITY, COUNTY = token("330200-xf", "33.02", EVERY), token("330225-xf", "33.02.25", EVERY)
BUREAU, TOWN = token("330225-js", "33.02.25", EVERY), token("330225100-xf", "33.02.25.100", EVERY)
SUPERVISION = {"text": "请说明张三一件超期的原因", "reason": "overdue", "due_at": SOON}


@dataclass
class Nodes:
    """Some nodes of the tree, and the messages between them that nobody has delivered yet."""

    nodes: dict[str, Running]
    taken: dict[str, int] = field(default_factory=dict)
    under_way: list[tuple[str, str, Envelope]] = field(default_factory=list)  # (to, queue, message)

    async def collect(self) -> None:
        """Take what the outboxes hold that is new: events rise, letters go to their node."""
        for path, node in self.nodes.items():
            rows = await node.rows("SELECT * FROM outbox WHERE id > $1 ORDER BY id", self.taken.get(path, 0))
            for row in rows:
                self.taken[path] = row["id"]
                self._post(path, row)

    def _post(self, path: str, row: Any) -> None:
        if row["exchange"] == "letters":
            to = row["routing_key"].removeprefix("letter.").removesuffix(".routing")
            if to in self.nodes:
                letter = parse_letter(self.nodes[to].runtime.sealer.open(row["body"])[1])
                self.under_way.append((to, "routing.letters", letter))
            return
        event = parse_event(row["body"])
        queue = "routing.on-request" if event.type.startswith("routing.request.") else "routing.on-case"
        for to in self.nodes:
            if lies_in(path, to) if row["exchange"] == "events" else to == path:
                self.under_way.append((to, queue, event))

    async def deliver(self, order: Random | None = None, *, twice: bool = False) -> None:
        """Until nothing is under way; in the order it was sent or, as things go, in any."""
        await self.collect()
        while self.under_way:
            if order:
                order.shuffle(self.under_way)
            to, queue, message = self.under_way.pop(0)
            for _ in range(2 if twice else 1):
                await self.nodes[to].hear(queue, message)
            await self.collect()


@pytest.fixture
async def nodes(start: Any) -> Nodes:
    return Nodes({path: await start(service, path=path) for path in ("33.02", "33.02.25", "33.02.25.100")})


async def opened(nodes: Nodes, at: str = "33.02.25", unit: str = "330225-xf", **changes: Any) -> str:
    """A case held by this unit, known at its node and at those above."""
    state = PetitionState(
        number=f"XF{uuid.uuid4().hex[:12]}", region=at, unit=unit, channel="letter", kind="appeal", petitioners=1,
        received_at=NOW, registered_at=NOW, **changes,
    )  # fmt: skip
    event = told("intake.petition.registered.v1", state, subject=uuid.uuid4(), node=at)
    await nodes.nodes[at].hear("routing.on-petition-registered", event)
    await nodes.deliver()
    return str(event.subject)


async def ask(nodes: Nodes, at: str, case: str, verb: str, who: str, **body: Any) -> httpx.Response:
    return await nodes.nodes[at].request("POST", f"{API}/cases/{case}/{verb}", who=who, json=body)


async def do(nodes: Nodes, at: str, request: str, action: str, who: str, **body: Any) -> httpx.Response:
    return await nodes.nodes[at].request("POST", f"{API}/requests/{request}/{action}", who=who, json=body)


async def seen(nodes: Nodes, at: str, request: str, who: str) -> Any:
    return (await nodes.nodes[at].request("GET", f"{API}/requests/{request}", who=who)).json()


async def supervised(nodes: Nodes) -> str:
    """The city supervises the county for a case of its own."""
    case = await opened(nodes)
    sent = await ask(nodes, "33.02", case, "supervise", CITY, **SUPERVISION)
    assert sent.status_code == 201, sent.text
    return str(sent.json()["id"])


async def test_supervision_of_a_unit_at_another_node_runs_until_its_answer_is_taken(nodes: Nodes) -> None:
    request = await supervised(nodes)
    waiting = await seen(nodes, "33.02", request, CITY)
    assert (waiting["status"], waiting["status_en"], waiting["level"]) == ("sent", "sent, not yet received", "green")
    await nodes.deliver()
    await do(nodes, "33.02.25", request, "receive", COUNTY, version=1)
    await do(nodes, "33.02.25", request, "answer", COUNTY, version=2, text="因李四未到场而延期")
    await nodes.deliver()
    await do(nodes, "33.02", request, "return", CITY, version=3, text="理由不充分")
    await nodes.deliver()
    await do(nodes, "33.02.25", request, "answer", COUNTY, version=4, text="已补充材料")
    await nodes.deliver()
    closed = await do(nodes, "33.02", request, "close", CITY, version=5)
    await nodes.deliver()
    assert closed.json()["status"] == "closed"
    for at, who in (("33.02", CITY), ("33.02.25", COUNTY)):
        known = await seen(nodes, at, request, who)
        assert [step["action"] for step in known["steps"]] == ["send", "receive", "answer", "return", "answer", "close"]
        assert [step["text"] for step in known["steps"]] == [
            SUPERVISION["text"], None, "因李四未到场而延期", "理由不充分", "已补充材料", None,
        ]  # fmt: skip
        assert (known["status"], known["version"], known["round"]) == ("closed", 6, 2)


async def test_what_is_asked_and_answered_is_in_no_event_and_lies_encrypted(nodes: Nodes) -> None:
    request = await supervised(nodes)
    city = nodes.nodes["33.02"]
    (letter,) = await city.sent("letters")
    assert letter["routing_key"] == "letter.33.02.25.routing"
    rows = [*await city.sent("events"), letter, *await city.rows("SELECT text AS body FROM request_steps")]
    assert all("张三".encode() not in row["body"] for row in rows)
    (event,) = [event for event in await city.events() if event.type == "routing.request.sent.v1"]
    assert (str(event.data.id), event.data.status, event.data.reason) == (request, "sent", "overdue")


@pytest.mark.parametrize("seed", range(6))
async def test_letters_late_twice_and_in_any_order_leave_all_nodes_agreed(nodes: Nodes, seed: int) -> None:
    order = Random(seed)
    request = await supervised(nodes)
    for _ in range(4):
        for at, who in (("33.02", CITY), ("33.02.25", COUNTY)):
            known = await seen(nodes, at, request, who)
            doable = [action["action"] for action in known.get("actions", []) if action["allowed"]]
            if doable:
                action = order.choice(doable)
                text = {"text": "说明"} if action in {"answer", "return"} else {}
                done = await do(nodes, at, request, action, who, version=known["version"], **text)
                assert done.status_code == 200, done.text
        if order.random() < 0.5:
            await nodes.deliver(order, twice=True)
    await nodes.deliver(order, twice=True)
    versions = [(await seen(nodes, at, request, who)) for at, who in (("33.02", CITY), ("33.02.25", COUNTY))]
    assert len({(known["version"], known["status"]) for known in versions}) == 1
    steps = [[(step["version"], step["action"], step["text"]) for step in known["steps"]] for known in versions]
    assert steps[0] == steps[1]


async def test_a_cancellation_that_overtakes_its_request_wins(nodes: Nodes) -> None:
    request = await supervised(nodes)
    asked = await do(nodes, "33.02", request, "cancel", CITY, version=1)
    assert (asked.json()["status"], asked.json()["cancel_asked"]) == ("sent", True)
    await nodes.collect()
    nodes.under_way.reverse()
    await nodes.deliver()
    for at, who in (("33.02", CITY), ("33.02.25", COUNTY)):
        known = await seen(nodes, at, request, who)
        assert (known["status"], known["version"], known["cancel_asked"]) == ("cancelled", 2, False)


async def test_an_answer_that_crosses_a_cancellation_stands(nodes: Nodes) -> None:
    request = await supervised(nodes)
    await nodes.deliver()
    await do(nodes, "33.02", request, "cancel", CITY, version=1)
    await do(nodes, "33.02.25", request, "receive", COUNTY, version=1)
    await do(nodes, "33.02.25", request, "answer", COUNTY, version=2, text="已办")
    await nodes.deliver()
    for at, who in (("33.02", CITY), ("33.02.25", COUNTY)):
        assert (await seen(nodes, at, request, who))["status"] == "answered"


async def test_a_request_between_units_of_one_node_is_cancelled_at_once(nodes: Nodes) -> None:
    case = await opened(nodes)
    sent = (await ask(nodes, "33.02.25", case, "ask-support", COUNTY, text="请协助", to_units=["330225-js"])).json()[0]
    cancelled = await do(nodes, "33.02.25", sent["id"], "cancel", COUNTY, version=1)
    assert (cancelled.json()["status"], cancelled.json()["version"]) == ("cancelled", 2)
    assert not await nodes.nodes["33.02.25"].sent("letters")


async def test_support_is_open_until_each_answer_is_taken(nodes: Nodes) -> None:
    case = await opened(nodes)
    units = ["330225-js", "330225100-xf", "330225-js"]
    sent = await ask(nodes, "33.02.25", case, "ask-support", COUNTY, text="请协助核实", to_units=units)
    assert [each["to_unit"] for each in sent.json()] == ["330225-js", "330225100-xf"]
    await nodes.deliver()
    at_unit = {"330225-js": ("33.02.25", BUREAU), "330225100-xf": ("33.02.25.100", TOWN)}
    for each in sent.json():
        at, who = at_unit[each["to_unit"]]
        assert await still_open(nodes, case)
        await do(nodes, at, each["id"], "receive", who, version=1)
        answered = await do(nodes, at, each["id"], "answer", who, version=2, text="情况属实")
        assert answered.json()["status"] == "answered"
        await nodes.deliver()
        await do(nodes, "33.02.25", each["id"], "close", COUNTY, version=3)
    assert not await still_open(nodes, case)


async def still_open(nodes: Nodes, case: str) -> list[str]:
    async with nodes.nodes["33.02.25"].runtime.database.transaction() as session:
        return [support.to_unit for support in await open_support(session, uuid.UUID(case))]


async def test_support_across_the_tree_is_known_to_the_nodes_above_both_units(nodes: Nodes) -> None:
    case = await opened(nodes, "33.02.25.100", "330225100-xf")
    sent = await ask(nodes, "33.02.25.100", case, "ask-support", TOWN, text="请协助", to_units=["330226-xf"])
    request = sent.json()[0]["id"]
    await nodes.deliver()
    other = token("330226-xf", "33.02.26", EVERY)
    await do(nodes, "33.02", request, "receive", other, version=1)
    await do(nodes, "33.02", request, "answer", other, version=2, text="已核实")
    await nodes.deliver()
    between = await seen(nodes, "33.02.25", request, COUNTY)
    assert (between["status"], [step["text"] for step in between["steps"]]) == ("answered", [None, None, None])
    asker = await seen(nodes, "33.02.25.100", request, TOWN)
    assert [step["text"] for step in asker["steps"]] == ["请协助", None, "已核实"]


async def test_a_suggestion_goes_up_and_is_answered_with_its_adoption(nodes: Nodes) -> None:
    case = await opened(nodes)
    body = {"text": "建议完善补偿办法", "suggestion": "improve-policy", "due_at": SOON, "to_unit": "330200-xf"}
    request = (await ask(nodes, "33.02.25", case, "suggest", COUNTY, **body)).json()["id"]
    await nodes.deliver()
    await do(nodes, "33.02", request, "receive", CITY, version=1)
    bare = await do(nodes, "33.02", request, "answer", CITY, version=2, text="已研究")
    assert (bare.status_code, bare.json()["type"]) == (422, "urn:xinqiao:problem:adoption-missing")
    await do(nodes, "33.02", request, "answer", CITY, version=2, text="部分条款采纳", adoption="partly")
    await nodes.deliver()
    assert (await seen(nodes, "33.02.25", request, COUNTY))["adoption"] == "partly"


async def test_nothing_is_asked_of_the_accused_and_they_see_nothing(nodes: Nodes) -> None:
    case = await opened(nodes, accused_units=["330225-js"])
    for unit in ("330225-js", "330225100-xf"):  # the unit, and one below it
        refused = await ask(nodes, "33.02.25", case, "ask-support", COUNTY, text="请协助", to_units=[unit])
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:xinqiao:problem:accused-unit")
    request = (await ask(nodes, "33.02", case, "supervise", CITY, **SUPERVISION)).json()["id"]
    await nodes.deliver()
    assert (await seen(nodes, "33.02.25", request, BUREAU))["status"] == 404
    listed = await nodes.nodes["33.02.25"].request("GET", f"{API}/cases/{case}/requests", who=BUREAU)
    assert listed.status_code == 404
    assert (await seen(nodes, "33.02.25", request, COUNTY))["status"] == "sent"


@pytest.mark.parametrize(
    ("who", "verb", "slug"),
    [
        (token("330226-xf", "33.02.26", EVERY), "urge", "not-found"),
        (TOWN, "urge", "not-found"),
        (token("330200-xf", "33.02", ["clerk"]), "supervise", "not-allowed"),
        (token("330200-xf", "33.02", ["supervisor"]), "instruct", "not-allowed"),
        (CITY, "ask-support", "not-the-holder"),
    ],
)
async def test_who_may_not_ask_is_refused(nodes: Nodes, who: str, verb: str, slug: str) -> None:
    case = await opened(nodes)
    more: dict[str, dict[str, Any]] = {
        "supervise": SUPERVISION,
        "ask-support": {"text": "请", "to_units": ["330225-js"]},
    }
    refused = await ask(nodes, "33.02", case, verb, who, **more.get(verb, {"text": "请抓紧"}))
    assert refused.json()["type"] == f"urn:xinqiao:problem:{slug}"


async def test_the_register_shows_what_is_asked_of_a_unit_and_by_it_in_its_own_subtree(nodes: Nodes) -> None:
    case = await opened(nodes)
    for text in ("一", "二", "三"):
        await ask(nodes, "33.02", case, "urge", CITY, text=text)
    await ask(nodes, "33.02", case, "supervise", CITY, **SUPERVISION)
    await nodes.deliver()

    async def listed(at: str, who: str, query: str = "") -> Any:
        return (await nodes.nodes[at].request("GET", f"{API}/requests?{query}", who=who)).json()

    assert len((await listed("33.02.25", COUNTY, "direction=in"))["items"]) == 4
    assert (await listed("33.02.25", COUNTY, "direction=out"))["items"] == []
    assert [row["kind"] for row in (await listed("33.02", CITY, "direction=out&kind=supervise"))["items"]] == [
        "supervise"
    ]
    assert (await listed("33.02", token("330226-xf", "33.02.26", EVERY)))["items"] == []
    first = await listed("33.02", CITY, "limit=3&status=sent")
    rest = await listed("33.02", CITY, f"limit=3&status=sent&cursor={first['next']}")
    assert len({row["id"] for row in first["items"] + rest["items"]}) == 4
    assert rest["next"] is None


async def test_what_is_not_answered_in_time_is_overdue_and_red(start: Any) -> None:
    nodes = Nodes({"33.02.25": await start(service, path="33.02.25")})
    case = await opened(nodes)
    await ask(nodes, "33.02.25", case, "supervise", CITY, **SUPERVISION)
    county = nodes.nodes["33.02.25"]
    await county.rows("UPDATE requests SET due_at = $1, body = jsonb_set(body, '{due_at}', $2)",
                      NOW, '"2026-01-05T00:00:00Z"')  # fmt: skip
    for overdue, levels in (("true", ["red"]), ("false", [])):
        rows = (await county.request("GET", f"{API}/requests?overdue={overdue}", who=COUNTY)).json()["items"]
        assert [row["level"] for row in rows] == levels


async def test_an_old_version_and_a_step_out_of_turn_are_refused_with_what_is_allowed(nodes: Nodes) -> None:
    request = await supervised(nodes)
    await nodes.deliver()
    early = await do(nodes, "33.02.25", request, "answer", COUNTY, version=1, text="已办")
    assert (early.status_code, early.json()["allowed"]) == (409, ["receive"])
    await do(nodes, "33.02.25", request, "receive", COUNTY, version=1)
    stale = await do(nodes, "33.02.25", request, "receive", COUNTY, version=1)
    assert (stale.json()["type"], stale.json()["current_version"]) == ("urn:xinqiao:problem:version-conflict", 2)
    foreign = await do(nodes, "33.02.25", request, "answer", BUREAU, version=2, text="已办")
    assert foreign.json()["type"] == "urn:xinqiao:problem:not-your-request"


async def test_a_request_to_a_unit_the_node_does_not_have_ends_by_itself(nodes: Nodes) -> None:
    await supervised(nodes)
    await nodes.collect()
    (letter,) = [message for to, queue, message in nodes.under_way if queue == "routing.letters"]
    event = parse_event(letter.data.event.encode())
    elsewhere = event.model_copy(update={"data": event.data.model_copy(update={"to_unit": "330225-gone"})})
    step = RequestStep(event=elsewhere.body().decode(), text="请")
    county = nodes.nodes["33.02.25"]
    await county.hear("routing.letters", letter.model_copy(update={"data": step}))
    assert (await county.events())[-1].data.last.reason == "unknown-unit"


async def test_a_node_without_the_right_to_write_or_to_cancel_is_refused(nodes: Nodes) -> None:
    request = await supervised(nodes)
    await nodes.deliver()
    county = nodes.nodes["33.02.25"]
    (sent,) = [event for event in await nodes.nodes["33.02"].events() if event.type == "routing.request.sent.v1"]
    forged = sent.model_copy(
        update={
            "source": "/nodes/33/routing",
            "sequence": "2",
            "data": sent.data.model_copy(update={"status": "closed"}),
        }
    )
    with pytest.raises(Refused, match="not-the-writer"):
        await county.hear("routing.on-request", forged)
    out_of_turn = sent.model_copy(update={"sequence": "2"})
    with pytest.raises(Refused, match="not-the-writer"):
        await county.hear("routing.on-request", out_of_turn)
    wish = RequestCancellation(request=uuid.UUID(request), round=1)
    stolen = told("routing.request-cancellation.v1", wish, subject=sent.subject, node="33")
    with pytest.raises(Refused, match="not-the-writer"):
        await county.hear("routing.letters", stolen)
    assert (await seen(nodes, "33.02.25", request, COUNTY))["version"] == 1
