"""What routing does with cases by itself: acts where a limit ran out, counts anew when the calendar changes."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from kit.db import Session
from kit.runtime import Runtime
from routing import decisions, resources, store, usecases
from routing.domain import UNCLAIMED, Actor, Case, Last, Order, Unit
from routing.procedures.usecases import follower
from routing.table import HANDLING, OFFICE
from routing.timing import clocks, deadlines
from routing.timing.clocks import Calendar, CountingPolicy

SYSTEM = "system"


async def expire(runtime: Runtime, session: Session, case_id: UUID, action: str) -> None:
    """An order that its holder did not claim in time goes to another unit. Raises Refused."""
    case = await store.locked(session, case_id)
    held = resources.of(runtime)
    if case is None or case.writer != runtime.node:
        return
    now, report = runtime.clock.now(), timedelta(days=held.settings.unclaimed_report_days)
    order = Order(
        actor=Actor(SYSTEM, case.holder_unit, runtime.node, OFFICE | HANDLING), version=case.version, at=now,
        reason=UNCLAIMED, to=_taker(runtime, case), due_at=now + report, hand_over=runtime.ids.new(),
    )  # fmt: skip
    changed = decisions.decide(case, action, order, held.procedures.get(case.procedure), held.counting)
    await usecases.write(runtime, session, changed)


def _taker(runtime: Runtime, case: Case) -> Unit:
    """Who takes what the holder did not claim: the default unit, or the next one above that may have it (Art 30); where
    that has had it, the next one above the holder. So it climbs, and does not go round by itself.
    """
    held = resources.of(runtime)
    code = held.settings.default_unit or runtime.settings.node.office_unit
    default = held.holder(held.unit(code), case.accused_units)
    if default.code not in {case.holder_unit, *(unit for hop in case.hops for unit in (hop.from_unit, hop.to_unit))}:
        return default
    return held.superior(case.holder_unit, case.accused_units) or held.unit(case.holder_unit)


async def redate(runtime: Runtime, session: Session, case_id: UUID) -> None:
    """Write the next version of a case with its limits counted by the calendar in force."""
    case = await store.locked(session, case_id)
    if case is None or case.writer != runtime.node:
        return
    held = resources.of(runtime)
    rules = held.clock_rules(case.procedure)
    after = clocks.redated(case.clocks, rules, held.counting.calendar, held.counting.policy)
    if after != case.clocks:
        await usecases.write(runtime, session, _recounted(runtime, case, after, clocks.foremost(after, rules)))


def _recounted(runtime: Runtime, case: Case, after: tuple[clocks.Clock, ...], first: clocks.Clock | None) -> Case:
    last = Last("recount", case.holder_unit, runtime.clock.now(), "calendar")
    return replace(
        case, version=case.version + 1, last=last, clocks=after, due_at=first.due_at if first and case.due_at else None
    )


def _ground(runtime: Runtime) -> tuple[Calendar, CountingPolicy]:
    counting = resources.of(runtime).counting
    return counting.calendar, counting.policy


WORKERS = (
    follower(lambda runtime: resources.of(runtime).procedures, usecases.watch),
    deadlines.scheduler(expire),
    deadlines.Recount(_ground, lambda runtime, key: resources.of(runtime).clock_rules(key), redate).worker(),
)
