"""Each petitioner is told each stage once, whatever comes first, and nothing of it lies about in clear."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.notify.tests.stories import HAPPENED, NOW, PHONE, STAGES, Story, hear, messages
from tests.support.running import Running

from contracts.events import Clock
from kit.errors import Refused
from notify.main import service


async def templates_of(notify: Running, story: Story) -> list[str]:
    query = "SELECT template FROM messages WHERE petition_id = $1 ORDER BY template"
    return [row["template"] for row in await notify.rows(query, story.id)]


async def test_a_contact_makes_the_message_with_number_and_query_code(start: Any) -> None:
    notify = await start(service)
    await hear(notify, Story().contact())
    assert await messages(notify) == [("registered", "queued")]


async def test_the_petitioner_is_told_what_was_decided_and_nothing_between(start: Any) -> None:
    notify = await start(service)
    story = Story(actions=("open", "screen", "transfer", "receive", "accept", "approve", "serve", "close"))
    await hear(notify, story.contact(), *story.case())
    assert await templates_of(notify, story) == [
        "accepted", "closed", "handed-over", "opinion-served", "received", "registered",
    ]  # fmt: skip


async def test_who_may_rate_is_asked_to_with_the_end_of_the_case_and_told_how(start: Any) -> None:
    notify = await start(service)
    rated, other = Story(actions=("open", "close")), Story(actions=("open", "close"))
    opened, closed = rated.case()
    clock = Clock(name="evaluation", started_at=NOW, due_at=NOW + timedelta(days=30))
    asked = closed.model_copy(update={"data": closed.data.model_copy(update={"clocks": [clock]})})
    await hear(notify, rated.contact(), opened, asked, asked, other.contact(), *other.case())
    assert await templates_of(notify, rated) == ["closed", "evaluation-asked", "registered"]
    assert await templates_of(notify, other) == ["closed", "registered"]


@pytest.mark.parametrize("action", sorted(STAGES))
async def test_each_of_these_steps_is_told(start: Any, action: str) -> None:
    notify = await start(service)
    story = Story(actions=("open", action))
    await hear(notify, story.contact(), *story.case())
    assert await templates_of(notify, story) == sorted(["registered", STAGES[action]])


async def test_only_the_first_receipt_is_told(start: Any) -> None:
    notify = await start(service)
    story = Story(actions=("open", "transfer", "receive", "transfer", "receive"))
    await hear(notify, story.contact(), *story.case())
    assert await templates_of(notify, story) == ["handed-over", "received", "registered"]


async def test_review_and_re_review_are_told_each_in_its_own_words(start: Any) -> None:
    notify = await start(service)
    once = ("request-review", "receive", "serve", "close")
    story = Story(
        actions=("open", "serve", "close", *once, *once),
        stages=("handling",) * 3 + ("review",) * 4 + ("re-review",) * 4,
    )
    await hear(notify, story.contact(), *story.case(), *story.case())
    assert await templates_of(notify, story) == sorted([
        "registered", "opinion-served", "closed",
        "review-requested", "received", "review-opinion-served", "closed",
        "re-review-review-requested", "received", "re-review-opinion-served", "closed",
    ])  # fmt: skip


async def test_what_was_reached_in_a_review_before_the_contact_came_is_told_then(start: Any) -> None:
    notify = await start(service)
    story = Story(actions=("serve", "request-review", "serve"), stages=("handling", "review", "review"))
    await hear(notify, *story.case())
    await hear(notify, story.contact())
    assert await templates_of(notify, story) == [
        "opinion-served", "registered", "review-opinion-served", "review-requested",
    ]  # fmt: skip


async def test_stages_reached_before_the_contact_came_are_told_then(start: Any) -> None:
    notify = await start(service)
    story = Story(actions=("open", "accept", "close"))
    await hear(notify, *story.case())
    assert await templates_of(notify, story) == []
    await hear(notify, story.contact())
    assert await templates_of(notify, story) == story.expected()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    stories=st.lists(
        st.builds(Story, actions=st.lists(st.sampled_from(sorted(HAPPENED)), max_size=6), id=st.uuids(version=4)),
        max_size=3,
        unique_by=lambda story: story.id,
    ),
    chance=st.randoms(use_true_random=False),
)
async def test_any_order_and_repetition_tells_each_stage_once(start: Any, stories: list[Story], chance: Random) -> None:
    notify = getattr(start, "begun", None) or await start(service)
    start.begun = notify
    stories = [replace(story, id=uuid4()) for story in stories]  # examples share the database
    told = [message for story in stories for message in (story.contact(), *story.case())]
    told += chance.choices(told, k=len(told)) if told else []
    chance.shuffle(told)
    await hear(notify, *told)
    for story in stories:
        assert await templates_of(notify, story) == story.expected()


async def test_contact_and_case_heard_at_the_same_instant_miss_nothing(start: Any) -> None:
    notify = await start(service)
    stories = [Story(actions=("open", "accept", "close")) for _ in range(40)]
    await asyncio.gather(
        notify.hear("notify.letters", *(story.contact() for story in stories)),
        *(notify.hear("notify.on-case", story.case()[turn]) for turn in (1, 2) for story in reversed(stories)),
    )
    for story in stories:
        assert await templates_of(notify, story) == ["accepted", "closed", "registered"]


async def test_progress_at_another_node_of_a_petition_registered_here_is_told(start: Any) -> None:
    notify = await start(service)
    story = Story(actions=("open", "accept"), nodes=("33.02.25.100", "33.02.25"), by="33.02.25")
    await hear(notify, story.contact(), *story.case())
    assert await templates_of(notify, story) == ["accepted", "registered"]


async def test_petitions_registered_at_other_nodes_leave_nothing_here(start: Any) -> None:
    notify = await start(service, path="33.02.25")
    await hear(notify, *Story(actions=("open", "accept", "close")).case())
    for table in ("petitions", "stages", "petition_scopes", "messages"):
        assert await notify.rows(f"SELECT 1 FROM {table}") == []  # noqa: S608 - names from the line above


async def test_a_contact_from_another_node_is_refused(start: Any) -> None:
    notify = await start(service)
    with pytest.raises(Refused, match="sender-outside-link"):
        await hear(notify, Story().contact(node="33.02.25"))
    assert await messages(notify) == []


async def test_neither_phone_nor_query_code_is_stored_in_clear(start: Any) -> None:
    notify = await start(service)
    story = Story(actions=("open", "accept"))
    await hear(notify, story.contact(), *story.case())
    stored = await everything(notify)
    assert story.number in stored, "the search would find nothing at all"
    for secret in (PHONE, story.query_code):
        assert secret not in stored
        assert secret.encode().hex() not in stored


async def everything(notify: Running) -> str:
    """All rows of all tables as text; bytes as hexadecimal."""
    tables = await notify.rows(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    rows = [await notify.rows(f"SELECT t::text FROM {table['relname']} AS t") for table in tables]  # noqa: S608 - its own names
    return "\n".join(row[0] for found in rows for row in found)
