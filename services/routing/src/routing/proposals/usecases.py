"""Proposing supervision when a trigger of Art 40 is met, and deciding on it. Inside the caller's transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.envelope import Envelope
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.paths import lies_in
from kit.runtime import Runtime
from routing.guards import CARRYING_OUT
from routing.proposals import store as proposals_store
from routing.proposals.store import Proposal
from routing.requests import usecases as requests_usecases
from routing.requests.domain import Request, Wish, check_may
from routing.requests.rules import OFFICE, SUPERVISING
from routing.revisions import RETURNED_FOR_REVISION
from routing.timing.deadlines import NOT_DONE, RETURNED_TOO_OFTEN

WARNED = "routing.clock.warned.v1"
# alarms that are of a trigger of their own, or of none
TRIGGERS = {
    RETURNED_TOO_OFTEN: "refused-hand-overs", CARRYING_OUT: "not-carried-out", RETURNED_FOR_REVISION: None,
    NOT_DONE: None,
}  # fmt: skip


def _trigger(runtime: Runtime, event: Envelope) -> str | None:
    """Which trigger of Art 40 an event meets."""
    policy = requests_usecases.policy_of(runtime)
    if event.type != WARNED:
        return "refused-hand-overs" if event.data.objections >= policy.refused_hand_overs else None
    if event.data.level != "red" or event.data.clock in policy.waiting:
        return None
    return TRIGGERS.get(event.data.clock, "overdue")


async def propose_by_event(runtime: Runtime, session: Session, event: Envelope) -> None:
    """At every node whose units can be above the holder."""
    trigger = _trigger(runtime, event)
    if trigger is not None and lies_in(event.data.holder_region, runtime.node):
        state = event.data
        at: datetime = state.at if event.type == WARNED else state.last.at
        proposal = Proposal(
            runtime.ids.new(), event.subject, trigger, state.number, state.holder_unit, state.holder_region, at,
            clock=state.clock if trigger == "overdue" else "",
        )  # fmt: skip
        await proposals_store.propose(session, proposal)


async def propose(runtime: Runtime, session: Session, case_id: UUID, principal: Principal, trigger: str) -> Proposal:
    """A person above the holder has seen the cause. Raises Refused."""
    case = await requests_usecases.readable_case(session, case_id, principal)
    if case.holder_unit == principal.unit:
        raise Refused("own-unit")
    asker = requests_usecases.asker_of(runtime, principal)
    check_may("region", OFFICE | SUPERVISING, asker, requests_usecases.matter_of(runtime, case_id, case).holder)
    proposal = Proposal(
        runtime.ids.new(), case_id, trigger, case.number, case.holder_unit, case.holder_region,
        runtime.clock.now(), principal.subject,
    )  # fmt: skip
    if not await proposals_store.propose(session, proposal):
        raise Refused("already-proposed")
    _audit(session, "proposal.make", case_id, principal, proposal.at, proposal.id, trigger)
    return proposal


async def supervise(
    runtime: Runtime, session: Session, proposal_id: UUID, principal: Principal, text: str, due_at: datetime
) -> Request:
    """Follow a proposal: the holder is supervised for its trigger. Raises Refused."""
    row = await _undecided(session, proposal_id, principal)
    wish = Wish(text, row.trigger, due_at)
    (request,) = await requests_usecases.send(runtime, session, row.case_id, principal, "supervise", wish)
    await _decide(runtime, session, row, principal, "supervise", request_id=request.id)
    return request


async def dismiss(runtime: Runtime, session: Session, proposal_id: UUID, principal: Principal, reason: str) -> None:
    """Do not follow a proposal, and say why. Raises Refused."""
    row = await _undecided(session, proposal_id, principal)
    holder = requests_usecases.place_of(runtime, row.holder_unit)
    check_may("superior", SUPERVISING, requests_usecases.asker_of(runtime, principal), holder)
    await _decide(runtime, session, row, principal, "dismiss", reason=reason)


async def _decide(runtime: Runtime, session: Session, row: Row[Any], by: Principal, decision: str, **more: Any) -> None:
    now = runtime.clock.now()
    await proposals_store.decide(session, runtime.keyring, row.id, decision, by, now, **more)
    _audit(session, f"proposal.{decision}", row.case_id, by, now, row.id, row.trigger)


def _audit(
    session: Session, action: str, case_id: UUID, by: Principal, at: datetime, proposal_id: UUID, trigger: str
) -> None:
    audit.note(
        session, action, subject=case_id, at=at, actor=by.subject, unit=by.unit, reason=trigger,
        detail={"proposal": str(proposal_id)},
    )  # fmt: skip


async def _undecided(session: Session, proposal_id: UUID, principal: Principal) -> Row[Any]:
    row = await proposals_store.locked(session, proposal_id, principal.region, principal.line)
    if row is None:
        raise Refused("not-found")
    if row.decision is not None:
        raise Refused("already-decided")
    return row
