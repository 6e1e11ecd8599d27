"""What can be done with cases here. Each function runs inside its caller's transaction."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.envelope import Envelope
from contracts.letters import CaseNote, CaseProgress, HandOverOffer, WithdrawalRequest
from contracts.speech import emit, post
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from routing import domain, resources, store
from routing.domain import Actor, Case, Outcome
from routing.shapes import public_state

EVENT_OF = {
    "open": "routing.case.opened.v1",
    "transfer": "routing.case.handed-over.v1",
    "assign": "routing.case.handed-over.v1",
    "receive": "routing.case.received.v1",
    "return": "routing.case.returned.v1",
    "withdraw": "routing.case.withdrawn.v1",
    "accept": "routing.case.accepted.v1",
    "write-opinion": "routing.case.opinion-written.v1",
    "close": "routing.case.closed.v1",
}
Decision = Callable[[Case, Actor], Case]


def actor_of(runtime: Runtime, principal: Principal) -> Actor:
    return Actor(principal.subject, principal.unit, runtime.node, principal.roles)


async def held(session: Session, case_id: UUID, principal: Principal) -> Case:
    """The case, locked, if the caller may see it. Raises Refused("not-found")."""
    if await store.find(session, case_id, principal.region, principal.unit) is None:
        raise Refused("not-found")
    case = await store.locked(session, case_id)
    if case is None:
        raise Refused("not-found")
    return case


async def act(runtime: Runtime, session: Session, case_id: UUID, principal: Principal, decide: Decision) -> Case:
    """Lock the case, let the domain decide, write the next version and tell who must know. Raises Refused."""
    changed = decide(await held(session, case_id, principal), actor_of(runtime, principal))
    await write(runtime, session, changed)
    return changed


async def write(runtime: Runtime, session: Session, case: Case, cause: Envelope | None = None) -> None:
    """Store a version this node has the right to write, and tell of it."""
    if not await store.write(session, runtime.keyring, case):
        raise Refused("version-conflict")
    tell(runtime, session, case, cause)


def tell(runtime: Runtime, session: Session, case: Case, cause: Envelope | None = None) -> None:
    """The event for this node and all above; letters for the receiver of an offer and for nodes it cannot rise to."""
    state = public_state(case)
    event = emit(
        runtime, session, EVENT_OF[case.last.action], state, subject=case.id, sequence=case.version, cause=cause
    )
    offer = case.hand_over
    offered_to = offer.to_node if offer is not None and case.last.action in {"transfer", "assign"} else None
    if offered_to is not None and offered_to != runtime.node:
        letter = HandOverOffer(case=state, note=case.last.note)
        post(
            runtime, session, "routing.hand-over-offer.v1", letter,
            to=offered_to, subject=case.id, sequence=case.version, cause=cause,
        )  # fmt: skip
    for node in domain.audience(case, runtime.node, (entry.path for entry in runtime.settings.directory)):
        progress = CaseProgress(event=event.body().decode())
        post(
            runtime, session, "routing.case-progress.v1", progress,
            to=node, subject=case.id, sequence=case.version, cause=cause,
        )  # fmt: skip
    if case.last.action == "return" and case.last.note and case.writer != runtime.node:
        last = case.last
        note = CaseNote(version=case.version, action=last.action, unit=last.unit, note=last.note, at=last.at)
        post(runtime, session, "routing.case-note.v1", note, to=case.writer, subject=case.id, cause=cause)


async def offer(
    runtime: Runtime, session: Session, case_id: UUID, principal: Principal, version: int, *,
    kind: Literal["transfer", "assign"], to_unit: str, note: str, due_at: datetime | None = None,
) -> Case:  # fmt: skip
    """Transfer (转送) or assign (交办) a case to another unit, wherever it is."""
    directory = resources.of(runtime)

    def decide(case: Case, actor: Actor) -> Case:
        return domain.offer(
            case, actor, version, kind=kind, to=directory.unit(to_unit), hand_over_id=runtime.ids.new(),
            at=runtime.clock.now(), accused=directory.accused(case.accused_units), due_at=due_at, note=note,
        )  # fmt: skip

    return await act(runtime, session, case_id, principal, decide)


async def withdraw(runtime: Runtime, session: Session, case_id: UUID, principal: Principal, version: int) -> Case:
    """Take an offer back: at once when it is for a unit of this node, by request when another node decides."""
    case = await held(session, case_id, principal)
    actor = actor_of(runtime, principal)
    if case.writer != runtime.node:
        domain.check_request(case, "withdraw", actor, version)
        _ask_back(runtime, session, case)
        return case
    changed = domain.withdraw(case, actor, version, runtime.clock.now())
    await write(runtime, session, changed)
    return changed


def _ask_back(runtime: Runtime, session: Session, case: Case) -> None:
    if case.hand_over is not None:
        request = WithdrawalRequest(hand_over=case.hand_over.id, version=case.version)
        post(
            runtime, session, "routing.withdrawal-request.v1", request, to=case.writer, subject=case.id,
            sequence=case.version,
        )  # fmt: skip


async def write_opinion(
    runtime: Runtime, session: Session, case_id: UUID, principal: Principal, version: int, *,
    outcome: Outcome, paper_id: UUID,
) -> Case:  # fmt: skip
    """Record the opinion; its paper must have been filed in documents. Raises Refused("paper-missing")."""
    if not await store.has_paper(session, case_id, paper_id, "opinion"):
        raise Refused("paper-missing", field="paper_id")

    def decide(case: Case, actor: Actor) -> Case:
        return domain.write_opinion(case, actor, version, runtime.clock.now(), outcome)

    return await act(runtime, session, case_id, principal, decide)
