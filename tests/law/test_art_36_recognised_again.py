"""Art 36: what has gone through re-review is no longer accepted, whichever office it is brought to next."""

from typing import Any

from services.intake.tests.linked import AGAIN, hear_state, opened, petition, register

from intake.main import service
from tests.support.nodes import token
from tests.support.running import Running

COUNTY, CITY, TOWNSHIP = "33.02.25", "33.02", "33.02.25.100"


async def carry(sender: Running, receivers: dict[str, Running]) -> set[str]:
    """Bring every letter to the intake it is for; returns the nodes that got one."""
    reached = set()
    for row in await sender.sent("letters"):
        to = row["routing_key"].removeprefix("letter.").removesuffix(".intake")
        if to not in receivers:
            continue
        await receivers[to].hear("intake.letters", opened(row["body"], receivers[to].runtime.settings))
        reached.add(to)
    return reached


async def test_a_terminated_matter_raised_again_at_another_tier_is_recognised(start: Any) -> None:
    township = await start(service, path=TOWNSHIP)
    county, city = await start(service, path=COUNTY), await start(service, path=CITY)
    receipt = await register(township)
    for node in (township, county, city):
        await hear_state(node, receipt, "terminated")
    assert await carry(township, {COUNTY: county, CITY: city}) == {COUNTY, CITY}
    for node, who in ((county, token("330225-xf", COUNTY)), (city, token("330200-xf", CITY))):
        asked = {**petition(**AGAIN), "petitioners": [{"id_number": "110101199003074258"}]}
        body = {key: asked[key] for key in ("title", "content", "petitioners")}
        answer = await node.request("POST", "/api/intake/v1/petitions/candidates", who=who, json=body)
        (proposal,) = answer.json()
        assert (proposal["number"], proposal["likely"], proposal["terminated"]) == (receipt["number"], True, True)
        assert "不再受理" in proposal["advice"]["zh"]
        await register(node, who, **AGAIN, repeat_of=receipt["id"])
        assert (await node.events())[-1].data.terminated_before


async def test_a_matter_that_was_not_terminated_stays_where_it_is(start: Any) -> None:
    township = await start(service, path=TOWNSHIP)
    receipt = await register(township)
    await hear_state(township, receipt, "closed")
    assert await township.sent("letters") == []
