"""保密: who has nothing to do with a confidential case finds it by no route, at no node; docs/adr/0019."""

from dataclasses import replace
from typing import Any

import pytest
from services.routing.tests.cases import fresh
from services.routing.tests.test_accused import API, BELOW, BUREAU, COUNTY, EVERY, SOON, TOWN, known_of, registered
from services.routing.tests.test_cases import COUNTY as AT_COUNTY
from services.routing.tests.test_cases import opened
from services.routing.tests.test_merging import slug
from services.routing.tests.test_proposals import warned
from services.routing.tests.test_requests import Nodes
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.letters import RequestStep
from contracts.speech import parse_event
from routing import confidence
from routing.main import service
from routing.shapes import public_state

CITY, CITY_CLERK = token("330200-xf", "33.02", ["leader"]), token("330200-xf", "33.02", ["clerk", "handler"])
CITY_HEAD = token("330200-xf", "33.02", EVERY)
BESIDE = token("330226-xf", "33.02", EVERY)  # another county's office; it may read the whole city
COUNTY_CLERK = token("330225-xf", "33.02.25", ["clerk"])
WHY = "信访人担心打击报复"


async def act(routing: Running, case: str, verb: str, version: int, who: str = COUNTY, **body: Any) -> Any:
    body = {"version": version, **body}
    return await routing.request("POST", f"{API}/cases/{case}/{verb}", who=who, json=body)


async def mark(
    routing: Running, case: str, version: int = 1, verb: str = "mark-confidential", who: str = COUNTY
) -> Any:
    answer = await act(routing, case, verb, version, who, note=WHY)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def status(routing: Running, case: str, who: str) -> int:
    return int((await routing.request("GET", f"{API}/cases/{case}", who=who)).status_code)


@pytest.fixture
async def nodes(start: Any) -> Nodes:
    return Nodes({path: await start(service, path=path) for path in ("33.02", "33.02.25", "33.02.25.100")})


async def begun(nodes: Nodes) -> str:
    """A case that the county's office holds and all nodes above know."""
    event = registered("33.02.25", "330225-xf", "33.02.25")
    await nodes.nodes["33.02.25"].hear("routing.on-petition-registered", event)
    await nodes.deliver()
    return str(event.subject)


@pytest.mark.parametrize("confidential", [False, True])
async def test_no_route_tells_who_has_nothing_to_do_with_it(start: Any, confidential: bool) -> None:
    routing = await start(service, path="33.02.25")
    event = registered("33.02.25", "330225-xf", "33.02.25")
    case = str(event.subject)
    await routing.hear("routing.on-petition-registered", event)
    (first,) = [parse_event(row["body"]) for row in await routing.sent() if row["routing_key"].endswith("opened.v1")]
    await routing.hear("routing.on-trigger", warned(first))
    screened = await act(routing, case, "screen", 1, route=6, fields={"confidential": confidential})
    assert (screened.status_code, screened.json()["confidential"]) == (200, confidential), screened.text
    asked = await routing.request("POST", f"{API}/cases/{case}/instruct", who=COUNTY, json={"text": "请尽快办理"})
    request = asked.json()["id"]
    for holder in (COUNTY, COUNTY_CLERK):
        assert len(await known_of(routing, holder, case, request)) == 7, "the proposal is to others than the holder"
    for who in (BUREAU, BELOW):
        known = await known_of(routing, who, case, request)
        assert bool(known) is (not confidential), known
        for verb, body in (("transfer", {"version": 2, "to_unit": "330226-xf"}), ("urge", {"text": "请办理"}),
                           ("propose-supervision", {"trigger": "not-carried-out"})):  # fmt: skip
            answer = await routing.request("POST", f"{API}/cases/{case}/{verb}", who=who, json=body)
            assert (answer.status_code == 404) is confidential, answer.text
    if confidential:
        await mark(routing, case, 2, "unmark-confidential")
        assert len(await known_of(routing, BUREAU, case, request)) >= 6, "also what was asked meanwhile"


