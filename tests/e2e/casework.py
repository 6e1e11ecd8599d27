"""What the stories on the four nodes have in common: petitions, opinions from draft to service, and how nodes agree."""

import os
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from kit.clock import move
from node.calling import until
from node.demo import act, opinion_of
from tests.support.tree import TestCaller, Tree

Json = dict[str, Any]
ROUTING = "/api/routing/v1"
LATER = (datetime.now(UTC) + timedelta(days=1000)).isoformat()  # also where the time of the nodes was moved
NOTICE = {"notice_method": "in-person", "notice_at": "2025-01-02T01:00:00Z"}  # of acceptance, in writing (Art 23)
HEARING = {"held_at": "2026-01-05T01:00:00Z", "place": "信访局听证室"}


def registered(caller: TestCaller, **changes: Any) -> Json:
    """The receipt of an appeal that the petition procedure is for (Art 31(6))."""
    body = {"channel": "letter", "kind": "appeal", "route": 6, "title": "沟渠堵塞", "content": "村东沟渠堵塞,盼清理。"}
    receipt: Json = caller.post("/api/intake/v1/petitions", **{**body, **changes})
    return receipt


def case_of(caller: TestCaller, case: str) -> Json:
    """The case as it stands at this node."""
    found: Json = caller.get(f"{ROUTING}/cases/{case}")
    return found


def opinion(tree: Tree, tier: str, held: Json) -> Json:
    """From an accepted case to its approved opinion, by the handler and the leader of a tier."""
    handler, leader = tree.caller(f"{tier}.handler"), tree.caller(f"{tier}.leader")
    paper = until(lambda: opinion_of(handler, held["id"]))  # as soon as documents know the case here
    body = {"outcome": "support", "papers": [paper["paper_id"]]}
    submitted = until(lambda: act(handler, held, "submit", **body))  # and routing the paper
    return act(leader, submitted, "approve")


def served(tree: Tree, tier: str, held: Json) -> Json:
    """The petitioner is served with the approved opinion."""
    return act(tree.caller(f"{tier}.handler"), held, "serve", fields={"method": "in-person"})


def clock(case: Json, name: str) -> Json:
    found: Json = next(each for each in case["clocks"] if each["name"] == name)
    return found


def a_day_passes(tree: Tree) -> None:
    """At all nodes."""
    for node in tree.cluster.nodes.values():
        move(node.directory / "clock", timedelta(days=1))


def a_person() -> Json:
    """A petitioner of this run alone."""
    number = int.from_bytes(os.urandom(4)) % 10**8
    return {"name": "易晚晴", "phone": f"138{number:08}", "address": "石桥镇东街"}


def agreed(tree: Tree, tiers: tuple[str, ...], path: str, wanted: Json) -> list[Json]:
    """What each tier answers, once it says what is wanted."""

    def look(caller: TestCaller) -> Json | None:
        found: Json = caller.get(path)
        return found if {name: found[name] for name in wanted} == wanted else None

    return [until(partial(look, tree.caller(f"{tier}.supervisor"))) for tier in tiers]
