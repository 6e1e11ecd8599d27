"""Returns for revision are counted for each unit and month, and one too many is told once (domain rules, states)."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from services.routing.tests.test_proposals import opened
from tests.support.running import Running, told

from contracts.envelope import Envelope
from contracts.events import LastAction
from routing.main import service
from routing.revisions import month_of

COUNTY = "33.02.25"


@pytest.fixture
async def routing(start: Any) -> Running:
    first: Running = await start(service, path=COUNTY)
    services = {"routing": {"returns_per_month": 3}}
    again: Running = await start(
        service, path=COUNTY, settings=first.runtime.settings.model_copy(update={"services": services})
    )
    return again


def returned(case: Envelope, at: str, node: str = COUNTY) -> Envelope:
    last = LastAction(action="return-draft", unit=case.data.holder_unit, at=datetime.fromisoformat(at))
    state = case.data.model_copy(update={"last": last})
    return told("routing.case.opinion-returned.v1", state, subject=uuid.uuid4(), node=node)


async def alarms(routing: Running) -> list[tuple[str, str]]:
    events = [event for event in await routing.events() if event.type == "routing.clock.warned.v1"]
    return [(event.data.clock, event.data.holder_unit) for event in events]


async def test_the_third_return_of_a_unit_in_a_month_is_told_and_no_other(routing: Running) -> None:
    case = await opened(routing)
    for day, expected in ((5, 0), (9, 0), (20, 1), (21, 1)):
        await routing.hear("routing.on-opinion-returned", returned(case, f"2026-01-{day:02d}T02:00:00Z"))
        assert len(await alarms(routing)) == expected
    assert await alarms(routing) == [("returned-for-revision-too-often", case.data.holder_unit)]


async def test_units_months_and_nodes_are_counted_apart(routing: Running) -> None:
    one, other = await opened(routing), await opened(routing, "330225-js", COUNTY)
    month, next_month = "2026-01-31T15:59:00Z", "2026-01-31T16:00:00Z"  # midnight in China lies between
    heard = [returned(one, month), returned(one, month), returned(one, next_month), returned(other, month)]
    heard += [returned(one, month, node="33.02.25.100")]
    await routing.hear("routing.on-opinion-returned", *heard)
    assert await alarms(routing) == []
    rows = await routing.rows("SELECT unit, month, returns FROM revision_returns ORDER BY unit, month")
    assert [tuple(row) for row in rows] == [
        ("330225-js", "2026-01", 1), (one.data.holder_unit, "2026-01", 2), (one.data.holder_unit, "2026-02", 1),
    ]  # fmt: skip


async def test_the_alarm_gives_no_cause_to_supervise_a_case(routing: Running) -> None:
    case = await opened(routing)
    await routing.hear("routing.on-opinion-returned", *[returned(case, "2026-01-05T02:00:00Z")] * 3)
    await routing.hear("routing.on-trigger", (await routing.events())[-1])
    assert await routing.rows("SELECT 1 FROM proposals") == []


def test_the_month_is_that_in_china() -> None:
    assert month_of(datetime(2026, 1, 31, 16, tzinfo=UTC)) == "2026-02"
