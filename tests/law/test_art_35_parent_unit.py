"""信访工作条例 第三十五条: a review is asked of the unit above the one whose opinion it is, and of no other."""

from typing import Any

import pytest
from services.routing.tests.test_cases import LEADER, OFFICE, TOWN_HERE, do, filed, opened

from routing.main import service
from tests.support.nodes import token
from tests.support.running import Running

COUNTY, CITY = "330225-xf", "330200-xf"
TOWN_LEADER = token("330225101-xf", "33.02.25.101", ["leader"], subject="town.leader")
BUREAU = token("330225-js", "33.02.25", ["clerk", "handler"])
BUREAU_LEADER = token("330225-js", "33.02.25", ["leader"], subject="bureau.leader")


async def served(routing: Running, handler: str, leader: str, unit: str) -> tuple[str, int]:
    """A case with the opinion of a unit served; its version."""
    case, version = await opened(routing), 1
    if unit != COUNTY:
        await do(routing, case, "transfer", version=1, to_unit=unit)
        await do(routing, case, "receive", handler, version=2)
        version = 3
    await do(routing, case, "accept", handler, version=version)
    body = {"outcome": "support", "papers": [await filed(routing, case, "opinion", unit)]}
    await do(routing, case, "submit", handler, version=version + 1, **body)
    await do(routing, case, "approve", leader, version=version + 2)
    done = await do(routing, case, "serve", handler, version=version + 3, fields={"method": "in-person"})
    assert done.json().get("state") == "served", done.text
    return case, version + 4


@pytest.mark.parametrize(
    ("handler", "leader", "unit", "parent"),
    [
        (TOWN_HERE, TOWN_LEADER, "330225101-xf", COUNTY),  # of a township the county
        (BUREAU, BUREAU_LEADER, "330225-js", COUNTY),  # of a department the office of its region
        (OFFICE, LEADER, COUNTY, CITY),  # of an office the one above it, at another node
    ],
)
async def test_only_the_unit_above_the_handler_can_be_asked(
    start: Any, handler: str, leader: str, unit: str, parent: str
) -> None:
    routing = await start(service, path="33.02.25")
    case, version = await served(routing, handler, leader, unit)
    asked = {"version": version, "fields": {"by": "petitioner"}}
    others = {"330000-xf", CITY, COUNTY, "330225-js", "330225101-xf", "330226-xf", "330225100-cj"} - {parent}
    for other in sorted(others):
        refused = await do(routing, case, "request-review", handler, **asked, to_unit=other)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:xinqiao:problem:not-the-parent-unit")
        assert refused.json()["parent"] == parent
    granted = (await do(routing, case, "request-review", handler, **asked, to_unit=parent)).json()
    assert (granted["state"], granted["holder_unit"], granted["stage"]) == ("offered", parent, "review")


async def test_the_unit_above_need_not_be_named(start: Any) -> None:
    routing = await start(service, path="33.02.25")
    case, version = await served(routing, TOWN_HERE, TOWN_LEADER, "330225101-xf")
    body = {"version": version, "fields": {"by": "petitioner"}}
    assert (await do(routing, case, "request-review", TOWN_HERE, **body)).json()["holder_unit"] == COUNTY


async def test_a_unit_that_reviews_hands_the_case_to_nobody_else(start: Any) -> None:
    routing = await start(service, path="33.02.25")
    case, version = await served(routing, TOWN_HERE, TOWN_LEADER, "330225101-xf")
    await do(routing, case, "request-review", TOWN_HERE, version=version, fields={"by": "petitioner"})
    await do(routing, case, "receive", version=version + 1)
    refused = await do(routing, case, "transfer", version=version + 2, to_unit="330225-js")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:xinqiao:problem:not-in-review")