async def test_an_office_above_reads_it_as_leader_or_supervisor_and_a_unit_beside_at_no_node(nodes: Nodes) -> None:
    city, case = nodes.nodes["33.02"], await begun(nodes)
    for who in (CITY, CITY_CLERK, BESIDE):
        assert await status(city, case, who) == 200
    marked = await mark(nodes.nodes["33.02.25"], case)
    await nodes.deliver(twice=True)
    assert [(step["action"], step["note"]) for step in marked["timeline"]][-1] == ("mark-confidential", WHY)
    supervisor = token("330200-xf", "33.02", ["supervisor"])
    for who, expected in ((CITY, 200), (supervisor, 200), (CITY_CLERK, 404), (BESIDE, 404)):
        assert await status(city, case, who) == expected
    listed = (await city.request("GET", f"{API}/cases", who=CITY)).json()["items"]
    assert [(each["id"], each["confidential"]) for each in listed] == [(case, True)]
    assert (await city.request("GET", f"{API}/cases", who=BESIDE)).json()["items"] == []
    await mark(nodes.nodes["33.02.25"], case, 2, "unmark-confidential")
    await nodes.deliver()
    for who in (CITY, CITY_CLERK, BESIDE):
        assert await status(city, case, who) == 200


async def test_it_stays_so_wherever_it_goes_and_who_held_it_still_reads_it(nodes: Nodes) -> None:
    city, county, town = (nodes.nodes[path] for path in ("33.02", "33.02.25", "33.02.25.100"))
    case = await begun(nodes)
    await mark(county, case)
    await act(county, case, "transfer", 2, to_unit="330225100-xf")
    await nodes.deliver()
    assert await status(town, case, TOWN) == 200, "to which it is on offer"
    await act(town, case, "receive", 3, TOWN)
    await nodes.deliver()
    station = token("330225100-cj", "33.02.25.100", EVERY)
    assert [await status(town, case, who) for who in (TOWN, station)] == [200, 404]
    assert [await status(county, case, who) for who in (COUNTY, BUREAU)] == [200, 404], "who handed it on"
    assert [await status(city, case, who) for who in (CITY, CITY_CLERK, BESIDE)] == [200, 404, 404]
    (state,) = await city.rows("SELECT readers FROM cases")
    assert {"330225-xf:", "330225100-xf:", "330225-xf:leader", "330000-xf:supervisor"} <= set(state["readers"])


async def test_to_whom_it_was_offered_in_vain_reads_it_no_more(nodes: Nodes) -> None:
    county, case = nodes.nodes["33.02.25"], await begun(nodes)
    await mark(county, case)
    await act(county, case, "transfer", 2, to_unit="330225-js")
    assert await status(county, case, BUREAU) == 200
    await act(county, case, "recall", 3)
    assert [await status(county, case, who) for who in (BUREAU, COUNTY)] == [404, 200]


@pytest.mark.parametrize("first", ["mark", "ask"])
async def test_who_is_asked_for_support_reads_it(nodes: Nodes, first: str) -> None:
    county, case = nodes.nodes["33.02.25"], await begun(nodes)
    body = {"text": "请协助核实", "to_units": ["330225-js"], "due_at": SOON}
    if first == "mark":
        await mark(county, case)
        assert await status(county, case, BUREAU) == 404
    asked = await county.request("POST", f"{API}/cases/{case}/ask-support", who=COUNTY, json=body)
    assert asked.status_code == 201, asked.text
    if first == "ask":
        await mark(county, case)
    shown = (await county.request("GET", f"{API}/cases/{case}", who=BUREAU)).json()
    last = shown["timeline"][-1]["action"]
    assert (shown["confidential"], last) == (True, "widen" if first == "mark" else "mark-confidential")
    assert await status(county, case, BELOW) == 404


