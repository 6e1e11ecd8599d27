"""What routing does with cases by itself: acts where a limit ran out, counts anew when the calendar changes."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from kit.db import Session
from kit.runtime import Runtime
from routing import decisions, resources, store, usecases
from routing.domain import Actor, Case, Last, Order
from routing.table import HANDLING, OFFICE
from routing.timing import clocks, deadlines
from routing.timing.clocks import Calendar, CountingPolicy

SYSTEM = "system"
REPORT = timedelta(days=15)  # for the result of an order that was assigned because nobody claimed it


async def expire(runtime: Runtime, session: Session, case_id: UUID, action: str) -> None:
    """An order that nobody claimed in time goes to the default unit. Raises Refused."""
    case = await store.locked(session, case_id)
    held = resources.of(runtime)
    if case is None or case.writer != runtime.node:
        return
    default = held.settings.default_unit or runtime.settings.node.office_unit
    now = runtime.clock.now()
    order = Order(
        actor=Actor(SYSTEM, case.holder_unit, runtime.node, OFFICE | HANDLING), version=case.version, at=now,
        reason="unclaimed", to=held.unit(default), due_at=now + REPORT, hand_over=runtime.ids.new(),
        accused=held.accused(case.accused_units),
    )  # fmt: skip
    changed = decisions.decide(case, action, order, held.procedures.get(case.procedure), held.counting)
    await usecases.write(runtime, session, changed)


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
    deadlines.scheduler(expire),
    deadlines.Recount(_ground, lambda runtime, key: resources.of(runtime).clock_rules(key), redate).worker(),
)
