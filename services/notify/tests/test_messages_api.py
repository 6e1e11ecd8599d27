"""Who may read that a petitioner was told."""

from typing import Any

import pytest
from services.notify.tests.sms import send_all
from services.notify.tests.stories import PHONE, Story, hear
from tests.support.nodes import token

from notify.main import service

MESSAGES = "/api/notify/v1/messages"


async def test_messages_show_a_masked_phone_and_never_the_text(start: Any) -> None:
    notify = await start(service)
    story = Story(actions=("open", "accept"))
    await hear(notify, story.contact(), *story.case())
    await send_all(notify)
    answer = await notify.request("GET", f"{MESSAGES}?petition_id={story.id}")
    items = answer.json()["items"]
    assert [(item["template"], item["status"], item["phone"]) for item in items] == [
        ("accepted", "sent", "138****5678"),
        ("registered", "sent", "138****5678"),
    ]
    assert {item["number"] for item in items} == {story.number}
    for secret in (PHONE, story.query_code):
        assert secret not in answer.text


async def test_only_regions_that_registered_or_held_the_petition_see_its_messages(start: Any) -> None:
    notify = await start(service)
    story = Story(regions=("33.02.25.100", "33.02.26"))
    await hear(notify, story.contact(), *story.case())
    seen = {"33": 1, "33.02": 1, "33.02.25": 1, "33.02.25.100": 1, "33.02.26": 1, "33.02.25.101": 0, "33.03": 0}
    for region, count in seen.items():
        answer = await notify.request("GET", MESSAGES, who=token(f"{region}-x", region, ["clerk"]))
        assert len(answer.json()["items"]) == count, region


async def test_the_accused_unit_sees_no_message(start: Any) -> None:
    notify = await start(service)
    story = Story(accused=("330225100-cj",))
    await hear(notify, story.contact(), *story.case())
    for unit, count in (("330225100-cj", 0), ("330225100-xf", 1)):
        answer = await notify.request("GET", MESSAGES, who=token(unit, "33.02.25.100", ["handler"]))
        assert len(answer.json()["items"]) == count


async def test_before_it_is_known_who_is_accused_nobody_sees_a_message(start: Any) -> None:
    notify = await start(service)
    story = Story(accused=("330225100-cj",))
    await hear(notify, story.contact())
    assert (await notify.request("GET", MESSAGES)).json()["items"] == []
    await hear(notify, *story.case())
    assert len((await notify.request("GET", MESSAGES)).json()["items"]) == 1


async def test_pages_show_every_message_once_newest_first(start: Any) -> None:
    notify = await start(service)
    stories = [Story() for _ in range(5)]
    for story in stories:
        await hear(notify, story.contact(), *story.case())
    seen: list[str] = []
    page: dict[str, Any] = {"next": None}
    while page["next"] or not seen:
        query = {"limit": 2, **({"cursor": page["next"]} if page["next"] else {})}
        page = (await notify.request("GET", MESSAGES, params=query)).json()
        seen += [item["number"] for item in page["items"]]
    assert seen == [story.number for story in reversed(stories)]


@pytest.mark.parametrize("role", ["clerk", "handler", "leader", "supervisor"])
async def test_these_roles_may_read(start: Any, role: str) -> None:
    notify = await start(service)
    assert (await notify.request("GET", MESSAGES, who=token(roles=[role]))).status_code == 200


async def test_others_may_not(start: Any) -> None:
    notify = await start(service)
    assert (await notify.request("GET", MESSAGES, who=token(roles=["analyst"]))).status_code == 403
    assert (await notify.request("GET", MESSAGES, who=None)).status_code == 401


@pytest.mark.parametrize("query", ["petition_id=x", "limit=0", "limit=201", "cursor=%00", "cursor=" + "a" * 65])
async def test_bad_input_is_told_by_field(start: Any, query: str) -> None:
    notify = await start(service)
    answer = await notify.request("GET", f"{MESSAGES}?{query}")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:xinqiao:problem:invalid-input")
