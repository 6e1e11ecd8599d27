"""What routing does with cases by itself, on a real database: once, whoever else looks after the same database, and
also when it is ended in the middle.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from services.routing.tests.test_cases import CASES, OFFICE, do, registered
from services.routing.tests.test_deadlines import BLOCKED
from tests.support.nodes import token
from tests.support.running import Running

from kit.clock import ManualClock
from kit.testing import eventually
from kit.workers import Worker
from routing.main import service
from routing.timing.counting import midnight

NOW = datetime(2025, 9, 1, 2, tzinfo=UTC)
COUNTY = "33.02.25"
BUREAU = token("330225-js", COUNTY, ["clerk", "handler"])
WORKERS = {worker.name: worker for worker in service.workers}
DEADLINES, RECOUNT = WORKERS["routing.deadlines"], WORKERS["routing.recount"]
Begin = Callable[..., Awaitable[Running]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def begin(start: Any, clock: ManualClock) -> Begin:
    """A process that serves the county; like: on the same database as another one. own: what an operator sets."""

    async def begun(*, like: Running | None = None, **own: Any) -> Running:
        if like is None:
            first: Running = await start(service, path=COUNTY, clock=clock)
            if not own:
                return first
            like = first
        settings = like.runtime.settings.model_copy(update={"services": {"routing": own}})
        again: Running = await start(service, path=COUNTY, clock=clock, settings=settings)
        return again

    return begun


async def opened(routing: Running, **changes: Any) -> str:
    event = registered(**{"registered_at": NOW, "received_at": NOW, **changes})
    await routing.hear("routing.on-petition-registered", event)
    return str(event.subject)


async def order(routing: Running) -> str:
    """A work order (热线工单) of the bureau that nobody has claimed yet."""
    case = await opened(routing, unit="330225-js", kind="suggestion", route=None)
    screened = await do(routing, case, "screen", BUREAU, version=1, procedure="hotline-order")
    assert screened.json()["procedure"] == "hotline-order/1", screened.text
    return case


async def run(routing: Running, worker: Worker) -> None:
    while await worker.step(routing.runtime):
        pass


async def lives(routing: Running) -> dict[str, list[str]]:
    """What was done with each case, in order."""
    rows = await routing.rows("SELECT case_id, action FROM timeline ORDER BY case_id, version")
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(str(row["case_id"]), []).append(row["action"])
    return found


async def told(routing: Running, kind: str) -> list[str]:
    """The cases of which events of a type tell."""
    return sorted(str(event.subject) for event in await routing.events() if event.type == kind)


async def ended_in_the_middle(routing: Running, worker: Worker, table: str) -> None:
    """Let a step come as far as writing to this table, and end its process there."""
    async with routing.runtime.database.transaction() as holding:
        await holding.raw.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        dying = asyncio.ensure_future(worker.step(routing.runtime))

        async def blocked() -> list[Any]:
            return await routing.rows(BLOCKED)

        await eventually(blocked)
        dying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dying


async def test_an_order_nobody_claimed_in_24_hours_goes_to_the_office_of_the_node(
    begin: Begin, clock: ManualClock
) -> None:
    routing = await begin()
    case = await order(routing)
    clock.advance(timedelta(hours=23, minutes=59))
    await run(routing, DEADLINES)
    assert await lives(routing) == {case: ["open", "screen"]}
    clock.advance(timedelta(minutes=1))
    await run(routing, DEADLINES)
    shown = (await routing.request("GET", f"{CASES}/{case}", who=OFFICE)).json()
    assert (shown["state"], shown["holder_unit"], shown["version"]) == ("offered", "330225-xf", 3)
    assigned = shown["timeline"][-1]
    assert (assigned["action"], assigned["actor"], assigned["reason"]) == ("assign", "system", "unclaimed")
    assert datetime.fromisoformat(shown["hand_over"]["due_at"]) == clock.now() + timedelta(days=15)
    assert (await do(routing, case, "receive", version=3)).status_code == 200


async def test_an_office_may_name_another_unit_for_what_nobody_claims(begin: Begin, clock: ManualClock) -> None:
    routing = await begin(default_unit="330225101-xf")
    case = await order(routing)
    clock.advance(timedelta(hours=24))
    await run(routing, DEADLINES)
    (row,) = await routing.rows("SELECT holder_unit FROM cases WHERE id = $1", uuid.UUID(case))
    assert row["holder_unit"] == "330225101-xf"


async def test_an_order_that_was_claimed_in_time_is_left_alone(begin: Begin, clock: ManualClock) -> None:
    routing = await begin()
    case = await order(routing)
    clock.advance(timedelta(hours=23))
    await do(routing, case, "answer", BUREAU, version=2, fields={"answer": "已答复"})
    clock.advance(timedelta(days=2))
    await run(routing, DEADLINES)
    assert await lives(routing) == {case: ["open", "screen", "answer"]}


async def test_an_unclaimed_order_goes_past_an_accused_office_to_the_one_above_it(
    begin: Begin, clock: ManualClock
) -> None:
    routing = await begin()
    case = await order(routing)
    await routing.rows("UPDATE cases SET body = jsonb_set(body, '{accused_units}', $1)", '["330225-xf"]')
    clock.advance(timedelta(hours=24))
    await run(routing, DEADLINES)
    (row,) = await routing.rows("SELECT holder_unit, writer FROM cases WHERE id = $1", uuid.UUID(case))
    assert tuple(row) == ("330200-xf", "33.02")


async def test_two_processes_give_each_unclaimed_order_away_once(begin: Begin, clock: ManualClock) -> None:
    first = await begin()
    second = await begin(like=first)
    cases = sorted([await order(first) for _ in range(8)])
    clock.advance(timedelta(hours=24))
    await asyncio.gather(*(run(routing, DEADLINES) for routing in (first, second, first, second)))
    assert await lives(first) == {case: ["open", "screen", "assign"] for case in cases}
    assert await told(first, "routing.case.handed-over.v1") == cases
    warned = [(event.subject, event.data.level) for event in await first.events() if event.type.endswith("warned.v1")]
    assert len(warned) == len(set(warned)), "a level was told twice"


async def test_what_one_process_is_giving_away_another_leaves_to_it(begin: Begin, clock: ManualClock) -> None:
    first = await begin()
    second = await begin(like=first)
    case = await order(first)
    clock.advance(timedelta(hours=24))
    async with second.runtime.database.transaction() as holding:
        await holding.raw.execute("LOCK TABLE timeline IN EXCLUSIVE MODE")
        giving = asyncio.ensure_future(DEADLINES.step(first.runtime))

        async def blocked() -> list[Any]:
            return await second.rows(BLOCKED)

        await eventually(blocked)
        async with asyncio.timeout(10):
            assert await DEADLINES.step(second.runtime) == 0
    await giving
    assert await lives(first) == {case: ["open", "screen", "assign"]}


async def test_a_process_that_ends_while_it_gives_an_order_away_leaves_it_to_the_next(
    begin: Begin, clock: ManualClock
) -> None:
    first = await begin()
    case = await order(first)
    clock.advance(timedelta(hours=24))
    await ended_in_the_middle(first, DEADLINES, "timeline")
    assert await lives(first) == {case: ["open", "screen"]}, "half of it was kept"
    restarted = await begin(like=first)
    await run(restarted, DEADLINES)
    await run(restarted, DEADLINES)
    assert await lives(restarted) == {case: ["open", "screen", "assign"]}
    assert await told(restarted, "routing.case.handed-over.v1") == [case]


def days(path: Path, *lines: str) -> str:
    """A file of an operator's own days."""
    path.write_text("\n".join(("date,day,name", *lines)), encoding="utf-8")
    return str(path)


