"""What can be done with cases here. Each function runs inside its caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import case_event
from contracts.letters import CaseFile, CaseProgress, RecallRequest
from contracts.speech import emit, post
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from routing import approvals, domain, resources, store
from routing.decisions import decide
from routing.domain import Actor, Case, Order, Outcome, Unit
from routing.procedures.domain import ActionRule, Procedure
from routing.procedures.forms import FieldError, check_form
from routing.requests import store as requests_store
from routing.shapes import public_state
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
    route: int | None = None
    procedure: str | None = None
    outcome: Outcome | None = None
    papers: tuple[UUID, ...] = ()
    days: int = 0
    served_at: datetime | None = None
    requested_at: datetime | None = None
    lead: UUID | None = None


async def actor_of(runtime: Runtime, session: Session, principal: Principal, case: Case) -> Actor:
    """Who acts; while an opinion is in approval also with the roles an absent approver delegated."""
    roles = principal.roles
    if case.state == "in-approval":
        now = runtime.clock.now()
        roles |= await approvals.delegated_roles(session, principal.unit, principal.subject, now)
    return Actor(principal.subject, principal.unit, runtime.node, roles)


async def held(session: Session, case_id: UUID, principal: Principal) -> Case:
    """The case, locked, if the caller may see it. Raises Refused("not-found")."""
    case = await store.held(session, case_id, principal.region, principal.unit)
    if case is None:
        raise Refused("not-found")
    return await with_submitter(session, case)


async def with_submitter(session: Session, case: Case) -> Case:
    if case.state != "in-approval":
        return case
    return replace(case, submitted_by=await approvals.submitter(session, case.id))


async def act(runtime: Runtime, session: Session, case_id: UUID, principal: Principal, action: str, wish: Wish) -> Case:
    """Lock the case, let the domain decide, write the next version and tell who must know. Raises Refused."""
    held_here = resources.of(runtime)
    case = await held(session, case_id, principal)
    procedure = held_here.procedures.get(case.procedure)
    order = await _order(runtime, session, case, action, principal, wish)
    domain.check_request(case, action, order.actor, wish.version, procedure, order.asked_at or order.at)
    if action == "recall" and case.writer != runtime.node:
        _ask_back(runtime, session, case)
        return case
    await _check_complete(session, case, action, procedure, wish)
    if wish.lead is not None:
        await _check_lead(session, case, wish.lead, principal)
    changed = decide(case, action, order, procedure, held_here.counting)
    fields = json.dumps(dict(wish.fields), ensure_ascii=False) if wish.fields else ""
    await write(runtime, session, changed, before=case, fields=fields)
    if action == "approve" and changed.state == "opinion-approved":  # the last of the approvers
        await approvals.keep_opinion(session, changed)
    return changed


async def _order(
    runtime: Runtime, session: Session, case: Case, action: str, principal: Principal, wish: Wish
) -> Order:
    held_here, now = resources.of(runtime), runtime.clock.now()
    if wish.requested_at is not None and wish.requested_at > now:
        raise Refused("invalid-input", field="requested_at")
    to = held_here.unit(wish.to_unit) if wish.to_unit else None
    return Order(
        actor=await actor_of(runtime, session, principal, case), version=wish.version, at=now,
        asked_at=wish.requested_at, reason=wish.reason, note=wish.note, to=to, due_at=wish.due_at,
        hand_over=runtime.ids.new(), arbiter=_arbiter(held_here, case, action, to),
        parent=held_here.superior(case.holder_unit, case.accused_units) if action == "request-review" else None,
        accused=held_here.accused(case.accused_units), objections=held_here.settings.objections,
        route=wish.route, procedure=_chosen(held_here, case, action, wish), outcome=wish.outcome, papers=wish.papers,
        days=wish.days, served_at=wish.served_at, lead=wish.lead,
    )  # fmt: skip


def _arbiter(held_here: resources.Resources, case: Case, action: str, to: Unit | None) -> Unit | None:
    """Who settles a dispute: the nearest common superior of the two sides; of an open dispute the one that is asked."""
    if action == "arbitrate" and case.asked is not None:
        return held_here.unit(case.asked)
    if action == "object" and case.came_by is not None:
        return held_here.arbiter(case.holder_region, case.came_by.from_region, accused=case.accused_units)
    if to is not None:
        return held_here.arbiter(case.holder_region, to.region, accused=case.accused_units)
    return None


def _chosen(held_here: resources.Resources, case: Case, action: str, wish: Wish) -> Procedure | None:
    if action != "screen":
        return None
    if case.kind == "appeal" and wish.route is None:
        raise Refused("route-missing", field="route")
    return held_here.procedures.choose(case.kind, wish.route, wish.procedure)


async def _check_complete(session: Session, case: Case, action: str, procedure: Procedure, wish: Wish) -> None:
    """All that is missing at once: papers, fields of the form. Raises Refused("incomplete")."""
    rule = procedure.actions.get(action, ActionRule())
    errors = [{"field": f"fields{error.pointer}", "zh": error.zh, "en": error.en} for error in _form_errors(rule, wish)]
    missing = await missing_papers(session, case, rule)
    support = await missing_support(session, case, action)
    if missing or errors or support:
        raise Refused("incomplete", papers=missing, errors=errors, support=support)
    if wish.papers and not await approvals.are_papers(session, case.id, wish.papers):
        raise Refused("paper-missing", field="papers")


async def _check_lead(session: Session, case: Case, lead: UUID, principal: Principal) -> None:
    """A case is merged into another one of the same holder that stands for itself. Raises Refused."""
    row = await store.find(session, lead, principal.region, principal.unit)
    if row is None or lead == case.id or row.holder_unit != case.holder_unit or row.body["merged_into"] is not None:
        raise Refused("invalid-input", field="lead")


def _form_errors(rule: ActionRule, wish: Wish) -> list[FieldError]:
    return check_form(rule, wish.fields or {}, wish.note)


async def missing_papers(session: Session, case: Case, rule: ActionRule) -> list[str]:
    """Kinds of papers that must be filed before the action and are not."""
    if not rule.papers:
        return []
    filed = await approvals.filed_kinds(session, case)
    return [kind for kind in rule.papers if kind not in filed]


async def missing_support(session: Session, case: Case, action: str) -> list[str]:
    """Supporting units whose answer the lead unit has not closed before it sends its opinion for approval."""
    if action != "submit":
        return []
    return sorted({asked.to_unit for asked in await requests_store.open_support(session, case.id)})


async def write(
    runtime: Runtime, session: Session, case: Case, cause: Envelope | None = None, *, before: Case | None = None,
    fields: str = "",
) -> None:  # fmt: skip
    """Store a version this node has the right to write, and tell of it. before: the version it was made of."""
    if before is None or _may_be_due(runtime, before):
        # what was reached until now must be told before it is over
        await deadlines.tell_due(runtime, session, [(case.id, case.last.at)])
    if not await store.write(session, runtime.keyring, case, fields):
        raise Refused("version-conflict")
    last = case.last
    audit.note(
        session, last.action, subject=case.id, at=last.at, actor=last.actor, unit=last.unit, reason=last.reason,
        before=case.version - 1, after=case.version,
    )  # fmt: skip
    if before is None or _watched(before) != _watched(case):
        await watch(runtime, session, [case])
    if last.action == "agree-objection":
        deadlines.tell_of_returns(
            runtime, session, case_id=case.id, version=case.version, number=case.number, holder_unit=case.holder_unit,
            holder_region=case.holder_region, objections=case.objections,
            limit=resources.of(runtime).settings.objections, at=last.at,
        )  # fmt: skip
    tell(runtime, session, case, cause)


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
    held_here = resources.of(runtime)
    watches = [
        Watch(
            case.id, case.clocks, held_here.clock_rules(case.procedure), writes=case.writer == runtime.node,
            sent=case.hand_over is not None and case.hand_over.from_node == runtime.node, since=case.last.at,
        )
        for case in cases
    ]  # fmt: skip
    await deadlines.keep(session, watches, now=runtime.clock.now(), calendar=held_here.counting.calendar)


def tell(runtime: Runtime, session: Session, case: Case, cause: Envelope | None = None) -> None:
    """The event for this node and all above; letters for the node that writes next and for those it cannot rise to."""
    state = public_state(case)
    event = emit(
        runtime, session, case_event(case.last.action), state, subject=case.id, sequence=case.version, cause=cause
    )
    if case.writer != runtime.node:
        letter = CaseFile(case=state, note=case.last.note)
        post(
            runtime, session, "routing.case-file.v1", letter,
            to=case.writer, subject=case.id, sequence=case.version, cause=cause,
        )  # fmt: skip
    for node in domain.audience(case, runtime.node, (entry.path for entry in runtime.settings.directory)):
        progress = CaseProgress(event=event.body().decode())
        post(
            runtime, session, "routing.case-progress.v1", progress,
            to=node, subject=case.id, sequence=case.version, cause=cause,
        )  # fmt: skip


def _ask_back(runtime: Runtime, session: Session, case: Case) -> None:
    if case.hand_over is not None:
        request = RecallRequest(hand_over=case.hand_over.id, version=case.version)
        post(
            runtime, session, "routing.recall-request.v1", request, to=case.writer, subject=case.id,
            sequence=case.version,
        )  # fmt: skip
