"""The scheduler on a real database: each level told once, by several loops, through crashes; and what it costs."""

import asyncio
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tests.support.running import Running

from kit.clock import ManualClock
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from kit.testing import eventually
from routing import shapes
from routing.main import service
from routing.procedures.domain import ClockRule
from routing.timing import counting, deadlines
from routing.timing import store as deadlines_store
from routing.timing.calendars import Day, WorkingDays
from routing.timing.clocks import Clock, CountingPolicy, apply, redated
from routing.timing.counting import midnight
from routing.timing.store import Watch
from routing.timing.tables import deadlines as table

NODE = "33.02.25.100"
PUBLISHED = WorkingDays.read()
POLICY = CountingPolicy()
NOW = datetime(2025, 9, 1, 2, tzinfo=UTC)
RULE = ClockRule(
    name="notice", length=15, unit="day", article="Art 23", zh="告知期限", en="Notice", starts=frozenset({"receive"}),
    stops=frozenset({"accept"}), pauses=frozenset({"suspend"}), resumes=frozenset({"resume"}),
    extends=frozenset({"extend"}), longest=30,
)  # fmt: skip
ORDER = replace(RULE, name="unclaimed", length=24, unit="hour", expires="claim-by-default")
HAND_OVER = replace(RULE, name="receive-hand-over", stops=frozenset({"receive"}), starts=frozenset({"transfer"}))
RULES = (RULE, ORDER, HAND_OVER)
YELLOW, RED = midnight(date(2025, 9, 12)), midnight(date(2025, 9, 17))
CASE = """
INSERT INTO cases (id, version, number, state, holder_unit, writer, body)
VALUES ($1, 7, $2, 'received', '330225100-xf', $3, $4)
"""


class Desk:
    """Cases of one node with clocks, and the scheduler that looks after them."""

    def __init__(self, routing: Running, clock: ManualClock) -> None:
        self.routing = routing
        self.runtime: Runtime = routing.runtime
        self.clock = clock
        self.calendar = PUBLISHED
        self.policy = POLICY

    @property
    def counting(self) -> str:
        return counting.version(self.calendar, self.policy)

    async def case(self, *rules: ClockRule, writer: str = NODE) -> uuid.UUID:
        """A case received now, with the clocks of these rules."""
        case_id = uuid.uuid4()
        clocks = apply((), rules, "receive", "handling", self.clock.now(), self.calendar, POLICY)
        async with self.runtime.database.transaction() as session:
            await session.raw.execute(CASE, case_id, f"XF{case_id.hex[:12]}", writer, body_of(clocks))
            await self.keep(session, case_id, clocks)
        return case_id

    async def keep(self, session: Session, case_id: uuid.UUID, clocks: Sequence[Clock], **how: Any) -> None:
        watch = Watch(case_id, clocks, RULES, **{"writes": True, **how})
        await deadlines.keep(session, [watch], now=self.clock.now(), counting=self.counting)

    async def do(self, case_id: uuid.UUID, action: str, **how: Any) -> None:
        """An action on the case: its clocks, stored and watched."""
        async with self.runtime.database.transaction() as session:
            clocks = await clocks_of(session, case_id)
            clocks = apply(clocks, RULES, action, "handling", self.clock.now(), self.calendar, POLICY, **how)
            await store(session, case_id, clocks)
            await self.keep(session, case_id, clocks)

    def move_to(self, at: datetime) -> None:
        self.clock.advance(at - self.clock.now())

    async def told(self) -> list[tuple[str, str]]:
        return [(event.data.clock, event.data.level) for event in await self.routing.events()]

    async def row(self, case_id: uuid.UUID) -> Any:
        (row,) = await self.routing.rows("SELECT * FROM deadlines WHERE case_id = $1", case_id)
        return row


def body_of(clocks: Sequence[Clock]) -> str:
    """The state of a case, as far as the scheduler reads it."""
    told = [asdict(clock) for clock in clocks]
    return json.dumps({"holder_region": NODE, "procedure": "test/1", "clocks": told}, default=str)


async def clocks_of(session: Session, case_id: uuid.UUID) -> tuple[Clock, ...]:
    told = await session.raw.fetchval("SELECT body->'clocks' FROM cases WHERE id = $1 FOR UPDATE", case_id)
    return shapes.clocks_of(told)


async def store(session: Session, case_id: uuid.UUID, clocks: Sequence[Clock]) -> None:
    await session.raw.execute("UPDATE cases SET body = $2 WHERE id = $1", case_id, body_of(clocks))