async def office_decisions(routing: Running) -> set[datetime]:
    """When the office must have decided, as the cases have it."""
    rows = await routing.rows("SELECT body->'clocks' AS clocks FROM cases")
    found = [clock for row in rows for clock in row["clocks"] if clock["name"] == "office-decision"]
    return {datetime.fromisoformat(clock["due_at"]) for clock in found}


@pytest.fixture
def holiday(tmp_path: Path) -> str:
    """16 September, on which 15 days from 1 September end, is made a holiday."""
    return days(tmp_path / "days.csv", "2025-09-16,holiday,另定")


async def test_a_new_calendar_is_a_version_of_each_open_case_and_says_so(begin: Begin, holiday: str) -> None:
    before = await begin()
    case = await opened(before)
    assert await office_decisions(before) == {midnight(date(2025, 9, 17))}
    after = await begin(like=before, calendar_overrides=holiday)
    await run(after, RECOUNT)
    shown = (await after.request("GET", f"{CASES}/{case}", who=OFFICE)).json()
    assert (shown["version"], shown["timeline"][-1]["action"], shown["timeline"][-1]["reason"]) == (
        2, "recount", "calendar",
    )  # fmt: skip
    assert datetime.fromisoformat(shown["due_at"]) == midnight(date(2025, 9, 18))
    assert "另定" in next(clock["why_zh"] for clock in shown["clocks"] if clock["name"] == "office-decision")
    assert await told(after, "routing.case.recounted.v1") == [case]


