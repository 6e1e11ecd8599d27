"""Groups, routes, secrets, and people who give no name."""

import uuid
from typing import Any

import pytest
from tests.support.couriers import Couriers
from tests.support.nodes import token

from intake.main import service

PETITIONS = "/api/intake/v1/petitions"


def visit(people: int, representatives: int = 0, **changes: Any) -> dict[str, Any]:
    named = [{"name": f"村民{n}", "representative": n < representatives} for n in range(people)]
    return {"channel": "visit", "kind": "appeal", "title": "道路积水", "content": "全村道路积水。",
            "petitioners": named, **changes}  # fmt: skip


async def test_a_group_visit_carries_its_head_count_and_alarms_the_tiers_above(start: Any) -> None:
    intake = await start(service)
    answer = await intake.request("POST", PETITIONS, json=visit(5, 5, group_size=37))
    assert answer.status_code == 201
    registered, alarm = await intake.events()
    assert (registered.data.petitioners, registered.data.group) == (37, True)
    assert (alarm.type, alarm.data.petitioners) == ("intake.group.alarm.v1", 37)
    county = await start(service, path="33.02.25")
    await Couriers(intake, county).carry()
    await county.hear("intake.on-petition-changed", alarm)  # twice
    shown = await county.request("GET", "/api/intake/v1/group-alarms", who=token("330225-xf", "33.02.25"))
    assert [(each["head_count"], each["unit"]) for each in shown.json()["items"]] == [(37, "330225100-xf")]
    elsewhere = await county.request("GET", "/api/intake/v1/group-alarms", who=token("330226-xf", "33.02.26"))
    assert elsewhere.json()["items"] == []


@pytest.mark.parametrize(("body", "events"), [(visit(4), 1), (visit(5), 2), (visit(5, channel="letter"), 1)])
async def test_five_people_who_come_are_a_group_visit(start: Any, body: dict[str, Any], events: int) -> None:
    intake = await start(service)
    await intake.request("POST", PETITIONS, json=body)
    assert len(await intake.events()) == events


async def test_more_than_five_representatives_are_refused_by_the_rule(start: Any) -> None:
    intake = await start(service)
    answer = await intake.request("POST", PETITIONS, json=visit(7, 6))
    problem = answer.json()
    assert (answer.status_code, problem["rule"], problem["most"]) == (422, "Art 20", 5)
    assert (await intake.request("POST", PETITIONS, json=visit(7, 5))).status_code == 201


async def test_a_group_is_not_smaller_than_those_it_names(start: Any) -> None:
    intake = await start(service)
    answer = await intake.request("POST", PETITIONS, json=visit(6, group_size=5))
    assert (answer.status_code, answer.json()["field"]) == (422, "group_size")


async def test_a_state_secret_is_refused_and_leaves_nothing(start: Any) -> None:
    intake = await start(service)
    web = {"title": "某事", "content": "某事。", "petitioner": {"name": "李四"}, "secret": True}
    staff = await intake.request("POST", PETITIONS, json=visit(1, secret=True))
    public = await intake.request("POST", "/api/intake/v1/public/petitions", who=None, json=web)
    assert {staff.json()["type"], public.json()["type"]} == {"urn:xinqiao:problem:state-secret"}
    assert await intake.rows("SELECT id::text FROM petitions UNION SELECT key FROM idempotency") == []
    assert await intake.sent() == []


async def test_only_an_appeal_has_a_route(start: Any) -> None:
    intake = await start(service)
    receipt = (await intake.request("POST", PETITIONS, json=visit(1, route=6))).json()
    assert (await intake.events())[0].data.route == 6
    assert (await intake.request("GET", f"{PETITIONS}/{receipt['id']}")).json()["route"] == 6
    suggestion = await intake.request("POST", PETITIONS, json=visit(1, route=6, kind="suggestion"))
    assert (suggestion.status_code, suggestion.json()["rule"]) == (422, "Art 31")
    assert (await intake.request("POST", PETITIONS, json=visit(1, route=7))).status_code == 422


async def test_an_anonymous_accusation_is_taken_and_nobody_is_told_a_number(start: Any) -> None:
    intake = await start(service)
    body = visit(0, kind="accusation", channel="letter", accused_units=["330225100-cj"])
    receipt = (await intake.request("POST", PETITIONS, json=body)).json()
    (event,) = await intake.events()
    assert (event.data.petitioners, event.data.group) == (0, False)
    await intake.hear("intake.on-petition-registered", event)
    assert await intake.sent("letters") == []
    proposals = await intake.request("GET", f"{PETITIONS}/{uuid.UUID(receipt['id'])}/candidates")
    assert proposals.json() == []
