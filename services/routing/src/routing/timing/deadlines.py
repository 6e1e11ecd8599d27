"""The scheduler: tells once of each level a clock reaches, acts where a limit has run out, recounts by a new calendar.

What is due is found by an index on the instant, whatever else is open. Several loops, in several processes, take
different rows; what one did and what it told are committed together, so a crash anywhere loses and doubles nothing.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from contracts.events import ClockState
from contracts.speech import emit
from kit.db import Session
from kit.errors import Refused
from kit.logs import log
from kit.runtime import Runtime
from kit.workers import Worker
from routing.procedures.domain import ClockRule
from routing.shapes import clocks_of
from routing.timing import clocks
from routing.timing import store as deadlines_store
from routing.timing.clocks import Calendar, CountingPolicy, Level
from routing.timing.counting import version
from routing.timing.store import Watch

BATCH = 500
AGAIN = timedelta(minutes=5)  # until an action that failed is tried again
LOOK = timedelta(seconds=5)
RETURNED_TOO_OFTEN = "returned-too-often"
NOT_DONE = "expiry-refused"  # what was to happen by itself when a limit ran out cannot: a person must see to it
Expire = Callable[[Runtime, Session, UUID, str], Awaitable[None]]
Redate = Callable[[Runtime, Session, UUID], Awaitable[None]]
Ground = Callable[[Runtime], tuple[Calendar, CountingPolicy]]
Rules = Callable[[Runtime, str], Sequence[ClockRule]]


async def keep(session: Session, watches: Sequence[Watch], *, now: datetime, counting: str) -> None:
    """Let what is watched follow the clocks of these cases; call it with every version that is stored. counting: see
    routing.timing.counting.version.
    """
    await deadlines_store.keep(session, watches, now=now, calendar=counting)


def put(session: Session, watch: Watch, *, now: datetime, counting: str) -> None:
    """The same for a version that is collected (see routing.store.put): written with it."""
    deadlines_store.put(session, watch, now=now, calendar=counting)


async def warn(runtime: Runtime, *, limit: int = BATCH) -> int:
    """Tell of the next batch of levels that were reached; returns of how many clocks."""
    now = runtime.clock.now()
    async with runtime.database.transaction() as session:
        rows = await deadlines_store.take_due(session, now, limit)
        await _tell_all(runtime, session, [(row, now) for row in rows])
    return len(rows)


async def tell_due(runtime: Runtime, session: Session, cases: Sequence[tuple[UUID, datetime]]) -> None:
    """Tell of what was reached until a version was made: (case, when), before that version is stored.

    Otherwise a level reached just before a clock stops, or before the case goes to another node, would never be told.
    """
    if cases:
        rows = await deadlines_store.take_due_of(session, cases)
        await _tell_all(runtime, session, [(row, row["until"]) for row in rows])


async def _tell_all(runtime: Runtime, session: Session, due: Sequence[tuple[asyncpg.Record, datetime]]) -> None:
    if due:
        moved = [(row["case_id"], row["clock"], *_next(row, until)) for row, until in due]
        await deadlines_store.move_on(session, moved)
    for row, until in due:
        for level, at in _reached(row, until):
            _tell(runtime, session, dict(row), level, at)


def _reached(row: asyncpg.Record, now: datetime) -> Iterator[tuple[Level, datetime]]:
    yield row["level"], row["at"]
    if row["level"] == "yellow" and row["due_at"] <= now:  # nobody looked for a long time
        yield "red", row["due_at"]


def _next(row: asyncpg.Record, now: datetime) -> tuple[str | None, datetime | None]:
    if row["level"] == "yellow" and row["due_at"] > now:
        return "red", row["due_at"]
    return ("expire", row["due_at"]) if row["expires"] else (None, None)


def _tell(runtime: Runtime, session: Session, row: Mapping[str, Any], level: Level, at: datetime) -> None:
    state = ClockState(
        number=row["number"],
        clock=row["clock"],
        level=level,
        due_at=row["due_at"],
        holder_unit=row["holder_unit"],
        holder_region=row["holder_region"],
        at=at,
    )
    emit(runtime, session, "routing.clock.warned.v1", state, subject=row["case_id"], sequence=row["version"])


def tell_of_returns(
    runtime: Runtime, session: Session, *, case_id: UUID, version: int, number: str, holder_unit: str,
    holder_region: str, objections: int, limit: int, at: datetime,
) -> None:  # fmt: skip
    """The alarm "returned too often", in the transaction that stores the version in which the count reached the limit.

    Call it with that version only: it tells when the count is the limit, and again for each return after it.
    """
    if clocks.too_many_returns(objections, limit):
        row = {
            "number": number, "clock": RETURNED_TOO_OFTEN, "due_at": None, "holder_unit": holder_unit,
            "holder_region": holder_region, "case_id": case_id, "version": version,
        }  # fmt: skip
        _tell(runtime, session, row, "red", at)


async def expire_one(runtime: Runtime, expire: Expire) -> int:
    """Do for one clock that is over what its rule says, in a transaction of its own. Returns 1, or 0: none is left.

    What a rule of the state table refuses is not tried again: an alarm tells of it. What failed otherwise is, after a
    while. Neither stops the others.
    """
    row: asyncpg.Record | None = None
    try:
        async with runtime.database.transaction() as session:
            row = await deadlines_store.take_expired(session, runtime.clock.now())
            if row is None:
                return 0
            await deadlines_store.put_off(session, row["case_id"], row["clock"], None)
            await expire(runtime, session, row["case_id"], row["expires"])
    except Exception as error:
        if row is None:
            raise
        refused = isinstance(error, Refused)
        log.warning(
            "routing.expiry_failed", case=str(row["case_id"]), action=row["expires"],
            error=error.slug if isinstance(error, Refused) else type(error).__name__, again=not refused,
        )  # fmt: skip
        async with runtime.database.transaction() as session:
            now = runtime.clock.now()
            await deadlines_store.put_off(session, row["case_id"], row["clock"], None if refused else now + AGAIN)
            if refused:
                _tell(runtime, session, {**row, "clock": NOT_DONE}, "red", now)
    return 1


def scheduler(expire: Expire) -> Worker:
    """The worker that tells of levels and acts on what ran out. expire: (runtime, session, case, action) does it."""

    async def step(runtime: Runtime) -> int:
        return await warn(runtime) + await expire_one(runtime, expire)

    return Worker("routing.deadlines", None, step, LOOK)


class Recount:
    """Counts open clocks again that were counted by another calendar or policy, in batches; a case that fails is left
    for the next round.

    redate: (runtime, session, case) writes the next version of the case with clocks.redated, and so keeps its rows.
    """

    def __init__(self, ground: Ground, rules: Rules, redate: Redate, *, limit: int = BATCH) -> None:
        self._ground = ground
        self._rules = rules
        self._redate = redate
        self._limit = limit
        self._aside: set[UUID] = set()

    async def step(self, runtime: Runtime) -> int:
        """Recount one batch; returns how many cases."""
        calendar, policy = self._ground(runtime)
        counting = version(calendar, policy)
        async with runtime.database.transaction() as session:
            rows = await deadlines_store.outdated(session, counting, self._limit, list(self._aside))
            moved = {row["id"] for row in rows if self._is_moved(runtime, row, calendar, policy)}
            same = [row["id"] for row in rows if row["id"] not in moved | self._aside]
            await deadlines_store.mark_current(session, same, counting)
        for case_id in moved:
            await self._move(runtime, case_id, counting)
        if not rows:
            self._aside.clear()
        return len(rows)

    def _is_moved(self, runtime: Runtime, row: asyncpg.Record, calendar: Calendar, policy: CountingPolicy) -> bool:
        """Whether the new calendar gives another due date, and this node may say so."""
        if row["writer"] != runtime.node:
            return False
        try:
            told = clocks_of(row["clocks"])
            return clocks.redated(told, self._rules(runtime, row["procedure"]), calendar, policy) != told
        except Exception as error:  # noqa: BLE001 - as in _move
            self._put_aside(row["id"], error)
            return False

    def _put_aside(self, case_id: UUID, error: Exception) -> None:
        self._aside.add(case_id)
        log.warning("routing.recount_failed", case=str(case_id), error=type(error).__name__)

    async def _move(self, runtime: Runtime, case_id: UUID, counting: str) -> None:
        try:
            async with runtime.database.transaction() as session:
                await self._redate(runtime, session, case_id)
                await deadlines_store.mark_current(session, [case_id], counting)
        except Exception as error:  # noqa: BLE001 - one case that cannot be dated must not keep the others from it
            self._put_aside(case_id, error)

    def worker(self) -> Worker:
        return Worker("routing.recount", None, self.step, timedelta(minutes=10))
