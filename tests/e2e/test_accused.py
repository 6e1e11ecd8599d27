"""第三十条 on four nodes: what accuses a unit is on no route of any service for it, or for one below it."""

from functools import partial
from typing import Any

import httpx

from node.calling import until
from node.demo import OFFICE, act, case_at
from tests.e2e.test_story import PLANTED, reads
from tests.support.tree import TestCaller, Tree

PROVINCE = "330000-xf"
MATTER = {"channel": "letter", "kind": "appeal", "route": 6, "title": "举报截留补偿款", "content": "补偿款被截留。"}
EVERYWHERE = ("routing/v1/cases/{}", "intake/v1/petitions/{}", "documents/v1/petitions/{}/files",
              "analytics/v1/petitions/{}/events")  # fmt: skip


def register(clerk: TestCaller, *accused: str) -> dict[str, Any]:
    receipt: dict[str, Any] = clerk.post(
        "/api/intake/v1/petitions", **MATTER, petitioners=[PLANTED], accused_units=list(accused)
    )
    return receipt


def known_of(tree: Tree, node: str, caller: TestCaller, receipt: dict[str, Any]) -> list[str]:
    """Routes of all services of a node by which a caller learns anything of a petition."""
    told, url = [], tree.url(node)
    for path, query, names_it in reads(receipt["id"], receipt["number"]):
        answer = tree.client.get(url + path, params=query, headers={"Authorization": f"Bearer {caller.token}"})
        shown = answer.text.replace(path, "")
        if receipt["id"] in shown or receipt["number"] in shown or (names_it and answer.is_success):
            told.append(path)
    return told


def known_everywhere(caller: TestCaller, receipt: dict[str, Any]) -> None:
    """Wait until every service of a node has heard of a petition; what came before it has been heard of too."""
    paths = [f"/api/{path.format(receipt['id'])}" for path in EVERYWHERE]
    assert until(lambda: all(caller.status("GET", path) == httpx.codes.OK for path in paths))
    messages = partial(caller.get, "/api/notify/v1/messages", petition_id=receipt["id"])
    assert until(lambda: messages()["items"])


def test_no_route_of_any_service_tells_the_accused_unit_or_those_below_it(tree: Tree) -> None:
    """The county's office and its water bureau, at the node that registered it and serves them both."""
    clerk, water, city = tree.caller("county.clerk"), tree.caller("county.water"), tree.caller("city.clerk")
    kept = register(clerk, OFFICE["county"])
    case = case_at(city, kept["id"], "screened", OFFICE["city"])
    assert (case["writer"], [step["action"] for step in case["timeline"]]) == ("33.02", ["open"])
    assert until(lambda: city.get(f"/api/intake/v1/petitions/{kept['id']}")["content"]) == MATTER["content"]
    act(city, case, "transfer", to_unit=PROVINCE)
    status, code = f"/api/intake/v1/public/petitions/{kept['number']}/status", {"Query-Code": kept["query_code"]}
    told = partial(tree.client.get, tree.url("county") + status, headers=code)
    assert until(lambda: told().json()["state"] == "offered")  # the petitioner, at the node where it was registered
    beside = register(clerk, "330225-zjj")
    known_everywhere(water, beside)
    for caller in (clerk, water):
        assert len(known_of(tree, "county", caller, beside)) >= 8  # a unit beside the accused: so that this can fail
        assert known_of(tree, "county", caller, kept) == []
        for path, body in (
            (f"/api/routing/v1/cases/{kept['id']}/transfer", {"version": 2, "to_unit": OFFICE["county"]}),
            (f"/api/intake/v1/petitions/{kept['id']}/identity-readings", {"purpose": "核对信访人身份"}),
        ):
            assert caller.status("POST", path, json=body) == 404
    assert len(known_of(tree, "city", city, kept)) >= 5


def test_a_unit_below_on_another_node_that_registered_it_reads_nothing_of_it_there(tree: Tree) -> None:
    """A township takes what accuses a bureau of its county: the county's office holds it from the first version on."""
    township, county = tree.caller("township.clerk"), tree.caller("county.clerk")
    kept = register(township, "330225-slj")
    case = case_at(county, kept["id"], "screened", OFFICE["county"])
    refused = county.status(
        "POST", f"/api/routing/v1/cases/{case['id']}/transfer", json={"version": 1, "to_unit": OFFICE["township"]}
    )
    assert refused == 403  # whoever knows of the case is told the rule
    own = register(township)
    known_everywhere(township, own)
    assert known_of(tree, "township", township, kept) == []
    assert len(known_of(tree, "township", township, own)) >= 8
    assert known_of(tree, "county", tree.caller("county.water"), kept) == []  # the accused bureau
