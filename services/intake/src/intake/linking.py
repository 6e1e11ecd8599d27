"""Linking petitions: repeats and merging, both undone without loss. Each function runs in its caller's transaction."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.envelope import Envelope
from contracts.letters import LinkRequest
from contracts.speech import emit, post
from intake import ratings_store, repeats, repeats_store, store
from intake.domain import Repeat
from intake.recognising import terminated_among
from intake.repeats import Decision, Standing
from intake.states import state_of_row
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.paths import lies_in
from kit.runtime import Runtime


async def repeat_at_registration(session: Session, of: UUID, region: str, unit: str) -> Repeat:
    """What a new petition repeats. Raises Refused("not-found")."""
    if await store.find(session, of, region, unit) is None:
        raise Refused("not-found", field="repeat_of")
    return Repeat(of, terminated=of in await terminated_among(session, [of]))


async def link_repeat(
    runtime: Runtime, session: Session, petition_id: UUID, of: UUID, principal: Principal, reason: str
) -> bool:
    """A petition turns out to be a repeat of an earlier one. Raises Refused.

    This and the next three: False when the node that registered it was asked to do it.
    """
    petition = await _held(session, petition_id, principal)
    repeats.check_repeat(petition, await _readable(session, of, principal, "repeat_of"))
    terminated = of in await terminated_among(session, [of])
    decision = Decision("linked", of, principal.subject, principal.unit, reason, terminated)
    return await _carry_out(runtime, session, petition, decision)


async def unlink_repeat(
    runtime: Runtime, session: Session, petition_id: UUID, principal: Principal, reason: str
) -> bool:
    """It was no repeat. Raises Refused."""
    petition = await _held(session, petition_id, principal)
    decision = Decision("unlinked", repeats.repeated(petition), principal.subject, principal.unit, reason)
    return await _carry_out(runtime, session, petition, decision)


async def merge(
    runtime: Runtime, session: Session, petition_id: UUID, lead: UUID, principal: Principal, reason: str
) -> bool:
    """From here on the lead is handled for both; the petition keeps its number and its answer. Raises Refused.

    A lead that is merged itself stands for its own lead.
    """
    petition = await _held(session, petition_id, principal)
    named = await _readable(session, lead, principal, "lead")
    last = named if named.merged_into is None else await _readable(session, named.merged_into, principal, "lead")
    repeats.check_merge(petition, last)
    decision = Decision("merged", last.id, principal.subject, principal.unit, reason)
    return await _carry_out(runtime, session, petition, decision)


async def unmerge(runtime: Runtime, session: Session, petition_id: UUID, principal: Principal, reason: str) -> bool:
    """The petition stands for itself again, as it did before. Raises Refused."""
    petition = await _held(session, petition_id, principal)
    decision = Decision("unmerged", repeats.lead_of(petition), principal.subject, principal.unit, reason)
    return await _carry_out(runtime, session, petition, decision)


async def take_request(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """A node above has decided on a petition registered here. Sent twice it has no second effect. Raises Refused."""
    request: LinkRequest = letter.data
    await repeats_store.hold(session)
    petition = await _known(session, letter.subject)
    if petition is None or petition.node != runtime.node:
        raise Refused("not-found")
    if not lies_in(petition.region, letter.node):
        raise Refused("sender-outside-link", sender=letter.node)
    decision = Decision(
        request.change, request.other, request.subject, request.unit, request.reason, request.terminated
    )
    wanted = decision.links()
    if any(getattr(petition, name) != value for name, value in wanted.items() if name != "terminated_before"):
        repeats.check(petition, decision, await _known(session, request.other))
        await _apply(runtime, session, petition.id, decision, letter)


async def _held(session: Session, petition_id: UUID, principal: Principal) -> Standing:
    """A petition whose links nobody else changes until the transaction ends. Raises Refused."""
    await repeats_store.hold(session)
    return await _readable(session, petition_id, principal, None)


async def _readable(session: Session, petition_id: UUID, principal: Principal, field: str | None) -> Standing:
    row = await store.find(session, petition_id, principal.region, principal.unit)
    if row is None:
        raise Refused("not-found", **({"field": field} if field else {}))
    return _standing(row, leads=await repeats_store.leads(session, petition_id))


async def _known(session: Session, petition_id: UUID) -> Standing | None:
    """Whatever the scope: for what another node has decided."""
    row = await repeats_store.look(session, petition_id)
    return None if row is None else _standing(row, leads=await repeats_store.leads(session, petition_id))


def _standing(row: Row[Any], *, leads: bool) -> Standing:
    return Standing(
        id=row.id,
        registered_at=row.registered_at,
        node=row.registered_node,
        region=row.region,
        kind=row.kind,
        accused_units=frozenset(row.accused_units),
        state=row.state,
        repeat_of=row.repeat_of,
        merged_into=row.merged_into,
        leads=leads,
    )


async def _carry_out(runtime: Runtime, session: Session, petition: Standing, decision: Decision) -> bool:
    """The registering node alone writes the public state of a petition; nodes above ask it to. Raises Refused."""
    if petition.node == runtime.node:
        await _apply(runtime, session, petition.id, decision)
        return True
    if not lies_in(petition.region, runtime.node):
        raise Refused("registered-elsewhere", node=petition.node)
    request = LinkRequest(
        change=decision.change, other=decision.other, terminated=decision.terminated, subject=decision.subject,
        unit=decision.unit, reason=decision.reason,
    )  # fmt: skip
    post(runtime, session, "intake.link-request.v1", request, to=petition.node, subject=petition.id)
    repeats_store.note(session, petition.id, decision, runtime.clock.now())
    return False


async def _apply(
    runtime: Runtime, session: Session, petition_id: UUID, decision: Decision, cause: Envelope | None = None
) -> None:
    changed = await repeats_store.change(session, petition_id, decision.links())
    at = runtime.clock.now()
    repeats_store.note(session, petition_id, decision, at)
    audit.note(
        session, f"petition.{decision.change}", subject=petition_id, at=at, actor=decision.subject, unit=decision.unit,
        before=changed.version - 1, after=changed.version, detail={"other": str(decision.other)},
    )  # fmt: skip
    if decision.change == "unmerged":
        await ratings_store.forget_led_window(session, petition_id)
    kind, state = f"intake.petition.{decision.change}.v1", state_of_row(changed)
    emit(runtime, session, kind, state, subject=petition_id, sequence=changed.version, cause=cause)
