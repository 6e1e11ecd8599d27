"""What is learned of a petition only when it is screened: what it is (Art 29 to 31), and whom it accuses (Art 30)."""

import uuid
from random import Random
from typing import Any

import httpx
import pytest
from services.routing.tests.test_accused import BUREAU, COUNTY, EVERY, TOWN, known_of, registered
from services.routing.tests.test_requests import Nodes
from tests.support.nodes import token
from tests.support.running import Running

from contracts.events import CaseState
from routing.main import service

CASES = "/api/routing/v1/cases"
CITY = token("330200-xf", "33.02", EVERY)
COUNTY_AT, TOWN_AT = "33.02.25", "33.02.25.100"


async def opened(routing: Running, unit: str, *accused: str) -> str:
    event = registered(routing.runtime.node, unit, routing.runtime.node, *accused)
    await routing.hear("routing.on-petition-registered", event)
    return str(event.subject)


async def screen(routing: Running, case: str, who: str, version: int = 1, **body: Any) -> httpx.Response:
    return await routing.request("POST", f"{CASES}/{case}/screen", who=who, json={"version": version, **body})


async def test_screening_may_correct_what_it_is_and_says_what_it_was(start: Any) -> None:
    routing = await start(service, path=COUNTY_AT)
    case = await opened(routing, "330225-xf")
    shown = (await screen(routing, case, COUNTY, kind="accusation")).json()
    assert (shown["kind"], shown["route"], shown["procedure"]) == ("accusation", None, "accusation/1")
    assert shown["timeline"][-1]["reason"] == "was-appeal"
    with_route = await screen(routing, case, COUNTY, 2, kind="suggestion", route=6)
    assert with_route.json()["type"] == "urn:xinqiao:problem:route-of-no-appeal"
    without = await screen(routing, case, COUNTY, 2, kind="appeal")
    assert without.json()["type"] == "urn:xinqiao:problem:route-missing"
    back = (await screen(routing, case, COUNTY, 2, kind="appeal", route=6)).json()
    assert (back["kind"], back["procedure"]) == ("appeal", "ordinary-petition/1")
    (event,) = [each for each in await routing.events() if each.type == "routing.case.screened.v1"][1:]
    assert isinstance(event.data, CaseState)
    assert (event.data.kind, event.data.last.reason) == ("appeal", "was-accusation")


async def test_whom_it_accuses_is_only_ever_added_to(start: Any) -> None:
    routing = await start(service, path=COUNTY_AT)
    case = await opened(routing, "330225-xf", "330226-xf")
    request = await routing.request("POST", f"{CASES}/{case}/instruct", who=COUNTY, json={"text": "请办理"})
    assert await known_of(routing, BUREAU, case, request.json()["id"])
    nobody = await screen(routing, case, COUNTY, route=6, accused_units=["330225-no"])
    assert (nobody.status_code, nobody.json()["field"]) == (422, "accused_units")
    shown = (await screen(routing, case, COUNTY, route=6, accused_units=["330225-js", "330226-xf"])).json()
    assert (shown["accused_units"], shown["holder_unit"]) == (["330226-xf", "330225-js"], "330225-xf")
    assert (await screen(routing, case, COUNTY, 2, route=6)).json()["accused_units"] == ["330226-xf", "330225-js"]
    assert not await known_of(routing, BUREAU, case, request.json()["id"])
    handed = await routing.request(
        "POST", f"{CASES}/{case}/transfer", who=COUNTY, json={"version": 3, "to_unit": "330225-js"}
    )
    assert handed.json()["type"] == "urn:xinqiao:problem:accused-unit"


@pytest.fixture
async def nodes(start: Any) -> Nodes:
    return Nodes({path: await start(service, path=path) for path in ("33.02", COUNTY_AT, TOWN_AT)})


@pytest.mark.parametrize("seed", range(3))
async def test_a_holder_that_turns_out_to_be_accused_loses_it_to_the_unit_above(nodes: Nodes, seed: int) -> None:
    town, county = nodes.nodes[TOWN_AT], nodes.nodes[COUNTY_AT]
    case = await opened(town, "330225100-xf")
    await nodes.deliver()
    screened = await screen(town, case, TOWN, kind="accusation", accused_units=["330225100-xf"], note="举报本办")
    assert screened.is_success, screened.text
    await nodes.deliver(Random(seed), twice=True)
    for who in (TOWN, token("330225100-cj", TOWN_AT, EVERY)):
        assert (await town.request("GET", f"{CASES}/{case}", who=who)).status_code == 404
    shown = (await county.request("GET", f"{CASES}/{case}", who=COUNTY)).json()
    assert (shown["holder_unit"], shown["writer"], shown["state"]) == ("330225-xf", COUNTY_AT, "screened")
    assert shown["timeline"][-1]["note"] == "举报本办"
    again = await screen(county, case, COUNTY, 2)
    assert again.is_success, again.text
    await nodes.deliver(Random(seed))
    for node in nodes.nodes.values():
        (row,) = await node.rows("SELECT version, writer, accused_units FROM cases")
        assert tuple(row) == (3, COUNTY_AT, ["330225100-xf"])


async def test_a_replica_is_kept_from_whom_the_case_turns_out_to_accuse(nodes: Nodes) -> None:
    town, city = nodes.nodes[TOWN_AT], nodes.nodes["33.02"]
    case = await opened(town, "330225100-xf")
    await nodes.deliver()
    county_there = token("330225-xf", "33.02", EVERY)  # may read the whole city, as some accounts do
    assert (await city.request("GET", f"{CASES}/{case}", who=county_there)).is_success
    # the township lies below the county: the next unit that may hold it is the city's
    assert (await screen(town, case, TOWN, route=6, accused_units=["330225-xf"])).is_success
    await nodes.deliver(twice=True)
    assert (await city.request("GET", f"{CASES}/{case}", who=county_there)).status_code == 404
    shown = (await city.request("GET", f"{CASES}/{case}", who=CITY)).json()
    assert (shown["holder_unit"], shown["writer"]) == ("330200-xf", "33.02")


async def test_where_no_unit_is_left_that_may_hold_it_nothing_is_recorded(start: Any) -> None:
    routing = await start(service, path="33")
    case, who = await opened(routing, "330000-xf"), token("330000-xf", "33", EVERY)
    refused = await screen(routing, case, who, route=6, accused_units=["330000-xf"])
    assert (refused.status_code, refused.json()["rule"]) == (403, "Art 30")
    (row,) = await routing.rows("SELECT version, accused_units FROM cases WHERE id = $1", uuid.UUID(case))
    assert tuple(row) == (1, [])


async def test_only_screening_changes_them(start: Any) -> None:
    routing = await start(service, path=COUNTY_AT)
    case = await opened(routing, "330225-xf")
    for action in ("accept", "transfer"):
        answer = await routing.request(
            "POST", f"{CASES}/{case}/{action}", who=COUNTY, json={"version": 1, "accused_units": ["330225-js"]}
        )
        assert answer.json()["type"] == "urn:xinqiao:problem:invalid-input"
