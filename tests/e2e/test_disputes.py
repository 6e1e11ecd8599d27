"""Whose case it is: objections between two nodes until their superior decides; hand-overs while a link is down."""

from functools import partial
from typing import Any

import httpx
from services.portal.tests.browsing import Browser

from node.calling import until
from node.demo import OFFICE, act, case_at
from tests.e2e.casework import ROUTING, Json, agreed, case_of, clock, registered
from tests.support.tree import TestCaller, Tree

LIUTANG, BUILD = "330225101-xf", "330225100-czb"  # at the county's node, at the township's
NOT_OURS = {"reason": "not-ours", "note": "不属本单位职责"}


def signed_in(tree: Tree, account: str, node: str) -> TestCaller:
    return TestCaller.sign_in(tree.client, tree.url(node), account, tree.passwords[account])


def objected(receiver: TestCaller, case: str, unit: str, state: str) -> Json:
    """A unit signs for what it was handed and says that it is not its own."""
    received = act(receiver, case_at(receiver, case, "offered", unit), "receive")
    after = act(receiver, received, "object", **NOT_OURS)
    assert after["state"] == state
    return after


def test_two_units_object_in_turn_until_the_superior_of_both_decides_for_good(tree: Tree) -> None:
    liutang, build = signed_in(tree, "liutang.clerk", "county"), tree.caller("township.build")
    township, county = tree.caller("township.clerk"), tree.caller("county.clerk")
    case = registered(liutang)["id"]
    held = case_at(liutang, case, "screened", LIUTANG)
    act(liutang, held, "transfer", to_unit=BUILD)
    objected(build, case, BUILD, "objected")
    back = act(liutang, case_at(liutang, case, "objected", BUILD), "agree-objection")
    assert (back["state"], back["holder_unit"], back["objections"]) == ("screened", LIUTANG, 1)

    act(liutang, back, "transfer", to_unit=OFFICE["township"])
    after = objected(township, case, OFFICE["township"], "disputed")
    assert (after["asked"], after["writer"]) == (OFFICE["county"], "33.02.25"), "the county is above both of them"
    disputed = case_at(county, case, "disputed")
    body = {"version": disputed["version"]}
    assert liutang.status("POST", f"{ROUTING}/cases/{case}/agree-objection", json=body) == 409, "it is a party to it"

    act(county, disputed, "arbitrate", to_unit=BUILD, note="指定办理")
    received = act(build, case_at(build, case, "offered", BUILD), "receive")
    refused = {**NOT_OURS, "version": received["version"]}
    assert build.status("POST", f"{ROUTING}/cases/{case}/object", json=refused) == 409
    assert {each["action"]: each["reason"] for each in received["actions"]}["object"] == "not-forced"
    known = {"state": "received", "holder_unit": BUILD, "version": received["version"]}
    agreed(tree, ("township", "county", "city", "province"), f"{ROUTING}/cases/{case}", known)


async def test_what_is_handed_over_while_the_link_is_down_waits_and_arrives_when_it_is_back(tree: Tree) -> None:
    county, township = tree.caller("county.clerk"), tree.caller("township.clerk")
    receipt = registered(county)
    held = case_at(county, receipt["id"], "screened")
    wire = tree.node("township").wire
    wire.cut()
    try:
        sent = act(county, held, "transfer", to_unit=OFFICE["township"], note="请核实办理")
        assert (sent["state"], sent["holder_unit"], sent["writer"]) == ("offered", OFFICE["township"], "33.02.25.100")
        assert sent["hand_over"]["from_unit"] == OFFICE["county"]
        assert clock(sent, "receive-hand-over")["stopped_at"] is None, "nobody would notice that it is not received"
        until(partial(waiting, tree))
        assert township.status("GET", f"{ROUTING}/cases/{held['id']}") == 404
        assert "已发出，尚未签收" in await page_of(tree, held["id"], "county")
    finally:
        wire.mend()
    received = act(township, case_at(township, held["id"], "offered", OFFICE["township"]), "receive")
    assert case_at(county, held["id"], "received")["version"] == received["version"]
    assert [entry["action"] for entry in case_of(township, held["id"])["timeline"]][-2:] == ["transfer", "receive"]


def waiting(tree: Tree) -> bool:
    """The letter lies in the queue of the link."""
    management = tree.node("county").rabbitmq.management_url
    queue: dict[str, Any] = tree.client.get(f"{management}/api/queues/%2F/link.down.33.02.25.100").json()
    return bool(queue.get("messages_ready", 0) >= 1)


async def test_what_a_petitioner_withdraws_at_any_tier_follows_the_case_once_the_link_is_back(tree: Tree) -> None:
    """While an objection is open, asked at the township and at the city, answered by the county meanwhile."""
    city, county, township = (tree.caller(f"{tier}.clerk") for tier in ("city", "county", "township"))
    case = registered(city)["id"]
    act(city, case_at(city, case, "screened"), "transfer", to_unit=OFFICE["county"])
    received = act(county, case_at(county, case, "offered", OFFICE["county"]), "receive")
    act(county, received, "transfer", to_unit=OFFICE["township"])
    objection = objected(township, case, OFFICE["township"], "objected")
    at_county, at_city = (case_at(caller, case, "objected") for caller in (county, city))
    wire = tree.node("township").wire
    wire.cut()
    try:
        asked = act(township, objection, "note-withdrawal", note="信访人已自行解决")
        assert (asked["state"], asked["withdrawal_asked"]["unit"]) == ("objected", OFFICE["township"])
        assert {each["action"]: each["reason"] for each in asked["actions"]}["note-withdrawal"] == "withdrawal-asked"
        assert "正等待承办节点记入" in await page_of(tree, case, "township")
        act(county, at_county, "refuse-objection", note="仍由你办办理")
        assert act(city, at_city, "note-withdrawal")["withdrawal_asked"]["unit"] == OFFICE["city"]
    finally:
        wire.mend()
    known = {"state": "withdrawn", "holder_unit": OFFICE["township"], "withdrawal_asked": None}
    for found in agreed(tree, ("township", "county", "city", "province"), f"{ROUTING}/cases/{case}", known):
        assert [entry["action"] for entry in found["timeline"]].count("note-withdrawal") == 1
        assert found["version"] == objection["version"] + 2


async def page_of(tree: Tree, case: str, node: str) -> str:
    """The case as the clerk of its office sees it in the browser."""
    async with httpx.AsyncClient(base_url=tree.url(node), timeout=30) as client:
        browser = Browser(client)
        await browser.sign_in(f"{node}.clerk", tree.passwords[f"{node}.clerk"])
        return (await browser.open(f"/staff/cases/{case}")).text
