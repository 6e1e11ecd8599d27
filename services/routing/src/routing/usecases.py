"""What can be done with cases here. Each function runs inside its caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import CaseState, case_event
from contracts.letters import CaseFile, CaseProgress
from contracts.speech import emit, post
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from routing import approvals, asking, confidence, domain, resources, rights, store
from routing.decisions import decide
from routing.domain import Case, Order, Outcome, Unit
from routing.links import store as links_store
from routing.links.domain import check_merge
from routing.procedures.domain import Procedure
from routing.procedures.forms import check_form
from routing.shapes import public_state
from routing.standing import Standing, Step, stands
from routing.timing import clocks, deadlines
from routing.timing.store import Watch


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller sends with an action."""

    version: int
    note: str = ""
    fields: Mapping[str, Any] | None = None
    reason: str | None = None
    to_unit: str | None = None
    due_at: datetime | None = None
    kind: str | None = None
    route: int | None = None
    procedure: str | None = None
    accused_units: tuple[str, ...] = ()
    outcome: Outcome | None = None
    papers: tuple[UUID, ...] = ()
    days: int = 0
    served_at: datetime | None = None
    requested_at: datetime | None = None
    lead: UUID | None = None


async def standing(runtime: Runtime, session: Session, case_id: UUID, principal: Principal) -> Standing:
    """The case as it stands, if the caller may see it. Raises Refused("not-found")."""
    found = await stands(session, case_id, principal, runtime.clock.now())
    if found is None:
        raise Refused("not-found")
    leads, numbers = found.leads()
    if not (leads or numbers):
        return found
    return replace(found, named=await links_store.readable(session, principal, leads, numbers))


async def act(
    runtime: Runtime, session: Session, case_id: UUID, principal: Principal, action: str, wish: Wish
) -> Standing:
    """Let the domain decide, collect the next version and tell who must know; how the case stands then. Raises Refused.

    Nothing is locked and nothing written yet: all goes to the database together, behind the version that was read.
    """
    held = resources.of(runtime)
    there = await standing(runtime, session, case_id, principal)
    case, procedure = there.case, held.procedures.get(there.case.procedure)
    order = _order(runtime, there, action, principal, wish)
    domain.check_request(case, action, order.actor, wish.version, procedure, order.asked_at or order.at)
    elsewhere = case.writer != runtime.node  # so it can only be asked for
    if elsewhere and action == "recall":
        asking.recall(runtime, session, case, order)
        return there
    _check_complete(there, action, procedure, wish, order.at)
    if elsewhere:
        return asking.withdrawal(runtime, session, there, order)
    if wish.lead is not None:
        await session.begin()
        await _check_lead(runtime, session, case, wish.lead, principal)
    changed = confidence.seen(decide(case, action, order, procedure, held.counting), held.units.superiors)
    role = domain.approver(case, procedure) if action in domain.APPROVALS else ""
    behalf = there.on_behalf_of(principal, role)
    step = await put(runtime, session, changed, before=case, behalf=behalf)
    if action == "approve" and changed.state == "opinion-approved":  # the last of the approvers
        approvals.keep_opinion(session, changed, behalf)
    return there.after(changed, step)


def _order(runtime: Runtime, there: Standing, action: str, principal: Principal, wish: Wish) -> Order:
    held_here, now, case = resources.of(runtime), runtime.clock.now(), there.case
    if wish.requested_at is not None and wish.requested_at > now:
        raise Refused("invalid-input", field="requested_at")
    to = held_here.unit(wish.to_unit) if wish.to_unit else None
    return Order(
        actor=there.actor(principal, runtime.node), version=wish.version, at=now,
        asked_at=wish.requested_at, reason=wish.reason, note=wish.note, to=to, due_at=wish.due_at,
        hand_over=runtime.ids.new(), arbiter=_arbiter(held_here, case, action, to),
        parent=_parent(held_here, case, action, wish), kind=wish.kind, accused=wish.accused_units,
        objections=held_here.settings.objections, hops=held_here.settings.hops,
        longest=timedelta(days=held_here.settings.longest_days), route=wish.route,
        procedure=_chosen(held_here, case, action, wish), outcome=wish.outcome, papers=wish.papers, days=wish.days,
        served_at=wish.served_at, lead=wish.lead, units=there.concerned(),
        holder_node=held_here.node_of(case.holder_unit),
        confidential=bool(wish.fields and wish.fields.get("confidential")),
        fields=json.dumps(dict(wish.fields), ensure_ascii=False) if wish.fields else "",
    )  # fmt: skip


