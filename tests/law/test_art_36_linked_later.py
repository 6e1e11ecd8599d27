"""Art 36: that a matter went through re-review may be found when the petition is registered and handed on already."""

from typing import Any

from services.intake.tests.linked import AGAIN, hear_state, register
from services.routing.tests.test_cases import do

from intake.main import service as intake
from routing.main import service as routing
from tests.support.couriers import Couriers
from tests.support.nodes import token
from tests.support.papers import filed
from tests.support.running import Running

COUNTY, TOWNSHIP = "33.02.25", "33.02.25.100"
OFFICE, TOWN = token("330225-xf", COUNTY), token("330225100-xf", TOWNSHIP)


class Tiers:
    """Register and routing of a county and a township."""

    def __init__(self, services: dict[tuple[str, str], Running]) -> None:
        self.county, self.township = services["intake", COUNTY], services["intake", TOWNSHIP]
        self.county_cases, self.township_cases = services["routing", COUNTY], services["routing", TOWNSHIP]
        self.carry = Couriers(*services.values()).carry

    async def concluded(self) -> str:
        """A matter of the county that went through re-review."""
        receipt = await register(self.county, OFFICE)
        await self.carry()
        await hear_state(self.county, receipt, "terminated", 50)
        return str(receipt["id"])

    async def link(self, petition: str, earlier: str) -> None:
        await self._change(petition, "link-repeat", {"repeat_of": earlier, "reason": "同一人同一事项"})

    async def unlink(self, petition: str) -> None:
        await self._change(petition, "unlink-repeat", {"reason": "不是同一事项"})

    async def _change(self, petition: str, change: str, body: dict[str, str]) -> None:
        path = f"/api/intake/v1/petitions/{petition}/{change}"
        answer = await self.county.request("POST", path, who=OFFICE, json=body)
        assert answer.status_code in {200, 202}, answer.text
        await self.carry()

    async def handed_down(self, *, received: bool = True) -> str:
        """A petition of the county that a township has signed for."""
        receipt = await register(self.county, OFFICE, route=6, **AGAIN)
        await self.carry()
        sent = await do(self.county_cases, receipt["id"], "transfer", OFFICE, version=1, to_unit="330225100-xf")
        assert sent.status_code == 200, sent.text
        if received:
            await self.carry()
            await do(self.township_cases, receipt["id"], "receive", TOWN, version=2)
            await self.carry()
        return str(receipt["id"])

    async def shown(self, case: str) -> dict[str, Any]:
        answer = await self.township_cases.request("GET", f"/api/routing/v1/cases/{case}", who=TOWN)
        found: dict[str, Any] = answer.json()
        return found

    async def refuse_again(self, case: str) -> Any:
        await filed(self.township_cases, case, "refusal-again-notice", "330225100-xf")
        version = (await self.shown(case))["version"]
        fields = {"concluded_number": "XF330225202601050000035"}
        return await do(self.township_cases, case, "refuse-again", TOWN, version=version, fields=fields)


async def tiers(start: Any) -> Tiers:
    parts = [(service, path) for service in (intake, routing) for path in (COUNTY, TOWNSHIP)]
    return Tiers({(service.name, path): await start(service, path=path) for service, path in parts})


def slug(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


async def test_a_case_that_went_down_is_no_longer_accepted_when_the_county_recognises_it(start: Any) -> None:
    there = await tiers(start)
    earlier, case = await there.concluded(), await there.handed_down()
    assert "accept" in allowed(await there.shown(case))
    await there.link(case, earlier)
    shown = await there.shown(case)
    assert (shown["timeline"][-1]["action"], shown["state"]) == ("recognise", "received")
    assert slug(await do(there.township_cases, case, "accept", TOWN, version=shown["version"])) == (
        "not-terminated-before"
    )
    answer = await there.refuse_again(case)
    assert (answer.status_code, answer.json()["state"]) == (200, "not-accepted-again")


async def test_a_petition_of_the_township_is_recognised_by_the_county_through_its_letter(start: Any) -> None:
    there = await tiers(start)
    earlier = await there.concluded()
    receipt = await register(there.township, TOWN, route=6, **AGAIN)
    await there.carry()
    await there.link(receipt["id"], earlier)
    assert "accept" not in allowed(await there.shown(receipt["id"]))
    assert (await there.refuse_again(receipt["id"])).json()["state"] == "not-accepted-again"


async def test_what_is_found_while_the_case_is_on_its_way_waits_for_it(start: Any) -> None:
    there = await tiers(start)
    earlier, case = await there.concluded(), await there.handed_down(received=False)
    await there.link(case, earlier)
    received = await do(there.township_cases, case, "receive", TOWN, version=(await there.shown(case))["version"])
    assert received.status_code == 200, received.text
    assert "accept" not in allowed(await there.shown(case))


async def test_unlinking_takes_it_back_while_nothing_was_decided(start: Any) -> None:
    there = await tiers(start)
    earlier, case = await there.concluded(), await there.handed_down()
    await there.link(case, earlier)
    await there.unlink(case)
    shown = await there.shown(case)
    assert shown["timeline"][-1]["action"] == "unrecognise"
    accepted = await do(there.township_cases, case, "accept", TOWN, version=shown["version"])
    assert accepted.json()["state"] == "accepted"


async def test_unlinking_changes_nothing_of_what_was_decided(start: Any) -> None:
    there = await tiers(start)
    earlier, case = await there.concluded(), await there.handed_down()
    await there.link(case, earlier)
    refused = (await there.refuse_again(case)).json()
    await there.carry()
    await there.unlink(case)
    shown = await there.shown(case)
    assert (shown["state"], shown["version"]) == ("not-accepted-again", refused["version"])


async def test_a_repeat_of_what_is_not_terminated_is_handled_as_any_other(start: Any) -> None:
    there = await tiers(start)
    receipt = await register(there.county, OFFICE)
    case = await there.handed_down()
    await there.link(case, receipt["id"])
    assert "accept" in allowed(await there.shown(case))


def allowed(shown: dict[str, Any]) -> set[str]:
    return {each["action"] for each in shown["actions"] if each["allowed"]}
