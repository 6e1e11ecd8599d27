"""保密: the steps of a confidential case are for who has to do with it; it is counted for all; docs/adr/0019."""

from itertools import permutations
from typing import Any

import pytest
from services.analytics.tests.stories import Story, hear
from tests.support.confidence import OPEN, TOWNSHIP, readable_by
from tests.support.nodes import token
from tests.support.running import Running

from analytics.main import service

ROLES = ["handler", "analyst"]
READERS = [token("330225100-xf", "33.02.25.100", ROLES), token("330225-xf", "33.02.25", ["leader", "analyst"])]
# who may read the whole county, as some accounts do: another township, a station, the clerk of the office above
OTHERS = [token(unit, "33.02.25", ROLES) for unit in ("330225101-xf", "330225100-cj", "330225-xf")]


async def told(analytics: Running, story: Story, who: str) -> int:
    return (await analytics.request("GET", f"/api/analytics/v1/petitions/{story.id}/events", who=who)).status_code


@pytest.mark.parametrize(("readers", "others"), [(None, 200), (TOWNSHIP, 404), (OPEN, 200)])
async def test_its_steps_are_told_to_its_readers_alone_and_it_is_counted(
    start: Any, readers: tuple[str, ...] | None, others: int
) -> None:
    analytics, story = await start(service, path="33.02.25"), Story()
    registered, opened = story.events()
    await hear(analytics, [registered, readable_by(opened, readers)])
    assert [await told(analytics, story, who) for who in (*READERS, *OTHERS)] == [200, 200, *[others] * 3]
    asked = {"region": "33.02.25"}
    for who in (READERS[1], *OTHERS):
        figures = (await analytics.request("GET", "/api/analytics/v1/statistics", params=asked, who=who)).json()
        assert figures["totals"]["registered"] == 1


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_in_any_order_the_last_that_names_readers_counts(start: Any, order: tuple[int, ...]) -> None:
    analytics, story = await start(service, path="33.02.25"), Story(actions=("open", "screen", "accept"))
    registered, *of_case = story.events()
    named = [readable_by(event, readers) for event, readers in zip(of_case, (OPEN, TOWNSHIP, None), strict=True)]
    await hear(analytics, [registered])
    for place in order:
        await hear(analytics, [named[place]])
    assert [await told(analytics, story, who) for who in (*READERS, *OTHERS)] == [200, 200, 404, 404, 404]