async def test_what_is_asked_about_it_only_its_readers_and_the_asked_unit_find_where_it_never_came(
    nodes: Nodes,
) -> None:
    county, town, case = nodes.nodes["33.02.25"], nodes.nodes["33.02.25.100"], await begun(nodes)
    await mark(county, case)
    body = {"text": "请协助核实", "to_units": ["330225100-cj"], "due_at": SOON}
    await county.request("POST", f"{API}/cases/{case}/ask-support", who=COUNTY, json=body)
    await nodes.deliver()
    station = token("330225100-cj", "33.02.25.100", EVERY)
    for who, count in ((station, 1), (TOWN, 0)):
        found = (await town.request("GET", f"{API}/requests", who=who)).json()["items"]
        assert len(found) == count


async def test_marking_and_unmarking_are_for_the_head_of_the_holder_with_reasons_and_of_one_that_is(start: Any) -> None:
    routing = await start(service, **AT_COUNTY)
    case = await opened(routing)
    assert (await act(routing, case, "mark-confidential", 1, COUNTY_CLERK, note=WHY)).status_code == 403
    refused = await act(routing, case, "mark-confidential", 1, token("330225-js", "33.02.25", EVERY), note=WHY)
    assert slug(refused) == "not-the-holder"
    unsaid = await act(routing, case, "mark-confidential", 1)
    assert (slug(unsaid), [each["field"] for each in unsaid.json()["errors"]]) == ("incomplete", ["fields/note"])
    assert slug(await act(routing, case, "unmark-confidential", 1, note=WHY)) == "not-confidential"
    await mark(routing, case)
    assert slug(await act(routing, case, "mark-confidential", 2, note=WHY)) == "confidential-already"
    # that a form does not ask for confidence again takes none away
    again = await act(routing, case, "screen", 2, route=6, fields={"confidential": False})
    assert (again.json()["confidential"], again.status_code) == (True, 200), again.text


async def test_one_that_is_confidential_and_one_that_is_not_are_not_merged(start: Any) -> None:
    routing = await start(service, **AT_COUNTY)
    lead, member = await opened(routing), await opened(routing)
    await mark(routing, lead)
    assert slug(await act(routing, member, "merge", 1, lead=lead)) == "lead-of-another-kind"
    await mark(routing, member)
    assert (await act(routing, member, "merge", 2, lead=lead)).status_code == 200
    refused = await act(routing, member, "unmark-confidential", 3, note=WHY)
    assert slug(refused) == "merged", "while it waits it would tell what its lead hides"


async def test_an_older_node_that_knows_of_no_readers_takes_none_away(nodes: Nodes) -> None:
    city, county, case = nodes.nodes["33.02"], nodes.nodes["33.02.25"], await begun(nodes)
    await mark(county, case)
    await act(county, case, "transfer", 2, to_unit="330225100-xf")
    await nodes.deliver()
    sent = [event for event in await county.events() if str(event.subject) == case]
    state = sent[-1].data.model_copy(update={
        "readers": None, "units": [], "state": "received", "hops": [sent[-1].data.hand_over], "hand_over": None,
        "last": sent[-1].data.last.model_copy(update={"action": "receive", "unit": "330225100-xf"}),
    })  # fmt: skip
    older = told("routing.case.received.v1", state, subject=sent[-1].subject, sequence=4)
    for node in (county, city):
        await node.hear("routing.on-case", older)
    (row,) = await city.rows("SELECT version, readers, body->'readers' AS said FROM cases")
    assert (row["version"], sorted(row["readers"])) == (4, sorted(row["said"]))
    assert [await status(city, case, who) for who in (CITY, BESIDE)] == [200, 404]
    assert [await status(county, case, who) for who in (COUNTY, BUREAU)] == [200, 404]


def test_however_many_units_support_it_its_readers_fit_into_events_and_letters() -> None:
    units = confidence.joined((), (f"3302{n:08}-xf" for n in range(300)))
    case = confidence.seen(replace(fresh(), units=units, readers=()), lambda unit: (f"{unit[:6]}-xf", f"{unit}-above"))
    readers = public_state(case).readers or []
    assert (len(units), len(readers)) == (100, 101 + 2 * 103)
    assert RequestStep(event="x" * 1000 + str(readers)), "the state of a request, and its readers"
