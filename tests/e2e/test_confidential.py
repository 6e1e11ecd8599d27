"""保密 on four nodes: who has nothing to do with a confidential case finds it by no route of any service."""

from functools import partial
from typing import Any

import httpx

from node.calling import until
from node.demo import OFFICE, act, case_at
from tests.e2e.test_accused import EVERYWHERE, known_everywhere, known_of, register
from tests.support.tree import TestCaller, Tree

WHY = "信访人担心打击报复"


def everywhere(caller: TestCaller, receipt: dict[str, Any], status: int) -> bool:
    """Whether every service of the caller's node answers so."""
    return all(caller.status("GET", f"/api/{path.format(receipt['id'])}") == status for path in EVERYWHERE)


def test_only_who_has_to_do_with_it_and_who_supervises_reads_it_at_any_node(tree: Tree) -> None:
    clerk, leader, water = (tree.caller(f"county.{name}") for name in ("clerk", "leader", "water"))
    head, desk = tree.caller("city.leader"), tree.caller("city.clerk")
    kept = register(clerk)
    known_everywhere(water, kept)
    assert until(partial(everywhere, desk, kept, httpx.codes.OK))
    case = case_at(leader, kept["id"], "screened")
    assert len(known_of(tree, "county", water, kept)) >= 8  # so that this can fail
    act(leader, case, "mark-confidential", note=WHY)
    for caller in (water, desk):
        assert until(partial(everywhere, caller, kept, httpx.codes.NOT_FOUND))
    messages = partial(water.get, "/api/notify/v1/messages", petition_id=kept["id"])
    assert until(lambda: messages()["items"] == [])
    assert known_of(tree, "county", water, kept) == []
    assert known_of(tree, "city", desk, kept) == []
    assert known_of(tree, "province", tree.caller("province.clerk"), kept) == []
    for caller in (clerk, head, tree.caller("province.supervisor")):
        assert everywhere(caller, kept, httpx.codes.OK), caller
    for path, body in (
        (f"/api/routing/v1/cases/{kept['id']}/transfer", {"version": 2, "to_unit": OFFICE["township"]}),
        (f"/api/intake/v1/petitions/{kept['id']}/identity-readings", {"purpose": "核对信访人身份"}),
    ):
        assert water.status("POST", path, json=body) == httpx.codes.NOT_FOUND


def test_what_was_merged_into_a_lead_is_kept_with_it_as_long_as_that_is_confidential(tree: Tree) -> None:
    clerk, leader, water = (tree.caller(f"county.{name}") for name in ("clerk", "leader", "water"))
    desk, lead, member = tree.caller("city.clerk"), register(clerk), register(clerk)
    known_everywhere(water, member)
    case_at(clerk, lead["id"], "screened")
    act(clerk, case_at(clerk, member["id"], "screened"), "merge", lead=lead["id"], note="同一事项")
    for caller in (water, desk):
        assert until(partial(everywhere, caller, member, httpx.codes.OK))
    marked = act(leader, case_at(leader, lead["id"], "screened"), "mark-confidential", note=WHY)
    for caller in (water, desk):
        assert until(partial(everywhere, caller, member, httpx.codes.NOT_FOUND))
    messages = partial(water.get, "/api/notify/v1/messages", petition_id=member["id"])
    assert until(lambda: messages()["items"] == [])
    assert known_of(tree, "county", water, member) == []
    assert known_of(tree, "city", desk, member) == []
    assert everywhere(clerk, member, httpx.codes.OK)
    act(leader, marked, "unmark-confidential", note="信访人同意公开")
    for caller in (water, desk):
        assert until(partial(everywhere, caller, member, httpx.codes.OK))


def test_below_it_stays_so_and_everybody_in_scope_reads_again_when_it_is_confidential_no_more(tree: Tree) -> None:
    county, leader, town = (tree.caller(name) for name in ("county.clerk", "county.leader", "township.clerk"))
    build, water, kept = tree.caller("township.build"), tree.caller("county.water"), register(county)
    case = act(leader, case_at(leader, kept["id"], "screened"), "mark-confidential", note=WHY)
    act(county, case, "transfer", to_unit=OFFICE["township"])
    received = act(town, case_at(town, kept["id"], "offered", OFFICE["township"]), "receive")
    assert until(partial(everywhere, town, kept, httpx.codes.OK))
    assert known_of(tree, "township", build, kept) == []
    assert until(lambda: case_at(county, kept["id"], "received")["confidential"])
    assert known_of(tree, "county", water, kept) == []
    act(tree.caller("township.leader"), received, "unmark-confidential", note="信访人同意公开")
    for caller in (build, water):
        assert until(partial(everywhere, caller, kept, httpx.codes.OK))
