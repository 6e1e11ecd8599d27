"""What units ask of each other about a case, up and down the tiers: the registers at both ends say the same."""

from functools import partial
from typing import Any

from node.calling import until
from node.demo import OFFICE, act, case_at
from tests.e2e.casework import LATER, NOTICE, ROUTING, Json, agreed, registered
from tests.support.tree import TestCaller, Tree

TOWNSHIP = OFFICE["township"]
Step = tuple[str, str | None]


def held_by_the_township(tree: Tree) -> str:
    """A case that the township has accepted, known to all above."""
    clerk = tree.caller("township.clerk")
    receipt = registered(clerk)
    held = act(clerk, case_at(clerk, receipt["id"], "screened"), "accept", fields=NOTICE)
    for tier in ("city", "province"):
        case_at(tree.caller(f"{tier}.supervisor"), held["id"], "accepted")
    case: str = held["id"]
    return case


def asked(caller: TestCaller, case: str, verb: str, **body: Any) -> str:
    sent: Json = caller.post(f"{ROUTING}/cases/{case}/{verb}", **body)
    assert sent["status_en"] == "sent, not yet received"
    request: str = sent["id"]
    return request


def stand(caller: TestCaller, request: str, status: str) -> Json:
    """The request once it has reached a status at this node."""

    def look() -> Json | None:
        found: Json = caller.get(f"{ROUTING}/requests/{request}")
        return found if found["status"] == status else None

    reached: Json = until(look)
    return reached


def do(caller: TestCaller, request: str, action: str, **body: Any) -> Json:
    version = caller.get(f"{ROUTING}/requests/{request}")["version"]
    done: Json = caller.post(f"{ROUTING}/requests/{request}/{action}", version=version, **body)
    return done


def registers_agree(tree: Tree, asker: str, receiver: str, request: str) -> tuple[Json, list[Step]]:
    """Both ends list the request, as out and as in, with the same words; returns the steps as both show them."""
    mine, theirs = tree.caller(f"{asker}.supervisor"), tree.caller(f"{receiver}.supervisor")
    known = mine.get(f"{ROUTING}/requests/{request}")
    agreed(tree, (asker, receiver), f"{ROUTING}/requests/{request}", {
        name: known[name] for name in ("version", "status", "kind", "reason", "due_at", "adoption", "round")
    })  # fmt: skip
    for caller, direction in ((mine, "out"), (theirs, "in")):
        listed = caller.get(f"{ROUTING}/requests", direction=direction, status=known["status"], limit="200")["items"]
        assert request in {row["id"] for row in listed}
    both = [[(step["action"], step["text"]) for step in caller.get(f"{ROUTING}/requests/{request}")["steps"]]
            for caller in (mine, theirs)]  # fmt: skip
    assert both[0] == both[1]
    return known, both[0]


def test_the_city_urges_a_township_two_tiers_below(tree: Tree) -> None:
    case = held_by_the_township(tree)
    request = asked(tree.caller("city.clerk"), case, "urge", text="请抓紧办理", wants_answer=False)
    township = tree.caller("township.clerk")
    stand(township, request, "sent")
    do(township, request, "receive")
    stand(tree.caller("city.clerk"), request, "closed")
    known, steps = registers_agree(tree, "city", "township", request)
    assert (known["kind"], known["to_unit"]) == ("urge", TOWNSHIP)
    assert steps == [("send", "请抓紧办理"), ("receive", None)]


def test_the_province_supervises_a_township_until_its_answer_is_taken(tree: Tree) -> None:
    case = held_by_the_township(tree)
    province, township = tree.caller("province.supervisor"), tree.caller("township.handler")
    request = asked(province, case, "supervise", text="请说明超期原因", reason="overdue", due_at=LATER)
    stand(township, request, "sent")
    do(township, request, "receive")
    do(township, request, "answer", text="因连日降雨未能施工")
    stand(province, request, "answered")
    do(province, request, "return", text="请写明完工日期")
    stand(township, request, "returned")
    do(township, request, "answer", text="三月十日前完工")
    stand(province, request, "answered")
    do(province, request, "close")
    stand(township, request, "closed")
    known, steps = registers_agree(tree, "province", "township", request)
    assert (known["round"], known["reason"]) == (2, "overdue")
    assert [text for _, text in steps] == [
        "请说明超期原因", None, "因连日降雨未能施工", "请写明完工日期", "三月十日前完工", None,
    ]  # fmt: skip
    between = until(partial(tree.caller("city.supervisor").get, f"{ROUTING}/requests/{request}"))
    assert not any(step["text"] for step in between["steps"]), "the words are for the two parties alone"


def suggested(tree: Tree, asker: str, receiver: str, suggestion: str, adoption: str) -> None:
    """A suggestion (三项建议, Art 40), answered in writing with whether it is adopted, and taken."""
    case = held_by_the_township(tree)
    supervisor, handler = tree.caller(f"{asker}.supervisor"), tree.caller(f"{receiver}.handler")
    unit = {**OFFICE, "province": "330000-xf"}[receiver]
    body = {"text": "建议完善沟渠管护制度", "suggestion": suggestion, "due_at": LATER, "to_unit": unit}
    request = asked(supervisor, case, "suggest", **body)
    stand(handler, request, "sent")
    do(handler, request, "receive")
    version = {"version": 2, "text": "已研究"}
    assert handler.status("POST", f"{ROUTING}/requests/{request}/answer", json=version) == 422
    do(handler, request, "answer", text="已列入年度计划", adoption=adoption)
    stand(supervisor, request, "answered")
    do(supervisor, request, "close")
    stand(handler, request, "closed")
    known, steps = registers_agree(tree, asker, receiver, request)
    assert (known["adoption"], known["reason"]) == (adoption, suggestion)
    assert ("answer", "已列入年度计划") in steps


def test_a_suggestion_goes_down_to_a_township_and_comes_back_adopted(tree: Tree) -> None:
    suggested(tree, "province", "township", "improve-work", "adopted")


def test_a_suggestion_goes_up_to_the_province_and_comes_back_adopted_in_part(tree: Tree) -> None:
    suggested(tree, "township", "province", "improve-policy", "partly")


def test_a_unit_asked_for_support_reads_the_text_until_its_answer_is_taken(tree: Tree) -> None:
    """At the county's node a unit of another township, which has no part in the case otherwise."""
    case = held_by_the_township(tree)
    township, path = tree.caller("township.handler"), f"/api/intake/v1/petitions/{case}"
    liutang = TestCaller.sign_in(tree.client, tree.url("county"), "liutang.clerk", tree.passwords["liutang.clerk"])
    assert liutang.status("GET", path) == 404
    body = {"text": "请提供上游水情", "to_units": ["330225101-xf"]}
    (sent,) = township.post(f"{ROUTING}/cases/{case}/ask-support", **body)
    read = until(partial(liutang.get, path))
    assert (read["title"], read["state"], read["petitioners"]) == ("沟渠堵塞", "accepted", [])
    assert liutang.status("GET", f"{ROUTING}/cases/{case}") == 404
    stand(liutang, sent["id"], "sent")
    do(liutang, sent["id"], "receive")
    do(liutang, sent["id"], "answer", text="上游无放水")
    stand(township, sent["id"], "answered")
    do(township, sent["id"], "close")
    until(lambda: liutang.status("GET", path) == 404)