def _parent(held_here: resources.Resources, case: Case, action: str, wish: Wish) -> Unit | None:
    """The unit above the one whose opinion is to be reviewed (of a case that was merged: that of its lead), or above a
    holder that may turn out to be accused.
    """
    if not held_here.units.units.keys() >= {*wish.accused_units}:
        raise Refused("unknown-unit", field="accused_units")
    if wish.accused_units:
        return held_here.superior(case.holder_unit, case.accusing(wish.accused_units))
    reviewed = case.handler_unit or case.holder_unit
    return held_here.superior(reviewed, case.accused_units) if action == "request-review" else None


def _arbiter(held_here: resources.Resources, case: Case, action: str, to: Unit | None) -> Unit | None:
    """Who settles a dispute: the nearest common superior of the two sides; of an open dispute the one that is asked."""
    if action == "arbitrate" and case.asked is not None:
        return held_here.unit(case.asked)
    if action == "object" and case.came_by is not None:
        sides = {case.holder_unit, case.came_by.from_unit}
        return held_here.arbiter(
            case.holder_region, case.came_by.from_region, accused=case.accused_units, parties=sides
        )
    if to is not None:  # the holder itself, where it is above the other one
        return held_here.arbiter(case.holder_region, to.region, accused=case.accused_units, parties={to.code})
    return None


def _chosen(held_here: resources.Resources, case: Case, action: str, wish: Wish) -> Procedure | None:
    if action != "screen":
        return None
    kind = wish.kind or case.kind
    if kind == "appeal" and wish.route is None:
        raise Refused("route-missing", field="route")
    if kind != "appeal" and wish.route is not None:
        raise Refused("route-of-no-appeal", field="route", rule="Art 31")
    return held_here.procedures.choose(kind, wish.route, wish.procedure, channel=case.channel)


def _check_complete(there: Standing, action: str, procedure: Procedure, wish: Wish, now: datetime) -> None:
    """All that is missing at once: papers, fields of the form. Raises Refused("incomplete")."""
    rule = procedure.asks(action, served=there.case.served_at is not None)
    wrong = check_form(rule, wish.fields or {}, wish.note, now)
    errors = [{"field": f"fields{error.pointer}", "zh": error.zh, "en": error.en} for error in wrong]
    missing, support = there.missing_papers(rule), there.missing_support(action)
    if missing or errors or support:
        raise Refused("incomplete", papers=missing, errors=errors, support=support)
    if wish.papers:
        there.check_papers(wish.papers, wish.outcome)


async def _check_lead(runtime: Runtime, session: Session, case: Case, lead: UUID, principal: Principal) -> None:
    """A case is merged into another one that stays as it is until then. Raises Refused."""
    row = await store.find(session, lead, principal.region, principal.line)
    await links_store.hold(session)
    led_by = await store.locked(session, lead) if row is not None and lead != case.id else None
    if led_by is None:
        raise Refused("invalid-input", field="lead")
    check_merge(case, led_by, runtime.node)
    await links_store.note_merge(session, case.id, lead, led_by.version)


async def write(runtime: Runtime, session: Session, case: Case, cause: Envelope | None = None) -> None:
    """Store the next version at once, in a transaction that goes on. Raises Refused("version-conflict")."""
    await put(runtime, session, confidence.seen(case, resources.of(runtime).units.superiors), cause)
    await session.flush()


async def put(
    runtime: Runtime, session: Session, case: Case, cause: Envelope | None = None, *, before: Case | None = None,
    behalf: str | None = None,
) -> Step:  # fmt: skip
    """Collect a version this node has the right to write, and tell of it. before: the version it was made of; behalf:
    for whom the actor acted.
    """
    if before is None or _may_be_due(runtime, before):
        # what was reached until now must be told before it is over
        await session.begin()
        await deadlines.tell_due(runtime, session, [(case.id, case.last.at)])
    state, last = public_state(case), case.last
    sealed = partial(store.sealed_text, runtime.keyring, case)
    step = Step(
        case.version, last.action, last.unit, last.actor, last.at, last.reason, sealed("note", last.note),
        sealed("fields", last.fields),
    )  # fmt: skip
    store.put(session, case, state.model_dump_json(), step, before)
    session.fence("timeline", partial(_overtaken, runtime, case.id))
    note(session, case, _proof(step, behalf))
    if before is None or _watched(before) != _watched(case):
        held = resources.of(runtime)
        # what begins with a version that is written here nobody has told of, also where it began before it was recorded
        watched = replace(_watch(runtime, case), since=None)
        deadlines.put(session, watched, now=runtime.clock.now(), counting=held.counting.version)
    if before is not None and case.objections > before.objections:
        deadlines.tell_of_returns(
            runtime, session, case_id=case.id, version=case.version, number=case.number, holder_unit=case.holder_unit,
            holder_region=case.holder_region, objections=case.objections,
            limit=resources.of(runtime).settings.objections, at=last.at,
        )  # fmt: skip
    tell(runtime, session, case, cause, state)
    return step


