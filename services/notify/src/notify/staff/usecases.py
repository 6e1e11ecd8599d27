"""What becomes of events of cases and petitions: items for units, and messages to those who want them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from contracts.case_events import CaseState
from contracts.envelope import Envelope
from contracts.events import ClockState, RequestState
from contracts.texts import SupplementState
from contracts.units import UnitDirectory
from kit.db import Session
from kit.runtime import Runtime
from notify import resources
from notify.staff import store
from notify.staff.domain import Heard, Parties, addressees
from notify.staff.store import Item


async def follow(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Tell the units that this node serves what they have to know of these events, each once."""
    await store.keep_guards(session, events)
    held = resources.of(runtime)
    units = held.units.units
    made = [
        _item(runtime, event, heard, to)
        for event in events
        for heard in [_heard(event, held.units)]
        for to in addressees(heard)
        if to.unit in units and units[to.unit].node == runtime.node
    ]
    await keep(runtime, session, made)


async def keep(runtime: Runtime, session: Session, made: Sequence[Item]) -> None:
    """Items, and what follows for those who want to be written to."""
    settings, now = resources.of(runtime).settings.staff, runtime.clock.now()
    await store.keep(
        session, made, now=now, gather=timedelta(seconds=settings.gather_seconds),
        here_since=now - timedelta(days=settings.away_days),
    )  # fmt: skip


def _heard(event: Envelope, units: UnitDirectory) -> Heard:
    said: Any = event.data
    if isinstance(said, CaseState):
        return Heard(event.type, _of_case(said), said.state, said.procedure)
    if isinstance(said, RequestState):
        return Heard(event.type, {"from": (said.from_unit,), "to": (said.to_unit,)})
    if isinstance(said, ClockState):
        above = units.superiors(said.holder_unit)[:1]
        return Heard(event.type, {"holder": (said.holder_unit,), "superior": above}, level=said.level)
    if isinstance(said, SupplementState):
        return Heard(event.type, {"holder": (said.holder_unit,)})
    return Heard(event.type, {})


def _of_case(case: CaseState) -> Parties:
    """A unit that handed its case on to itself, after it came back, is no sender of it."""
    senders = dict.fromkeys(hop.from_unit for hop in case.hops if hop.from_unit != case.holder_unit)
    return {
        "holder": (case.holder_unit,),
        "receiver": (case.hand_over.to_unit,) if case.hand_over else (),
        "senders": tuple(senders),
        "asked": (case.asked,) if case.asked else (),
    }


def _item(runtime: Runtime, event: Envelope, heard: Heard, to: Any) -> Item:
    said, about, due_at = event.data, "", None
    if isinstance(said, RequestState):
        about, due_at = said.kind, said.due_at
    elif isinstance(said, ClockState):
        about, due_at = said.clock, said.due_at
    elif to.kind in {"to-receive", "registered"}:
        due_at = said.due_at
    return Item(
        id=runtime.ids.new(),
        event_id=event.id,
        event_type=event.type,
        unit=to.unit,
        region=resources.of(runtime).units.units[to.unit].region,
        roles=to.roles,
        kind=to.kind,
        petition_id=event.subject,
        number=said.number,
        conversation=None,
        about=about,
        level=heard.level,
        reason=_reason(said),
        due_at=due_at,
        at=said.at if isinstance(said, ClockState | SupplementState) else said.last.at,
    )


def _reason(said: Any) -> str | None:
    """A code; the words stay with the case."""
    if isinstance(said, RequestState):
        return said.reason
    return said.last.reason if isinstance(said, CaseState) else None


async def forget(runtime: Runtime, session: Session) -> datetime:
    """Old items leave the inbox."""
    before = runtime.clock.now() - timedelta(days=resources.of(runtime).settings.staff.keep_days)
    await store.forget(session, before)
    return before
