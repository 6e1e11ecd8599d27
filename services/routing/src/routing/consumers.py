"""What routing does with what it hears."""

from collections.abc import Sequence
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import PetitionState
from contracts.letters import CaseNote, CaseProgress, HandOverOffer, WithdrawalRequest
from contracts.speech import parse_event, parse_letter, pass_down
from kit.bus import Consumer
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from routing import domain, resources, store, usecases
from routing.domain import Case, Unit
from routing.shapes import case_of


async def on_petition_registered(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Open a case for each petition registered at this node; nodes below open their own."""
    own = [event for event in events if event.node == runtime.node]
    opened = [_opened(runtime, event.subject, event.data) for event in own]
    if opened:
        new = await store.keep(session, runtime.keyring, opened)
        for case, event in zip(opened, own, strict=True):
            if case.id in new:  # told once, however often the petition is
                usecases.tell(runtime, session, case, event)
                new.discard(case.id)


def _opened(runtime: Runtime, case_id: UUID, petition: PetitionState) -> Case:
    return domain.open_case(
        case_id=case_id,
        number=petition.number,
        channel=petition.channel,
        kind=petition.kind,
        unit=Unit(petition.unit, petition.region, runtime.node),
        registered_at=petition.registered_at,
        accused_units=tuple(petition.accused_units),
    )


async def on_case(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Keep replicas of cases that other nodes write; their newest version also hands the right to write back."""
    others = [event for event in events if event.node != runtime.node]
    if not others:
        return
    intruder = await store.intruder(session, others)
    if intruder is not None:
        raise Refused("not-the-writer", petition=str(intruder))
    await store.keep(session, runtime.keyring, [case_of(e.subject, e.version, e.data) for e in others])


async def on_offer(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """A case is offered to a unit of this node: from here on this node alone writes its next version."""
    for letter in letters:
        offer: HandOverOffer = letter.data
        case = case_of(letter.subject, letter.version, offer.case, offer.note)
        if case.hand_over is None or case.writer != runtime.node or case.hand_over.from_node != letter.node:
            raise Refused("not-the-writer", petition=str(letter.subject))
        await store.keep(session, runtime.keyring, [case])
        known = await store.locked(session, case.id)
        if known is None or known.version != case.version:
            continue  # decided already: the letter came twice
        if await store.withdrawn_before(session, case.hand_over.id):
            withdrawn = domain.settle_withdrawal(case, case.hand_over.id, case.version, runtime.clock.now())
            if withdrawn is not None:
                await usecases.write(runtime, session, withdrawn, letter)
        elif not _served_here(runtime, case.holder_unit):
            await usecases.write(runtime, session, domain.refuse_unknown_unit(case, runtime.clock.now()), letter)


def _served_here(runtime: Runtime, unit: str) -> bool:
    known = resources.of(runtime).units.units.get(unit)
    return known is not None and known.node == runtime.node


async def on_withdrawal_request(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """The sender asks for a case back: granted while it is not received; remembered if the offer is still under way."""
    for letter in letters:
        request: WithdrawalRequest = letter.data
        case = await store.locked(session, letter.subject)
        if case is None or case.version < request.version:
            await store.note_withdrawal(session, request.hand_over, letter.subject, runtime.clock.now())
            continue
        if case.hand_over is not None and case.hand_over.from_node != letter.node:
            raise Refused("not-the-writer", petition=str(letter.subject))
        withdrawn = domain.settle_withdrawal(case, request.hand_over, request.version, runtime.clock.now())
        if withdrawn is not None:
            await usecases.write(runtime, session, withdrawn, letter)


async def on_progress(_: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """An event that could not rise here: shown to all services of this node as if it had."""
    for letter in letters:
        progress: CaseProgress = letter.data
        event = pass_down(session, progress.event.encode())
        if event.node != letter.node or event.subject != letter.subject:
            raise Refused("sender-outside-link", sender=letter.node, claimed=event.node)


async def on_note(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    for letter in letters:
        note: CaseNote = letter.data
        if not await store.add_note(session, runtime.keyring, letter.subject, note.version, note.note):
            raise LookupError("the version this note belongs to is still under way")


async def on_paper(_: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    await store.keep_papers(session, events)


CONSUMERS = (
    Consumer(
        queue="routing.on-petition-registered",
        bindings=("intake.petition.registered.v1",),
        decode=parse_event,
        handlers={"*": on_petition_registered},
    ),
    Consumer(queue="routing.on-case", bindings=("routing.case.*.v1",), decode=parse_event, handlers={"*": on_case}),
    Consumer(
        queue="routing.on-paper",
        bindings=("documents.paper.filed.v1",),
        decode=parse_event,
        handlers={"*": on_paper},
    ),
    Consumer(
        queue="routing.letters",
        decode=parse_letter,
        handlers={
            "routing.hand-over-offer.v1": on_offer,
            "routing.withdrawal-request.v1": on_withdrawal_request,
            "routing.case-progress.v1": on_progress,
            "routing.case-note.v1": on_note,
        },
        letters=True,
    ),
)
