"""Review and re-review (复查复核, Art 35, 36) over three nodes, and the same matter raised again at a fourth."""

from datetime import datetime
from functools import partial
from typing import Any

from node.calling import until
from node.demo import OFFICE, act, case_at
from tests.e2e.casework import (
    HEARING,
    NOTICE,
    Json,
    a_day_passes,
    a_person,
    agreed,
    case_of,
    clock,
    opinion,
    registered,
    served,
)
from tests.support.tree import Tree

DITCH = {"title": "沟渠堵塞多年无人清理", "content": "村东沟渠堵塞多年,雨天污水倒灌进院,请求清理并赔偿。"}


def opinion_at_the_township(tree: Tree, **petition: Any) -> Json:
    """A case whose opinion the township has written and served."""
    clerk = tree.caller("township.clerk")
    receipt = registered(clerk, **DITCH, **petition)
    held = act(clerk, case_at(clerk, receipt["id"], "screened"), "accept", fields=NOTICE)
    return served(tree, "township", opinion(tree, "township", held))


def reviewed(tree: Tree, below: str, above: str, held: Json) -> tuple[Json, int]:
    """The petitioner asks; the unit above, at another node, takes it and hears the petitioner from one day to the next.

    Returns the case after the hearing, and by how many days that has put off its end.
    """
    asked = act(tree.caller(f"{below}.clerk"), held, "request-review", fields={"by": "petitioner"})
    assert (asked["state"], asked["holder_unit"]) == ("offered", OFFICE[above])
    clerk, handler = tree.caller(f"{above}.clerk"), tree.caller(f"{above}.handler")
    offered = case_at(clerk, held["id"], "offered", OFFICE[above])
    accepted = act(clerk, act(clerk, offered, "receive"), "accept", fields=NOTICE)
    a_day_passes(tree)
    hearing = act(handler, accepted, "start-hearing", fields=HEARING)
    a_day_passes(tree)
    heard = act(handler, hearing, "end-hearing")
    before, after = (datetime.fromisoformat(clock(case, case["stage"])["due_at"]) for case in (accepted, heard))
    return heard, (after - before).days


def test_a_matter_goes_through_review_and_re_review_and_is_not_accepted_again(tree: Tree) -> None:
    person = a_person()
    first = opinion_at_the_township(tree, petitioners=[person])
    assert clock(first, "ask-review")["stopped_at"] is None

    in_review, put_off = reviewed(tree, "township", "county", first)
    assert (in_review["stage"], put_off) == ("review", 0), "only of a re-review hearings are left out (Art 36)"
    second = served(tree, "county", opinion(tree, "county", in_review))
    assert clock(second, "review")["stopped_at"] is not None

    in_re_review, put_off = reviewed(tree, "county", "city", second)
    assert in_re_review["stage"] == "re-review"
    assert put_off >= 2, "both days of the hearing are left out, and what follows may be a holiday"
    third = served(tree, "city", opinion(tree, "city", in_re_review))
    ended = act(tree.caller("city.handler"), third, "close")
    assert (ended["state"], ended["stage"]) == ("terminated", "re-review")
    tiers = ("township", "county", "city", "province")
    path = f"/api/routing/v1/cases/{first['id']}"
    shown = agreed(tree, tiers, path, {"state": "terminated", "version": ended["version"]})
    assert len({tuple(entry["action"] for entry in each["timeline"]) for each in shown}) == 1
    raised_again_at_the_province(tree, first, person)


def raised_again_at_the_province(tree: Tree, first: Json, person: Json) -> None:
    clerk, handler = tree.caller("province.clerk"), tree.caller("province.handler")
    again = {"title": "再次反映沟渠堵塞", "content": "村东沟渠堵塞多年,雨天污水倒灌进院,请求清理并赔偿。"}

    def proposed() -> Json | None:
        found = clerk.post("/api/intake/v1/petitions/candidates", **again, petitioners=[{"phone": person["phone"]}])
        return next((each for each in found if each["petition_id"] == first["id"]), None)

    proposal = until(proposed)
    assert (proposal["likely"], proposal["terminated"]) == (True, True)
    assert "不再受理" in proposal["advice"]["zh"]
    receipt = clerk.post("/api/intake/v1/petitions", channel="visit", kind="appeal", route=6, **again,
                         petitioners=[person], repeat_of=first["id"])  # fmt: skip
    raised = case_at(clerk, receipt["id"], "screened")
    actions = {each["action"]: each["reason"] for each in raised["actions"]}
    assert actions["accept"] == "not-terminated-before"
    refused = {"version": raised["version"]}
    assert clerk.status("POST", f"/api/routing/v1/cases/{raised['id']}/accept", json=refused) == 409
    until(partial(handler.post, f"/api/documents/v1/petitions/{raised['id']}/papers", kind="refusal-again-notice",
                  text="该事项已经复核终结,不再受理。", legal_basis="《信访工作条例》第三十六条"))  # fmt: skip
    body = {"fields": {"concluded_number": first["number"]}}
    answered = until(lambda: act(clerk, raised, "refuse-again", **body))
    assert answered["state"] == "not-accepted-again"
    assert case_of(tree.caller("province.supervisor"), first["id"])["state"] == "terminated"