@pytest.fixture
async def desk(start: Callable[..., Any]) -> Desk:
    clock = ManualClock(NOW)
    routing: Running = await start(service, clock=clock)
    async with routing.runtime.database.transaction() as session:
        await session.sql.run_sync(lambda connection: table.create(connection, checkfirst=True))
    return Desk(routing, clock)


async def test_each_level_is_told_once_when_it_is_reached(desk: Desk) -> None:
    case_id = await desk.case(RULE)
    desk.move_to(YELLOW - timedelta(microseconds=1))
    assert await deadlines.warn(desk.runtime) == 0
    desk.move_to(YELLOW)
    assert await deadlines.warn(desk.runtime) == 1
    assert await deadlines.warn(desk.runtime) == 0
    desk.move_to(RED)
    assert await deadlines.warn(desk.runtime) == 1
    desk.move_to(RED + timedelta(days=400))
    assert await deadlines.warn(desk.runtime) == 0
    yellow, red = await desk.routing.events()
    assert (yellow.type, yellow.subject, yellow.version) == ("routing.clock.warned.v1", case_id, 7)
    assert (yellow.data.level, yellow.data.at, yellow.data.due_at) == ("yellow", YELLOW, RED)
    assert (red.data.level, red.data.at, red.data.holder_unit) == ("red", RED, "330225100-xf")


async def test_a_node_that_was_away_tells_of_both_levels_in_order(desk: Desk) -> None:
    await desk.case(RULE)
    desk.move_to(RED + timedelta(days=3))
    await deadlines.warn(desk.runtime)
    assert await desk.told() == [("notice", "yellow"), ("notice", "red")]


async def test_loops_side_by_side_tell_of_each_clock_once(desk: Desk) -> None:
    for _ in range(60):
        await desk.case(RULE)
    desk.move_to(YELLOW)

    async def loop() -> None:
        while await deadlines.warn(desk.runtime, limit=7):
            pass

    await asyncio.gather(*(loop() for _ in range(4)))
    subjects = [event.subject for event in await desk.routing.events()]
    assert len(subjects) == len(set(subjects)) == 60


BLOCKED = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


async def test_a_loop_that_is_killed_before_its_end_leaves_everything_to_the_next(desk: Desk) -> None:
    for _ in range(5):
        await desk.case(RULE)
    desk.move_to(YELLOW)
    async with desk.runtime.database.transaction() as holding:
        await holding.raw.execute("LOCK TABLE outbox IN EXCLUSIVE MODE")  # so it has moved the rows and cannot tell
        dying = asyncio.create_task(deadlines.warn(desk.runtime))

        async def blocked() -> list[Any]:
            return await desk.routing.rows(BLOCKED)

        (waiting,) = await eventually(blocked)
        assert await deadlines.warn(desk.runtime) == 0, "it takes what another loop holds"
        await holding.raw.execute("SELECT pg_terminate_backend($1)", waiting["pid"])
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await dying
    assert await deadlines.warn(desk.runtime) == 5
    assert len(await desk.told()) == 5


async def test_what_stopped_is_not_told_of(desk: Desk) -> None:
    case_id = await desk.case(RULE)
    await desk.do(case_id, "accept")
    desk.move_to(RED)
    assert await deadlines.warn(desk.runtime) == 0
    assert await desk.routing.rows("SELECT 1 FROM deadlines") == []


async def test_nothing_is_touched_when_nothing_changed(desk: Desk) -> None:
    case_id = await desk.case(RULE, ORDER)
    before = await desk.routing.rows("SELECT ctid, xmin, xmax, clock FROM deadlines ORDER BY clock")
    await desk.do(case_id, "draft-opinion")
    assert await desk.routing.rows("SELECT ctid, xmin, xmax, clock FROM deadlines ORDER BY clock") == before


async def test_a_paused_clock_is_silent_and_its_alarms_come_later(desk: Desk) -> None:
    case_id = await desk.case(RULE)
    desk.clock.advance(timedelta(days=1))
    await desk.do(case_id, "suspend")
    desk.move_to(RED)
    assert await deadlines.warn(desk.runtime) == 0
    await desk.do(case_id, "resume")
    assert await deadlines.warn(desk.runtime) == 0
    desk.clock.advance(timedelta(days=30))
    await deadlines.warn(desk.runtime)
    assert await desk.told() == [("notice", "yellow"), ("notice", "red")]


