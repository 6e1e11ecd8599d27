"""What a hand-over stopped goes on when it is taken back, and each level is told once, also between two nodes."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from services.routing.tests.test_cases import do, registered
from services.routing.tests.test_requests import Nodes
from tests.support.nodes import token
from tests.support.running import Running

from kit.clock import ManualClock
from routing.main import service

COUNTY_AT, TOWN_AT = "33.02.25", "33.02.25.100"
BEGUN = datetime(2025, 9, 1, 2, tzinfo=UTC)  # 15 days: until 24:00 of 16 September
OFFICE = token("330225-xf", COUNTY_AT, ["clerk", "handler"])
DEADLINES = next(worker for worker in service.workers if worker.name == "routing.deadlines")
Told = list[tuple[str, str, int]]
Day = Callable[[int], Awaitable[None]]


class Cases(Nodes):
    """Alarms are heard by nobody here."""

    def _post(self, path: str, row: Any) -> None:
        if not row["routing_key"].startswith("routing.clock."):
            super()._post(path, row)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(BEGUN)


@pytest.fixture
async def nodes(start: Any, clock: ManualClock) -> Nodes:
    return Cases({path: await start(service, path=path, clock=clock) for path in (COUNTY_AT, TOWN_AT)})


@pytest.fixture
def day(nodes: Nodes, clock: ManualClock) -> Day:
    """Noon of a day in September; the schedulers of both nodes have looked just before."""

    async def passes(number: int) -> None:
        clock.advance(BEGUN + timedelta(days=number - 1) - clock.now())
        for node in nodes.nodes.values():
            while await DEADLINES.step(node.runtime):
                pass
        await nodes.deliver()

    return passes


async def told(nodes: Nodes, name: str = "office-decision") -> Told:
    """Of this limit, by whichever node: the level, and the day."""
    found = [event for node in nodes.nodes.values() for event in await node.events()]
    warned = [event.data for event in found if event.type == "routing.clock.warned.v1"]
    return sorted((each.clock, each.level, each.at.day) for each in warned if each.clock == name)


async def opened(county: Running) -> str:
    event = registered(registered_at=BEGUN, received_at=BEGUN)
    await county.hear("routing.on-petition-registered", event)
    return str(event.subject)


async def version(county: Running, case: str) -> int:
    (row,) = await county.rows("SELECT version FROM cases WHERE id = $1", uuid.UUID(case))
    return int(row["version"])


@pytest.mark.parametrize("to", ["330225101-xf", "330225100-xf"], ids=["here", "at another node"])
async def test_each_level_is_told_once_however_often_it_is_handed_over_and_taken_back(
    nodes: Nodes, day: Day, to: str
) -> None:
    county = nodes.nodes[COUNTY_AT]
    case = await opened(county)
    await day(13)
    assert [level for _, level, _ in await told(nodes)] == ["yellow"]
    for out, back in ((14, 15), (16, 20)):
        await day(out)
        sent = await do(county, case, "transfer", OFFICE, version=await version(county, case), to_unit=to)
        assert sent.status_code == 200, sent.text
        await nodes.deliver()
        await day(back)
        await do(county, case, "recall", OFFICE, version=await version(county, case))
        await nodes.deliver()
        await day(back)
    found = await told(nodes)
    assert [level for _, level, _ in found] == ["red", "yellow"], found
    shown = (await county.request("GET", f"/api/routing/v1/cases/{case}", who=OFFICE)).json()
    assert (shown["state"], shown["holder_unit"], shown["level"]) == ("screened", "330225-xf", "red")


async def test_what_was_taken_in_time_and_not_given_back_is_late_nowhere(nodes: Nodes, day: Day) -> None:
    county = nodes.nodes[COUNTY_AT]
    case = await opened(county)
    await day(10)
    await do(county, case, "transfer", OFFICE, version=1, to_unit="330225100-xf")
    await nodes.deliver()
    await day(30)
    assert await told(nodes) == []