async def test_a_calendar_that_changes_no_date_makes_no_version(begin: Begin, tmp_path: Path) -> None:
    before = await begin()
    case = await opened(before)
    far = days(tmp_path / "far.csv", "2025-12-24,holiday,另定")
    after = await begin(like=before, calendar_overrides=far)
    await run(after, RECOUNT)
    assert await lives(after) == {case: ["open"]}


async def test_a_case_that_another_node_writes_is_counted_anew_there(begin: Begin, holiday: str) -> None:
    before = await begin()
    case = await opened(before)
    await do(before, case, "transfer", version=1, to_unit="330225100-xf")
    after = await begin(like=before, calendar_overrides=holiday)
    await run(after, RECOUNT)
    assert await lives(after) == {case: ["open", "transfer"]}


async def test_two_processes_count_each_case_anew_once(begin: Begin, holiday: str) -> None:
    before = await begin()
    cases = sorted([await opened(before) for _ in range(8)])
    after = [await begin(like=before, calendar_overrides=holiday) for _ in range(2)]
    await asyncio.gather(*(run(routing, RECOUNT) for routing in after * 2))
    assert await lives(before) == {case: ["open", "recount"] for case in cases}
    assert await told(before, "routing.case.recounted.v1") == cases
    assert await office_decisions(before) == {midnight(date(2025, 9, 18))}


async def test_a_process_that_ends_while_it_counts_anew_leaves_the_rest_to_the_next(begin: Begin, holiday: str) -> None:
    before = await begin()
    cases = sorted([await opened(before) for _ in range(3)])
    after = await begin(like=before, calendar_overrides=holiday)
    await ended_in_the_middle(after, RECOUNT, "timeline")
    assert await lives(after) == {case: ["open"] for case in cases}
    restarted = await begin(like=before, calendar_overrides=holiday)
    await run(restarted, RECOUNT)
    await run(restarted, RECOUNT)
    assert await lives(restarted) == {case: ["open", "recount"] for case in cases}


async def test_a_warning_comes_by_the_new_date_also_after_a_restart(
    begin: Begin, clock: ManualClock, holiday: str
) -> None:
    before = await begin()
    case = await opened(before)
    after = await begin(like=before, calendar_overrides=holiday)
    await run(after, RECOUNT)
    clock.advance(midnight(date(2025, 9, 17)) - NOW)
    await run(after, DEADLINES)
    levels = [event.data.level for event in await after.events() if event.type == "routing.clock.warned.v1"]
    assert levels == ["yellow"]
    clock.advance(timedelta(days=1))
    restarted = await begin(like=before, calendar_overrides=holiday)
    await asyncio.gather(run(after, DEADLINES), run(restarted, DEADLINES))
    assert await told(restarted, "routing.clock.warned.v1") == [case, case]
