"""What accuses a unit is kept from it and from those below it (Art 30): no step is told, and nothing is counted."""

from typing import Any

import pytest
from services.analytics.tests.stories import Story, hear
from tests.support.nodes import token
from tests.support.running import Running

from analytics.main import service

STATISTICS = "/api/analytics/v1/statistics"
# who may read the whole county, as some accounts do
ACCUSED, BELOW, DEPARTMENT = "330225100-xf", "330225100-cj", "330225-js"
BESIDE, ABOVE = "330225101-xf", "330225-xf"


def of_county(unit: str) -> str:
    return token(unit, "33.02.25", ["handler", "analyst"])


async def told(analytics: Running, unit: str, story: Story) -> int:
    path = f"/api/analytics/v1/petitions/{story.id}/events"
    return (await analytics.request("GET", path, who=of_county(unit))).status_code


async def counted(analytics: Running, unit: str, region: str) -> dict[str, Any]:
    answer = await analytics.request("GET", STATISTICS, params={"region": region}, who=of_county(unit))
    figures: dict[str, Any] = answer.json()
    return figures


@pytest.mark.parametrize("unit", [ACCUSED, BELOW])
async def test_no_step_is_told_to_the_accused_unit_or_one_below_it(start: Any, unit: str) -> None:
    analytics = await start(service, path="33.02.25")
    kept, plain = Story(kind="accusation", accused=(ACCUSED,)), Story()
    await hear(analytics, [*kept.events(), *plain.events()])
    assert (await told(analytics, unit, kept), await told(analytics, unit, plain)) == (404, 200)
    for other in (BESIDE, DEPARTMENT, ABOVE):
        assert await told(analytics, other, kept) == 200


@pytest.mark.parametrize("unit", [ACCUSED, BELOW])
async def test_it_is_counted_for_others_and_not_for_them(start: Any, unit: str) -> None:
    analytics = await start(service, path="33.02.25")
    kept = Story(kind="accusation", channel="visit", accused=(ACCUSED,), actions=("open", "accept", "close"))
    await hear(analytics, [*kept.events(), *Story().events(), *Story(region="33.02.25.101").events()])
    theirs, full = await counted(analytics, unit, "33.02.25"), await counted(analytics, BESIDE, "33.02.25")
    assert (theirs["totals"]["registered"], full["totals"]["registered"]) == (2, 3)
    assert (theirs["totals"]["closed"], full["totals"]["closed"]) == (0, 1)
    assert (theirs["by_kind"], full["by_kind"]) == ({"appeal": 2}, {"accusation": 1, "appeal": 2})
    assert (theirs["by_channel"], theirs["by_step"]["closed"]) == ({"letter": 2}, 0)
    for figures in (theirs, full):  # what is shown of the whole and of its parts still adds up
        parts = sum(child["totals"]["registered"] for child in figures["children"])
        assert parts + figures["own"]["totals"]["registered"] == figures["totals"]["registered"]
    assert (await counted(analytics, unit, "33.02.25.100"))["by_kind"] == {"appeal": 1}


@pytest.mark.parametrize("late", [True, False])
async def test_what_is_learned_of_a_petition_later_is_counted_and_kept_as_if_known(start: Any, late: bool) -> None:
    analytics = await start(service, path="33.02.25")
    story = Story(actions=("open", "screen"), case_accused=(ACCUSED,))
    registered, *of_case = story.events()
    turned = [
        event.model_copy(update={"data": event.data.model_copy(update={"kind": "accusation"})}) for event in of_case
    ]
    events = [registered, *turned]
    await hear(analytics, events if late else events[::-1])
    assert (await counted(analytics, BESIDE, "33.02.25"))["by_kind"] == {"accusation": 1}
    assert (await counted(analytics, BELOW, "33.02.25"))["totals"]["registered"] == 0
    assert (await told(analytics, BELOW, story), await told(analytics, BESIDE, story)) == (404, 200)


async def test_a_region_of_which_nothing_else_is_known_is_not_named(start: Any) -> None:
    analytics = await start(service, path="33.02.25")
    await hear(analytics, Story(accused=(ACCUSED,)).events())
    assert (await counted(analytics, BELOW, "33.02.25"))["children"] == []
    assert [child["region"] for child in (await counted(analytics, ABOVE, "33.02.25"))["children"]] == ["33.02.25.100"]