async def test_what_was_told_is_not_told_again_after_a_pause_that_moved_nothing(desk: Desk) -> None:
    case_id = await desk.case(RULE)
    desk.move_to(RED)
    await deadlines.warn(desk.runtime)
    await desk.do(case_id, "suspend")
    desk.clock.advance(timedelta(days=2))
    await desk.do(case_id, "resume")
    assert await deadlines.warn(desk.runtime) == 0


async def test_an_extension_brings_a_warning_of_its_own_unless_it_is_still_as_near(desk: Desk) -> None:
    near, far = await desk.case(RULE), await desk.case(RULE)
    desk.move_to(YELLOW + timedelta(days=1))
    await deadlines.warn(desk.runtime)
    await desk.do(near, "extend", extend_days=1)
    await desk.do(far, "extend", extend_days=30)
    assert await deadlines.warn(desk.runtime) == 0
    assert ((await desk.row(near))["level"], (await desk.row(far))["level"]) == ("red", "yellow")
    desk.clock.advance(timedelta(days=60))
    await deadlines.warn(desk.runtime)
    told = [event.data.level for event in await desk.routing.events() if event.subject == near]
    assert told == ["yellow", "red"]
    assert [e.data.level for e in await desk.routing.events() if e.subject == far] == ["yellow", "yellow", "red"]


async def test_a_clock_that_starts_again_is_told_of_anew(desk: Desk) -> None:
    case_id = await desk.case(RULE)
    desk.move_to(RED)
    await deadlines.warn(desk.runtime)
    await desk.do(case_id, "accept")
    await desk.do(case_id, "receive")
    desk.clock.advance(timedelta(days=30))
    await deadlines.warn(desk.runtime)
    assert len(await desk.told()) >= 4


async def test_the_sender_of_a_hand_over_is_told_that_nobody_received_it_even_when_the_receiver_is_away(
    desk: Desk,
) -> None:
    clocks = apply((), [HAND_OVER], "transfer", "handling", NOW, PUBLISHED, POLICY)
    case_id = await desk.case(writer="33.02.25")
    async with desk.runtime.database.transaction() as session:
        await desk.keep(session, case_id, clocks, writes=False, sent=True)
    desk.move_to(RED)
    await deadlines.warn(desk.runtime)
    assert await desk.told() == [("receive-hand-over", "yellow"), ("receive-hand-over", "red")]


async def test_the_receiver_of_a_hand_over_does_not_tell_of_it_a_second_time(desk: Desk) -> None:
    clocks = apply((), [HAND_OVER], "transfer", "handling", NOW, PUBLISHED, POLICY)
    case_id = await desk.case()
    async with desk.runtime.database.transaction() as session:
        await desk.keep(session, case_id, clocks, writes=True, sent=False)
    desk.move_to(RED)
    assert await deadlines.warn(desk.runtime) == 0


async def test_what_went_to_another_node_is_no_longer_watched(desk: Desk) -> None:
    case_id = await desk.case(RULE)
    async with desk.runtime.database.transaction() as session:
        await desk.keep(session, case_id, await clocks_of(session, case_id), writes=False)
    assert await desk.routing.rows("SELECT 1 FROM deadlines") == []


async def arrived(desk: Desk, *, since: datetime) -> uuid.UUID:
    """A case whose clock began earlier, at another node, which let go of it at a moment."""
    case_id = await desk.case()
    clocks = apply((), [RULE], "receive", "handling", NOW, PUBLISHED, POLICY)
    async with desk.runtime.database.transaction() as session:
        await desk.keep(session, case_id, clocks, since=since)
    return case_id


async def test_what_another_node_told_of_before_it_let_go_is_not_told_here(desk: Desk) -> None:
    desk.move_to(RED + timedelta(days=1))
    await arrived(desk, since=YELLOW)
    await arrived(desk, since=RED)
    await deadlines.warn(desk.runtime)
    assert await desk.told() == [("notice", "red")]


async def test_what_was_reached_while_the_case_was_under_way_is_told_here(desk: Desk) -> None:
    desk.move_to(YELLOW + timedelta(days=1))
    await arrived(desk, since=YELLOW - timedelta(seconds=1))
    await deadlines.warn(desk.runtime)
    assert await desk.told() == [("notice", "yellow")]


