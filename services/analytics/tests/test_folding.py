"""Any order, any repetition, any cut into batches: the same facts and the right figures."""

import asyncio
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.analytics.tests.stories import HAPPENED, REGIONS, Story, adds_up, expected, hear
from tests.support.nodes import token
from tests.support.running import Running

from analytics import usecases
from analytics.main import service

PROVINCE = token("330000-xf", "33", ["analyst"])

STORY = st.builds(
    Story,
    region=st.sampled_from(REGIONS),
    channel=st.sampled_from(["letter", "web", "a-channel-of-tomorrow"]),
    kind=st.sampled_from(["appeal", "accusation"]),
    actions=st.lists(st.sampled_from(sorted(HAPPENED)), max_size=6),
    nodes=st.lists(st.sampled_from(REGIONS), min_size=1, max_size=3),
    accused=st.sampled_from([(), ("330225-js",)]),
    id=st.uuids(version=4),
)


async def figures_of(analytics: Running, region: str) -> dict[str, Any]:
    """The answer without its freshness."""
    answer = await analytics.request("GET", f"/api/analytics/v1/statistics?region={region}", who=PROVINCE)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    for part in (found, *found["children"]):
        part.pop("as_of")
    found.pop("lag_seconds")
    return found


async def facts_of(analytics: Running) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await analytics.rows("SELECT * FROM facts ORDER BY id")]


async def clear(analytics: Running) -> None:
    await analytics.rows("TRUNCATE events, facts, rollups, freshness")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories=st.lists(STORY, max_size=5, unique_by=lambda story: story.id), chance=st.randoms(use_true_random=False))
async def test_order_repetition_and_batches_change_nothing(start: Any, stories: list[Story], chance: Random) -> None:
    analytics = await start_once(start)
    events = [event for story in stories for event in story.events()]
    for event in events:
        await hear(analytics, [event])
    straight = await facts_of(analytics)
    await clear(analytics)

    shuffled = events + chance.choices(events, k=len(events) // 2) if events else []
    chance.shuffle(shuffled)
    while shuffled:
        size = chance.randint(1, 8)
        await hear(analytics, shuffled[:size])
        shuffled = shuffled[size:]
    assert await facts_of(analytics) == straight
    for region in REGIONS:
        found = await figures_of(analytics, region)
        assert found == expected(region, stories)
        assert adds_up(found)


async def start_once(start: Any) -> Running:
    """One database for all examples of a test, emptied for each."""
    analytics: Running | None = getattr(start, "begun", None)
    if analytics is None:
        analytics = await start(service, path="33")
        start.begun = analytics
    await clear(analytics)
    return analytics


async def test_batches_at_the_same_time_neither_lose_nor_double_a_petition(start: Any) -> None:
    analytics = await start(service, path="33")
    actions = ("open", "transfer", "receive", "accept", "approve", "close")
    stories = [Story(region=REGIONS[number % 7], actions=actions[: number % 7]) for number in range(60)]
    await hear(analytics, [story.registered() for story in stories[:30]])  # known before, and all new
    events = [event for story in stories for event in story.events()]
    Random(4).shuffle(events)
    await asyncio.gather(*(hear(analytics, events[part::8]) for part in range(8)))
    for region in REGIONS:
        assert await figures_of(analytics, region) == expected(region, stories)
    slots = await analytics.rows("SELECT DISTINCT slot FROM rollups")
    assert len(slots) > 1, "the batches waited for each other instead of counting side by side"


async def test_a_case_heard_before_its_petition_is_counted_once(start: Any) -> None:
    analytics = await start(service, path="33")
    story = Story(actions=("open", "accept"))
    for event in reversed(story.events()):
        await hear(analytics, [event])
        assert await figures_of(analytics, "33") == expected("33", [story])


async def test_a_rebuild_brings_spoiled_facts_and_figures_back(start: Any) -> None:
    analytics = await start(service, path="33")
    stories = [Story(region=region, actions=("open", "transfer", "receive", "accept")) for region in REGIONS]
    await hear(analytics, [event for story in stories for event in story.events()])
    right, figures = await facts_of(analytics), await figures_of(analytics, "33")
    await analytics.rows("UPDATE facts SET channel = 'spoiled', accepted_at = NULL")
    await analytics.rows("INSERT INTO facts (id, region) VALUES (gen_random_uuid(), '33.02')")
    await analytics.rows("DELETE FROM facts WHERE id = $1", stories[0].id)
    await analytics.rows("UPDATE rollups SET petitions = petitions + 7")
    assert await figures_of(analytics, "33") != figures, "the check would not notice spoiled figures"
    assert await usecases.rebuild(analytics.runtime) == len(stories)
    assert await facts_of(analytics) == right
    assert await figures_of(analytics, "33") == figures == expected("33", stories)


async def test_a_rebuild_during_work_counts_what_comes_meanwhile(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usecases, "CHUNK", 3)
    analytics = await start(service, path="33")
    stories = [Story(region=REGIONS[number % 7], actions=("open", "accept")) for number in range(40)]
    events = [event for story in stories for event in story.events()]
    await hear(analytics, events[:60])

    async def go_on() -> None:
        for event in events[60:]:
            await hear(analytics, [event])

    await asyncio.gather(go_on(), usecases.rebuild(analytics.runtime))
    assert await figures_of(analytics, "33") == expected("33", stories)


def test_figures_that_do_not_add_up_are_noticed() -> None:
    answer = expected("33", [Story(), Story(region="33")])
    assert adds_up(answer)
    answer["children"][0]["by_step"]["registered"] += 1
    assert not adds_up(answer)
