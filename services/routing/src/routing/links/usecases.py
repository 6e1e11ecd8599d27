"""Following what a case hangs together with. Each function runs in its caller's transaction."""

from collections.abc import Sequence
from uuid import UUID

from contracts.envelope import Envelope
from contracts.letters import Recognition
from contracts.speech import post
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from routing import resources, store, usecases
from routing.domain import Case
from routing.links import domain
from routing.links import store as links_store
from routing.shapes import case_of


async def follow(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """What was merged here into a case is kept from whom that accuses, is as confidential as that, and has its answer
    or end when that has it.
    """
    of_leads = [event for event in events if event.data.last.action in domain.FOLLOWED]
    members = await links_store.members(session, {event.subject for event in of_leads}) if of_leads else {}
    for event in of_leads:
        for case_id in members.get(event.subject, ()):
            await _follow(runtime, session, case_id, event)


async def _follow(runtime: Runtime, session: Session, case_id: UUID, event: Envelope) -> None:
    lead, case = case_of(event.subject, event.version, event.data), await store.locked(session, case_id)
    if case is None or case.writer != runtime.node:
        return
    held, now = resources.of(runtime), runtime.clock.now()
    procedure = held.procedures.get(case.procedure)
    accused = domain.accused_with(
        case, lead, now, procedure, held.counting, holder=held.unit(case.holder_unit),
        superior=held.superior(case.holder_unit, case.accusing(lead.accused_units)),
    )  # fmt: skip
    if accused is not None:
        await usecases.write(runtime, session, accused, event)
    case = accused or case
    confided, reached = domain.confided_with(case, lead, now, await links_store.following(session, case.id, lead.id))
    await links_store.note_following(session, case.id, reached)
    if confided is not None:
        await usecases.write(runtime, session, confided, event)
    ended = domain.followed(confided or case, lead, now, procedure, held.counting) if domain.ends(lead) else None
    if ended is not None:
        await usecases.write(runtime, session, ended, event)


async def learn(runtime: Runtime, session: Session, told: links_store.Recognition, cause: Envelope) -> None:
    """What the register found of a case, for whichever node writes it; told again it has no second effect.

    Raises Refused("not-the-writer") unless who tells has held the case, as the registering node has first of all.
    """
    case = await store.locked(session, told.case_id)
    if case is not None and told.node not in case.nodes:
        raise Refused("not-the-writer", petition=str(told.case_id))
    if not await links_store.keep(session, told):
        return
    # where it arrives before the case it waits for it
    if case is not None:
        await _say(runtime, session, case, told, cause)


async def settle(runtime: Runtime, session: Session, case_ids: Sequence[UUID], cause: Envelope | None = None) -> None:
    """Let cases that have come here say what the register had found before."""
    for told in await links_store.unsettled(session, case_ids):
        case = await store.locked(session, told.case_id)
        if case is not None:
            await _say(runtime, session, case, told, cause)


async def _say(
    runtime: Runtime, session: Session, case: Case, told: links_store.Recognition, cause: Envelope | None
) -> None:
    """In the next version, where that is written here; else whoever held the case passes it on to whom that went."""
    if case.writer == runtime.node:
        changed = domain.recognised(case, runtime.clock.now(), terminated=told.terminated)
        if changed is not None:
            await usecases.write(runtime, session, changed, cause)
    elif runtime.node in case.nodes:
        letter = Recognition(version=told.version, terminated=told.terminated)
        post(runtime, session, "routing.recognition.v1", letter, to=case.writer, subject=case.id, cause=cause)
