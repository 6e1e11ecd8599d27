"""Statistics and steps over HTTP: who may see what, in what order, how fresh."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from services.analytics.tests.stories import NOW, Story, hear
from tests.support.nodes import token
from tests.support.running import Running, told

from analytics import domain
from analytics.main import service
from contracts.events import MessageState
from kit.clock import ManualClock

STATISTICS = "/api/analytics/v1/statistics"
TOWN = ("330225100-xf", "33.02.25.100")
COUNTY = ("330225-xf", "33.02.25")


def steps_path(story: Story) -> str:
    return f"/api/analytics/v1/petitions/{story.id}/events"


async def started(start: Any, *stories: Story, **options: Any) -> Running:
    analytics: Running = await start(service, path="33", **options)
    await hear(analytics, [event for story in stories for event in story.events()])
    return analytics


@pytest.mark.parametrize("role", ["analyst", "supervisor", "leader", "clerk", "handler"])
async def test_these_roles_read_the_figures_of_their_own_region(start: Any, role: str) -> None:
    analytics = await started(start, Story(), Story(region="33.02.25.101"), Story(region="33.03"))
    answer = await analytics.request("GET", STATISTICS, who=token(*COUNTY, [role]))
    assert (answer.json()["region"], answer.json()["totals"]["registered"]) == ("33.02.25", 2)


async def test_other_roles_and_strangers_read_nothing(start: Any) -> None:
    analytics = await started(start, Story())
    for who, status in ((token(*COUNTY, ["operator"]), 403), (None, 401)):
        assert (await analytics.request("GET", STATISTICS, who=who)).status_code == status


@pytest.mark.parametrize("region", ["33.02", "33", "33.02.26", "33.02.251", "33.03"])
async def test_a_region_outside_ones_own_is_refused(start: Any, region: str) -> None:
    analytics = await started(start, Story())
    answer = await analytics.request("GET", f"{STATISTICS}?region={region}", who=token(*COUNTY, ["analyst"]))
    assert answer.status_code in {403, 422}
    assert "totals" not in answer.json()


@pytest.mark.parametrize("region", ["x", "33.", "330225000000", "33.02%25", "33'--", "三三", "33.02.25.100.200.300"])
async def test_what_is_no_region_is_invalid_input(start: Any, region: str) -> None:
    analytics = await started(start)
    answer = await analytics.request("GET", STATISTICS, who=token("330000-xf", "33", ["analyst"]),
                                     params={"region": region})  # fmt: skip
    assert answer.json()["type"] == "urn:xinqiao:problem:invalid-input"


async def test_a_region_without_petitions_has_figures_of_nought(start: Any) -> None:
    analytics = await started(start)
    answer = (await analytics.request("GET", STATISTICS)).json()
    assert (answer["totals"]["registered"], answer["as_of"], answer["children"]) == (0, None, [])
    assert set(answer["by_step"].values()) == {0}


async def test_the_answer_says_how_fresh_it_is_for_each_child(start: Any) -> None:
    clock = ManualClock(NOW + timedelta(days=1))
    near = Story(actions=("open", "accept"), nodes=("33.02.25.100",))
    far = Story(region="33.03", actions=("open",), nodes=("33.03",))
    analytics = await started(start, near, far, clock=clock)
    answer = (await analytics.request("GET", STATISTICS, who=token("330000-xf", "33", ["analyst"]))).json()
    as_of = {child["region"]: child["as_of"] for child in answer["children"]}
    assert as_of == {"33.02": near.case()[-1].time.isoformat().replace("+00:00", "Z"),
                     "33.03": told_at(far)}  # fmt: skip
    assert answer["as_of"] == as_of["33.02"]
    assert answer["lag_seconds"] == (clock.now() - near.case()[-1].time).total_seconds()


def told_at(story: Story) -> str:
    """The newest moment of a story, as JSON shows it."""
    return max(event.time for event in story.events()).isoformat().replace("+00:00", "Z")


async def test_a_node_whose_clock_is_ahead_does_not_make_figures_look_fresh(start: Any) -> None:
    clock = ManualClock(NOW)
    analytics = await started(start, Story(actions=("open",)), clock=clock)  # told one hour later than now
    answer = (await analytics.request("GET", STATISTICS)).json()
    assert (answer["as_of"], answer["lag_seconds"]) == ("2026-01-05T00:00:00Z", 0.0)


async def test_the_steps_of_a_petition_are_shown_in_order(start: Any) -> None:
    story = Story(actions=("open", "transfer", "receive", "accept"), nodes=("33.02.25", "33.02.25.100"))
    analytics = await started(start, story)
    state = MessageState(message_id=uuid.uuid4(), template="registered", gateway="console", status="sent", at=NOW)
    await hear(analytics, [told("notify.message.sent.v1", state, subject=story.id)])
    steps = (await analytics.request("GET", steps_path(story))).json()
    kinds = [step["type"] for step in steps if step["type"].startswith("routing")]
    assert kinds == [f"routing.case.{kind}.v1" for kind in ("opened", "handed-over", "received", "accepted")]
    assert {step["zh"] for step in steps} > {"信访事项已登记", "已受理", "已告知信访人"}
    assert [step["unit"] for step in steps if step["zh"] == "已受理"] == ["33.02.25.100-xf"]


async def test_a_message_to_the_petitioner_is_one_step_whatever_became_of_it(start: Any) -> None:
    story = Story(actions=("open",))
    analytics = await started(start, story)
    arrived, lost, never = (uuid.uuid4() for _ in range(3))
    reached = [(arrived, 1, "sent"), (arrived, 2, "delivered"), (lost, 1, "unknown"), (lost, 2, "failed"),
               (never, 1, "expired")]  # fmt: skip
    for message, sequence, status in reversed(reached):
        state = MessageState(message_id=message, template="registered", gateway="g", status=status, at=NOW)
        await hear(analytics, [told("notify.message.sent.v1", state, subject=story.id, sequence=sequence)])
    steps = (await analytics.request("GET", steps_path(story))).json()
    assert [step["sequence"] for step in steps if step["zh"] == "已告知信访人"] == [1, 1]
    logged = await analytics.rows("SELECT FROM events WHERE type = 'notify.message.sent.v1'")
    assert len(logged) == len(reached), "nothing of what was told is lost"


async def test_only_regions_that_registered_or_held_a_petition_see_its_steps(start: Any) -> None:
    story = Story(region="33.02.25", actions=("open", "transfer"), nodes=("33.02.25", "33.02.25.100"))
    analytics = await started(start, story)
    seen = {"33": 200, "33.02": 200, "33.02.25": 200, "33.02.25.100": 200, "33.02.25.101": 404, "33.03": 404}
    for region, status in seen.items():
        answer = await analytics.request("GET", steps_path(story), who=token(f"{region}-x", region, ["clerk"]))
        assert answer.status_code == status, region
    unknown = await analytics.request("GET", steps_path(Story()), who=token(*COUNTY, ["clerk"]))
    assert unknown.status_code == 404


@pytest.mark.parametrize("story", [
    Story(kind="accusation", accused=("330225-js",)),
    Story(kind="accusation", accused=("330225-js",), actions=()),
    Story(kind="accusation", accused=("330225-js",), actions=("open",), case_accused=()),
])  # fmt: skip
async def test_the_accused_unit_sees_no_step_whichever_event_names_it(start: Any, story: Story) -> None:
    analytics = await started(start, story)
    accused = await analytics.request("GET", steps_path(story), who=token("330225-js", "33.02.25", ["handler"]))
    office = await analytics.request("GET", steps_path(story), who=token(*COUNTY, ["handler"]))
    assert (accused.status_code, office.status_code) == (404, 200)


def test_versions_of_a_case_keep_their_order_when_clocks_of_nodes_differ() -> None:
    story = Story(actions=("open", "transfer", "receive"))
    opened, offered, received = story.case()
    early = received.model_copy(update={"time": NOW - timedelta(minutes=5)})
    steps = [story.registered(), opened, offered, early]

    class Step:
        def __init__(self, event: Any) -> None:
            self.type, self.sequence, self.time = event.type, event.version, event.time

    ordered = domain.in_order([Step(step) for step in steps])
    assert [step.sequence for step in ordered if step.type.startswith("routing")] == [1, 2, 3]
    assert len(ordered) == 4