async def test_what_was_reached_just_before_a_clock_stops_is_told_with_the_version_that_stops_it(desk: Desk) -> None:
    case_id = await desk.case(RULE)
    desk.move_to(RED + timedelta(seconds=1))
    told = []
    for until in (YELLOW - timedelta(seconds=1), YELLOW, RED + timedelta(seconds=1)):
        async with desk.runtime.database.transaction() as session:
            await deadlines.tell_due(desk.runtime, session, [(case_id, until)])
        told.append(len(await desk.told()))
    assert told == [0, 1, 2]
    await desk.do(case_id, "accept")
    assert await deadlines.warn(desk.runtime) == 0
    assert await desk.told() == [("notice", "yellow"), ("notice", "red")]


class Acting:
    """What the system does when a limit ran out; can be told to fail."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.done: list[tuple[uuid.UUID, str]] = []
        self.error: Exception | None = None

    async def __call__(self, _: Runtime, session: Session, case_id: uuid.UUID, action: str) -> None:
        await session.raw.execute("UPDATE cases SET version = version + 1 WHERE id = $1", case_id)
        if self.error is not None:
            raise self.error
        self.done.append((case_id, action))


async def run(desk: Desk, acting: Acting) -> None:
    worker = deadlines.scheduler(acting)
    while await worker.step(desk.runtime):
        pass


async def test_when_a_limit_has_run_out_the_system_acts_once(desk: Desk) -> None:
    case_ids = [await desk.case(ORDER) for _ in range(3)]
    acting = Acting(desk)
    desk.clock.advance(timedelta(hours=23, minutes=59))
    await run(desk, acting)
    assert acting.done == []
    desk.clock.advance(timedelta(minutes=1))
    await asyncio.gather(*(run(desk, acting) for _ in range(3)))
    assert sorted(acting.done) == sorted((case_id, "claim-by-default") for case_id in case_ids)
    assert [row["version"] for row in await desk.routing.rows("SELECT version FROM cases")] == [8, 8, 8]


async def test_what_fails_is_tried_again_later_and_keeps_no_other_from_its_turn(desk: Desk) -> None:
    await desk.case(ORDER)
    acting = Acting(desk)
    acting.error = ConnectionError("away")
    desk.clock.advance(timedelta(hours=24))
    await run(desk, acting)
    assert (await desk.routing.rows("SELECT version FROM cases"))[0]["version"] == 7, "half of it was kept"
    acting.error = None
    await run(desk, acting)
    assert acting.done == [], "it is tried without a pause"
    desk.clock.advance(deadlines.AGAIN)
    await run(desk, acting)
    assert len(acting.done) == 1


async def test_what_the_rules_refuse_is_not_tried_again_but_told_once(desk: Desk) -> None:
    await desk.case(ORDER)
    acting = Acting(desk)
    acting.error = Refused("not-in-this-state")
    desk.clock.advance(timedelta(hours=24))
    await run(desk, acting)
    acting.error = None
    desk.clock.advance(timedelta(days=1))
    await run(desk, acting)
    assert acting.done == []
    assert await desk.told() == [("unclaimed", "yellow"), ("unclaimed", "red"), (deadlines.NOT_DONE, "red")]


async def test_the_case_that_came_back_too_often_is_told_of(desk: Desk) -> None:
    case_id = await desk.case()
    for version, objections in ((3, 1), (5, 2)):
        async with desk.runtime.database.transaction() as session:
            deadlines.tell_of_returns(
                desk.runtime, session, case_id=case_id, version=version, number="XF1", holder_unit="330225-xf",
                holder_region="33.02.25", objections=objections, limit=2, at=NOW,
            )  # fmt: skip
    (event,) = await desk.routing.events()
    assert (event.data.clock, event.data.level, event.data.due_at) == ("returned-too-often", "red", None)


def with_holiday(day: date) -> WorkingDays:
    return WorkingDays.of({**PUBLISHED.days, day: Day(False, "另定")})


def recount(desk: Desk, *, limit: int = 2, fail: frozenset[uuid.UUID] = frozenset()) -> deadlines.Recount:
    async def redate(_: Runtime, session: Session, case_id: uuid.UUID) -> None:
        if case_id in fail:
            raise ValueError("cannot be dated")
        clocks = redated(await clocks_of(session, case_id), RULES, desk.calendar, desk.policy)
        await store(session, case_id, clocks)
        await desk.keep(session, case_id, clocks)

    return deadlines.Recount(lambda _: (desk.calendar, desk.policy), lambda _, __: RULES, redate, limit=limit)


async def recounted(desk: Desk, recounting: deadlines.Recount) -> int:
    done = 0
    while some := await recounting.step(desk.runtime):
        done += some
    return done


async def test_open_clocks_are_counted_again_when_the_calendar_changes(desk: Desk) -> None:
    moved = [await desk.case(RULE) for _ in range(5)]
    desk.clock.advance(timedelta(days=1))
    other = await desk.case(RULE)
    desk.calendar = with_holiday(date(2025, 9, 16))
    assert await recounted(desk, recount(desk)) == 6
    assert {(await desk.row(case_id))["due_at"] for case_id in moved} == {midnight(date(2025, 9, 18))}
    assert (await desk.row(other))["due_at"] == midnight(date(2025, 9, 18))
    assert await recounted(desk, recount(desk)) == 0
    desk.move_to(RED)
    assert await desk.told() == []


async def test_open_clocks_are_counted_again_when_the_way_of_counting_changes(desk: Desk) -> None:
    case_id = await desk.case(RULE)
    before = (await desk.row(case_id))["due_at"]
    desk.policy = CountingPolicy(exclude_first_day=False)
    assert await recounted(desk, recount(desk)) == 1
    assert (await desk.row(case_id))["due_at"] == before - timedelta(days=1)
    assert await recounted(desk, recount(desk)) == 0


async def test_a_case_that_cannot_be_counted_again_keeps_no_other_from_it(desk: Desk) -> None:
    case_ids = [await desk.case(RULE) for _ in range(5)]
    before = (await desk.row(case_ids[0]))["calendar"]
    desk.calendar = with_holiday(date(2025, 9, 16))
    await recounted(desk, recount(desk, fail=frozenset(case_ids[:1])))
    calendars = [(await desk.row(case_id))["calendar"] for case_id in case_ids]
    assert calendars == [before] + [desk.counting] * 4
    assert await recounted(desk, recount(desk)) == 1


async def test_two_nodes_of_a_service_count_again_without_getting_in_each_others_way(desk: Desk) -> None:
    for _ in range(12):
        await desk.case(RULE)
    desk.calendar = with_holiday(date(2025, 9, 16))
    await asyncio.gather(*(recounted(desk, recount(desk, limit=3)) for _ in range(3)))
    rows = await desk.routing.rows("SELECT DISTINCT due_at, calendar FROM deadlines")
    assert [tuple(row) for row in rows] == [(midnight(date(2025, 9, 18)), desk.counting)]


MANY_CASES = """
INSERT INTO cases (id, version, number, state, holder_unit, writer, body)
SELECT gen_random_uuid(), 1, 'SYN' || n, 'received', 'unit', '33', '{}' FROM generate_series(1, 200000) AS n
"""
MANY_CLOCKS = """
INSERT INTO deadlines (case_id, clock, started_at, due_at, yellow_at, armed, level, at, calendar)
SELECT id, 'notice', $1, $1, $1, true, 'yellow', $1::timestamptz + row_number() OVER () * interval '1 minute', $2
FROM cases
"""


async def plan(desk: Desk, statement: str, *values: Any) -> str:
    rows = await desk.routing.rows(f"EXPLAIN (COSTS OFF) {statement}", *values)
    return "\n".join(row[0] for row in rows)


async def test_what_is_not_due_is_not_read(desk: Desk) -> None:
    await desk.routing.rows(MANY_CASES)
    await desk.routing.rows(MANY_CLOCKS, RED, PUBLISHED.version)
    await desk.routing.rows("ANALYZE cases")
    await desk.routing.rows("ANALYZE deadlines")
    case_id = await desk.case(RULE)
    due = await plan(desk, deadlines_store.DUE, YELLOW, 500)
    assert "ix_deadlines_at" in due
    expired = await plan(desk, deadlines_store.EXPIRED, YELLOW)
    assert "ix_deadlines_at" in expired
    outdated = await plan(desk, deadlines_store.OUTDATED, PUBLISHED.version, 500, [])
    assert outdated.count("ix_deadlines_calendar") == 2
    row = [[case_id], ["notice"], [NOW], [RED], [YELLOW], [True], ["yellow"], [None], [None]]
    kept = await plan(desk, deadlines_store.KEEP, *row, NOW, PUBLISHED.version, [case_id])
    assert "pk_deadlines" in kept
    due_of = await plan(desk, deadlines_store.DUE_OF, [case_id], [YELLOW])
    assert "Seq Scan" not in due + due_of + expired + outdated + kept
    assert "Seq Scan" in await plan(desk, "SELECT * FROM deadlines WHERE clock = 'x'"), "the test would see one"
