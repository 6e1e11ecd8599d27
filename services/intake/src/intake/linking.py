"""Linking petitions that repeat each other, undone without loss. Each function runs in its caller's transaction."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from contracts.envelope import Envelope
from contracts.letters import LinkRequest
from contracts.speech import emit, post
from intake import repeats, repeats_store, store
from intake.domain import Repeat
from intake.recognising import Sought, concluded, sought_for, terminated_among
from intake.repeats import Decision, Standing
from intake.states import state_of_row
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.paths import lies_in
from kit.runtime import Runtime


async def repeat_at_registration(session: Session, of: UUID, principal: Principal, wanted: Sought) -> Repeat:
    """What a new petition repeats. wanted: who raises it. Raises Refused("not-found")."""
    _, terminated = await _earlier(session, of, principal, wanted)
    return Repeat(of, terminated)


async def _earlier(session: Session, of: UUID, principal: Principal, wanted: Sought) -> tuple[Standing, bool]:
    """What is repeated, and whether that matter went through re-review: then its number may be all that is known here.

    Raises Refused("not-found").
    """
    if await store.find(session, of, principal.region, principal.line) is not None:
        standing = await _readable(session, of, principal, "repeat_of")
        return standing, of in await terminated_among(session, [of])
    for each, _ in await concluded(session, wanted, principal.line):
        if each.id == of:
            return Standing(of, each.registered_at, node="", region=""), True
    raise Refused("not-found", field="repeat_of")


async def link_repeat(
    runtime: Runtime, session: Session, petition_id: UUID, of: UUID, principal: Principal, reason: str
) -> bool:
    """A petition turns out to be a repeat of an earlier one. Raises Refused.

    This and the next: False when the node that registered it was asked to do it.
    """
    petition = await _held(session, petition_id, principal)
    earlier, terminated = await _earlier(session, of, principal, await sought_for(session, petition_id, principal))
    repeats.check_repeat(petition, earlier)
    decision = Decision("linked", of, principal.subject, principal.unit, reason, terminated)
    return await _carry_out(runtime, session, petition, decision)


async def unlink_repeat(
    runtime: Runtime, session: Session, petition_id: UUID, principal: Principal, reason: str
) -> bool:
    """It was no repeat. Raises Refused."""
    petition = await _held(session, petition_id, principal)
    decision = Decision("unlinked", repeats.repeated(petition), principal.subject, principal.unit, reason)
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
    if request.change not in repeats.CHANGES:  # nodes of before also merged by letter
        raise Refused("link-unknown", change=request.change)
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
    row = await repeats_store.look(session, petition_id)
    if row is None or await store.find(session, petition_id, principal.region, principal.line) is None:
        raise Refused("not-found", **({"field": field} if field else {}))
    return _standing(row)


async def _known(session: Session, petition_id: UUID) -> Standing | None:
    """Whatever the scope: for what another node has decided."""
    row = await repeats_store.look(session, petition_id)
    return None if row is None else _standing(row)


def _standing(row: Row[Any]) -> Standing:
    return Standing(
        id=row.id,
        registered_at=row.registered_at,
        node=row.registered_node,
        region=row.region,
        repeat_of=row.repeat_of,
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
    kind, state = f"intake.petition.{decision.change}.v1", state_of_row(changed)
    emit(runtime, session, kind, state, subject=petition_id, sequence=changed.version, cause=cause)