def note(session: Session, case: Case, detail: Mapping[str, str] | None = None) -> None:
    """Audit the action that made this version."""
    last = case.last
    audit.note(
        session, last.action, subject=case.id, at=last.at, actor=last.actor, unit=last.unit, reason=last.reason,
        before=case.version - 1, after=case.version, detail=detail,
    )  # fmt: skip


def _proof(step: Step, behalf: str | None) -> dict[str, str] | None:
    """What holds the line of the timeline to the entry of the audit: digests of what is sealed in it."""
    sealed = {"note": step.note, "fields": step.fields}
    digests = {name: sha256(text).hexdigest() for name, text in sealed.items() if text is not None}
    return {**digests, **({"for": behalf} if behalf else {})} or None


async def _overtaken(runtime: Runtime, case_id: UUID) -> Refused:
    """Somebody else wrote the next version first."""
    async with runtime.database.apart() as session:
        return Refused("version-conflict", current_version=await store.version_of(session, case_id))


def _may_be_due(runtime: Runtime, case: Case) -> bool:
    """Whether a clock of the case has reached a level that may not have been told."""
    now, rules = runtime.clock.now(), {rule.name: rule for rule in resources.of(runtime).clock_rules(case.procedure)}
    reached = (clocks.alarms(clock, rules[clock.name]) for clock in case.clocks if clock.name in rules)
    return any(at <= now for alarms in reached for _, at in alarms)


def _watched(case: Case) -> tuple[object, ...]:
    """All that the scheduler's rows of a case are made of."""
    return case.clocks, case.procedure, case.writer, case.hand_over


async def watch(runtime: Runtime, session: Session, cases: Sequence[Case]) -> None:
    """Let the scheduler follow the clocks of these versions."""
    watches = [_watch(runtime, case) for case in cases]
    counting = resources.of(runtime).counting.version
    await deadlines.keep(session, watches, now=runtime.clock.now(), counting=counting)


def _watch(runtime: Runtime, case: Case) -> Watch:
    offer = case.hand_over
    sent = offer is not None and offer.from_node == runtime.node
    return Watch(
        case.id, case.clocks, resources.of(runtime).clock_rules(case.procedure), writes=case.writer == runtime.node,
        sent=sent, sent_at=offer.offered_at if offer is not None and sent else None, since=case.last.at,
    )  # fmt: skip


def tell(
    runtime: Runtime, session: Session, case: Case, cause: Envelope | None = None, state: CaseState | None = None
) -> None:
    """The event for this node and all above; letters for the node that writes next and for those it cannot rise to.

    state: the public one, where it is made already.
    """
    state, last = state or public_state(case), case.last
    event = emit(runtime, session, case_event(last.action), state, subject=case.id, sequence=case.version, cause=cause)
    if case.writer != runtime.node:
        definition = resources.of(runtime).procedures.letter(case.procedure)
        letter = CaseFile(case=state, note=last.note, fields=last.fields, definition=definition)
        post(
            runtime, session, "routing.case-file.v1", letter,
            to=case.writer, subject=case.id, sequence=case.version, cause=cause,
        )  # fmt: skip
    known = {entry.path for entry in runtime.settings.directory}
    readers = rights.readers(case) & known - {runtime.node, case.writer}
    for node in sorted(readers.union(rights.audience(case, runtime.node, known))):
        words = {"note": last.note, "fields": last.fields} if node in readers else {}
        progress = CaseProgress(event=event.body().decode(), **words)
        post(
            runtime, session, "routing.case-progress.v1", progress,
            to=node, subject=case.id, sequence=case.version, cause=cause,
        )  # fmt: skip
