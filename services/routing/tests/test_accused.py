"""What accuses a unit is kept from it and those below it (Art 30): by every route, from the first version on."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from deploy.bench.plans import plan_of
from services.routing.tests.test_proposals import warned
from services.routing.tests.test_requests import Nodes
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.events import PetitionState
from contracts.speech import parse_event
from routing import store
from routing.main import service

API = "/api/routing/v1"
NOW = datetime.now(UTC)
SOON = (NOW + timedelta(days=10)).isoformat()
EVERY = ["clerk", "handler", "leader", "supervisor"]
COUNTY, BUREAU = token("330225-xf", "33.02.25", EVERY), token("330225-js", "33.02.25", EVERY)
BELOW = token("330225101-xf", "33.02.25", EVERY)  # may read the whole county, as some accounts do
TOWN = token("330225100-xf", "33.02.25.100", EVERY)


def registered(node: str, unit: str, region: str, *accused: str) -> Any:
    state = PetitionState(
        number=f"XF{uuid.uuid4().hex[:12]}", region=region, unit=unit, channel="letter", kind="appeal", route=6,
        petitioners=1, received_at=NOW, registered_at=NOW, accused_units=list(accused),
    )  # fmt: skip
    return told("intake.petition.registered.v1", state, subject=uuid.uuid4(), node=node)


async def known_of(routing: Running, who: str, case: str, request: str) -> list[str]:
    """The routes by which this caller learns anything of the case."""
    paths = ("cases", "to-do", "requests", "proposals", f"cases/{case}", f"cases/{case}/actions",
             f"cases/{case}/requests", f"requests/{request}")  # fmt: skip
    answers = {path: await routing.request("GET", f"{API}/{path}", who=who) for path in paths}
    assert {answer.status_code for answer in answers.values()} <= {200, 404}
    # only of what is named in the address is it said that it is not found; lists are empty
    told_by = {path: case in answer.text or (case in path and answer.is_success) for path, answer in answers.items()}
    return [path for path, told in told_by.items() if told]


@pytest.mark.parametrize("accused", [(), ("330225-js",)])
async def test_no_route_tells_the_accused_unit_or_one_below_it(start: Any, accused: tuple[str, ...]) -> None:
    routing = await start(service, path="33.02.25")
    event = registered("33.02.25", "330225-xf", "33.02.25", *accused)
    case = str(event.subject)
    await routing.hear("routing.on-petition-registered", event)
    (opened,) = [parse_event(row["body"]) for row in await routing.sent() if row["routing_key"].endswith("opened.v1")]
    await routing.hear("routing.on-trigger", warned(opened))
    asked = await routing.request(
        "POST", f"{API}/cases/{case}/instruct", who=COUNTY, json={"text": "请尽快办理", "wants_answer": True}
    )
    request = asked.json()["id"]
    # the proposal is to others than the holder
    assert len(await known_of(routing, COUNTY, case, request)) == 7
    for who in (BUREAU, BELOW):
        known = await known_of(routing, who, case, request)
        assert bool(known) is (not accused), known
        for verb, body in (("transfer", {"version": 1, "to_unit": "330226-xf"}), ("urge", {"text": "请办理"})):
            answer = await routing.request("POST", f"{API}/cases/{case}/{verb}", who=who, json=body)
            assert (answer.status_code == 404) is bool(accused), answer.text


async def test_every_target_is_refused_by_the_rule_where_the_caller_knows_of_the_case(start: Any) -> None:
    routing = await start(service, path="33.02.25")
    event = registered("33.02.25", "330225-xf", "33.02.25", "330225-js")
    case = str(event.subject)
    await routing.hear("routing.on-petition-registered", event)
    for unit in ("330225-js", "330225100-xf", "330225101-xf"):
        bodies: dict[str, dict[str, Any]] = {
            "transfer": {"version": 1, "to_unit": unit},
            "assign": {"version": 1, "to_unit": unit, "due_at": SOON},
            "ask-support": {"text": "请协助", "to_units": [unit], "due_at": SOON},
            "suggest": {"text": "请改进", "suggestion": "improve-work", "to_unit": unit, "due_at": SOON},
        }
        for verb, body in bodies.items():
            answer = await routing.request("POST", f"{API}/cases/{case}/{verb}", who=COUNTY, json=body)
            problem = answer.json()
            assert (answer.status_code, problem["type"]) == (403, "urn:xinqiao:problem:accused-unit"), answer.text
            assert problem["rule"] == "Art 30"
    beside = await routing.request(
        "POST", f"{API}/cases/{case}/transfer", who=COUNTY, json={"version": 1, "to_unit": "330226-xf"}
    )
    assert beside.status_code == 200, beside.text


@pytest.fixture
async def nodes(start: Any) -> Nodes:
    return Nodes({path: await start(service, path=path) for path in ("33.02", "33.02.25", "33.02.25.100")})


async def test_what_accuses_the_registering_unit_opens_at_the_node_of_its_superior(nodes: Nodes) -> None:
    township, county = nodes.nodes["33.02.25.100"], nodes.nodes["33.02.25"]
    event = registered(
        "33.02.25.100", "330225100-cj", "33.02.25.100", "330225100-xf"
    )  # an office has its station below
    case = f"{API}/cases/{event.subject}"
    await township.hear("routing.on-petition-registered", event)
    await nodes.deliver(twice=True)
    shown = (await county.request("GET", case, who=COUNTY)).json()
    assert (shown["holder_unit"], shown["writer"], shown["state"]) == ("330225-xf", "33.02.25", "screened")
    assert (shown["registered_region"], [step["action"] for step in shown["timeline"]]) == ("33.02.25.100", ["open"])
    assert {clock["name"] for clock in shown["clocks"]} == {"office-decision"}
    for who in (TOWN, token("330225100-cj", "33.02.25.100", EVERY)):
        assert (await township.request("GET", case, who=who)).status_code == 404
    sent = await county.request("POST", f"{case}/transfer", who=COUNTY, json={"version": 1, "to_unit": "330226-xf"})
    assert sent.json()["state"] == "offered", sent.text
    await nodes.deliver()
    # the registering node still follows it, for the petitioner who asks there
    (replica,) = await township.rows("SELECT state, writer FROM cases")
    assert tuple(replica) == ("offered", "33.02")


async def test_what_accuses_a_unit_beside_it_the_registering_unit_holds_itself(nodes: Nodes) -> None:
    township = nodes.nodes["33.02.25.100"]
    event = registered("33.02.25.100", "330225100-xf", "33.02.25.100", "330225100-cj")
    await township.hear("routing.on-petition-registered", event)
    shown = (await township.request("GET", f"{API}/cases/{event.subject}", who=TOWN)).json()
    assert (shown["holder_unit"], shown["writer"]) == ("330225100-xf", "33.02.25.100")


# one in ten accuses somebody, one in a hundred the unit that asks or one above it; a unit has a hundred above it
FILL = """
INSERT INTO cases (id, version, number, state, holder_unit, writer, open, accused_units, body)
SELECT (lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'SYN' || n, 'received',
  CASE WHEN n % 50 = 0 THEN 'asks' ELSE 'unit' || n % 40 END, '33.02.25', n % 5 = 0,
  CASE WHEN n % 100 = 0 THEN ARRAY['above' || n % 30] WHEN n % 10 = 0 THEN ARRAY['another' || n % 200] ELSE '{}' END,
  '{}'
FROM generate_series(1, 40000) AS n
"""
SCOPES = "INSERT INTO case_scopes (scope, case_id) SELECT scope, id FROM cases, unnest(ARRAY['33', '33.02']) AS scope"
LINE = ["asks", *(f"above{n}" for n in range(100))]


async def test_lists_are_read_by_their_index_however_many_units_are_above(start: Any) -> None:
    routing = await start(service, path="33.02")
    for statement in (FILL, SCOPES, "ANALYZE cases, case_scopes"):
        await routing.rows(statement)
    dsn = routing.runtime.settings.database.dsn("routing")
    plans = [
        await plan_of(dsn, lambda session: store.to_do(session, LINE, 50)),
        await plan_of(
            dsn, lambda session: store.page(session, "33.02", LINE, before=None, limit=50, state=None, mine=False)
        ),
    ]
    for plan, index in zip(plans, ("ix_cases_to_do", "pk_case_scopes"), strict=True):
        assert index in plan, plan
        assert "Seq Scan" not in plan, plan
    async with routing.runtime.database.transaction() as session:
        rows = await store.page(session, "33.02", LINE, before=None, limit=50, state=None, mine=False)
        assert len(rows) == 51
        assert not any(set(row.accused_units) & set(LINE) for row in rows)
