"""Staff are told at their own node of what happened at another: a case handed down, a request, how it goes on."""

from functools import partial
from typing import Any

from node.calling import until
from node.demo import OFFICE, act, case_at
from tests.e2e.casework import NOTICE, ROUTING, Json, registered
from tests.support.tree import TestCaller, Tree


def told(caller: TestCaller, number: str, happened: str) -> Json | None:
    """The item of this person's inbox, once it is there."""
    items = caller.get("/api/notify/v1/inbox", limit="100")["items"]
    return next((item for item in items if (item["number"], item["en"]) == (number, happened)), None)


def test_a_hand_over_and_a_request_from_above_reach_the_township_and_its_acceptance_goes_back(tree: Tree) -> None:
    county, township = tree.caller("county.clerk"), tree.caller("township.clerk")
    receipt = registered(county)
    case, number = receipt["id"], receipt["number"]
    act(county, case_at(county, case, "screened"), "transfer", to_unit=OFFICE["township"])
    item: Any = until(partial(told, township, number, "To be received"))
    assert (item["kind"], item["petition_id"], item["read_at"]) == ("to-receive", case, None)

    received = act(township, case_at(township, case, "offered"), "receive")
    act(township, received, "accept", fields=NOTICE)
    accepted: Any = until(partial(told, county, number, "Accepted"))
    assert accepted["kind"] == "progress"

    city = tree.caller("city.clerk")
    case_at(city, case, "accepted")
    city.post(f"{ROUTING}/cases/{case}/urge", text="请抓紧办理", wants_answer=False)
    urged: Any = until(partial(told, township, number, "Urging: arrived"))
    assert urged["kind"] == "supervision"
    numbers = [each["number"] for each in township.get("/api/notify/v1/inbox", limit="100")["items"]]
    assert numbers.count(number) == 2, "each of the two once"
