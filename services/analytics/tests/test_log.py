"""The event log replica keeps what it hears, also from newer nodes, and refuses what is no event."""

import json
import uuid
from typing import Any

import pytest
from services.analytics.tests.stories import Story, hear

from analytics.entries import entry_of, parse_any
from analytics.main import service
from kit.errors import Refused


def changed(**parts: Any) -> bytes:
    """An event as bytes, parts of it replaced."""
    return json.dumps({**json.loads(Story().registered().body()), **parts}).encode()


async def test_an_event_of_a_newer_node_is_kept_and_counts_nothing(start: Any) -> None:
    analytics = await start(service, path="33")
    body = changed(type="routing.case.reviewed.v1", data={"finding": "upheld"})
    async with analytics.runtime.database.transaction() as session:
        batch = [parse_any(body)]
        await analytics.consumer("analytics.on-event").handlers["*"](analytics.runtime, session, batch)
    (row,) = await analytics.rows("SELECT type, data FROM events")
    assert (row["type"], row["data"]) == ("routing.case.reviewed.v1", {"finding": "upheld"})
    assert not await analytics.rows("SELECT 1 FROM facts")


def test_fields_of_a_newer_minor_version_stay_in_the_log() -> None:
    data = {**json.loads(Story().registered().body())["data"], "of_tomorrow": 7}
    assert json.loads(entry_of(parse_any(changed(data=data))).data)["of_tomorrow"] == 7


async def test_an_event_heard_twice_stands_once_in_the_log(start: Any) -> None:
    analytics = await start(service, path="33")
    event = Story().registered()
    await hear(analytics, [event, event])
    await hear(analytics, [event])
    assert len(await analytics.rows("SELECT 1 FROM events")) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff",
        changed(data=None),
        changed(data=[1]),
        changed(data={"number": "XF1"}),
        changed(sequence="one"),
        changed(source="/nodes/33/intake/../.."),
        changed(type="routing.case.reviewed.v1", data={"text": "\x00"}),
        changed(type="routing.case.reviewed.v1", data={"n": float("nan")}),
        changed(subject="not-a-uuid"),
    ],
)
def test_what_is_no_event_is_refused_with_a_reason_but_no_value(body: bytes) -> None:
    with pytest.raises(Refused, match="message-unreadable") as caught:
        parse_any(body)
    assert "XF" not in str(caught.value)


def test_an_ordinary_event_is_not_refused() -> None:
    assert parse_any(changed(id=str(uuid.uuid4()))).type == "intake.petition.registered.v1"
