"""Art 22, 32: many say the same; each keeps the own number and gets the own answer, to be rated and reviewed."""

from typing import Any

from services.intake.tests.linked import PETITIONS, PUDDLE, register, status
from services.routing.tests.test_cases import do

from intake.main import service as intake
from notify.main import service as notify
from routing.main import service as routing
from tests.support.couriers import Couriers
from tests.support.nodes import token
from tests.support.papers import filed
from tests.support.running import Running

COUNTY = "33.02.25"
OFFICE = token("330225-xf", COUNTY)
LEADER = token("330225-xf", COUNTY, ["leader"], subject="county.leader")
MANY = 5


async def raised(register_: Running) -> list[dict[str, Any]]:
    """The same words by people who have nothing to do with each other."""
    return [
        await register(register_, OFFICE, route=6, petitioners=[{"name": f"村民{n}", "phone": f"1380000{n:04d}"}])
        for n in range(MANY)
    ]


async def serve(cases: Running, case: str) -> None:
    """Accept it, have an opinion approved, and serve that."""
    for version, action, who, more in (
        (1, "accept", OFFICE, {}), (2, "submit", OFFICE, {"outcome": "support"}), (3, "approve", LEADER, {}),
        (4, "serve", OFFICE, {"fields": {"method": "in-person"}}),
    ):  # fmt: skip
        papers = (
            {"papers": [await filed(cases, case, "opinion", "330225-xf", outcome="support")]}
            if action == "submit"
            else {}
        )
        answer = await do(cases, case, action, who, version=version, **more, **papers)
        assert answer.status_code == 200, answer.text


async def test_each_of_many_who_say_the_same_is_answered(start: Any) -> None:
    register_, cases, messages = [await start(service, path=COUNTY) for service in (intake, routing, notify)]
    couriers = Couriers(register_, cases, messages)
    lead, *others = receipts = await raised(register_)
    assert len({receipt["number"] for receipt in receipts}) == MANY
    await couriers.carry()
    body = {**PUDDLE, "petitioners": [{"phone": "13911112222"}]}
    proposed = await register_.request("POST", f"{PETITIONS}/candidates", who=OFFICE, json=body)
    assert {each["number"] for each in proposed.json()} == {receipt["number"] for receipt in receipts}
    for other in others:
        assert (await do(cases, other["id"], "merge", version=1, lead=lead["id"])).status_code == 200
    await serve(cases, lead["id"])
    await couriers.carry()
    for receipt in receipts:
        shown = (await status(register_, receipt)).json()
        assert (shown["number"], shown["state"], shown["merged"]) == (receipt["number"], "served", False)
        assert shown["may_rate_until"] is not None
        case = (await cases.request("GET", f"/api/routing/v1/cases/{receipt['id']}", who=OFFICE)).json()
        assert "request-review" in {each["action"] for each in case["actions"] if each["allowed"]}
    query = "SELECT p.number FROM messages m JOIN petitions p ON p.id = m.petition_id WHERE template = 'opinion-served'"
    told = [row["number"] for row in await messages.rows(query)]
    assert sorted(told) == sorted(receipt["number"] for receipt in receipts)
