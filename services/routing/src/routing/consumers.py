"""What routing does with what it hears."""

from collections.abc import Sequence
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import PetitionState
from contracts.letters import CaseFile, CaseProgress, RecallRequest
from contracts.speech import parse_event, parse_letter, pass_down
from kit.bus import Consumer
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from routing import approvals, decisions, resources, store, usecases
from routing.domain import Case, Unit
from routing.shapes import case_of
from routing.table import BY_ITSELF
from routing.timing import deadlines


async def on_petition_registered(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Open a case for each petition registered at this node; nodes below open their own."""
    own = [event for event in events if event.node == runtime.node]
    opened = [_opened(runtime, event.subject, event.data) for event in own]
    if opened:
        new = await store.keep(session, runtime.keyring, opened)
        await usecases.watch(runtime, session, [case for case in opened if case.id in new])
        for case, event in zip(opened, own, strict=True):
            if case.id in new:  # told once, however often the petition is
                usecases.tell(runtime, session, case, event)
                new.discard(case.id)


def _opened(runtime: Runtime, case_id: UUID, petition: PetitionState) -> Case:
    held = resources.of(runtime)
    return decisions.open_case(
        case_id=case_id,
        number=petition.number,
        channel=petition.channel,
        kind=petition.kind,
        unit=Unit(petition.unit, petition.region, runtime.node),
        registered_at=petition.registered_at,
        procedure=held.procedures.choose(petition.kind, petition.route or (6 if petition.kind == "appeal" else None)),
        counting=held.counting,
        route=petition.route,
        accused_units=tuple(petition.accused_units),
        terminated_before=petition.terminated_before,
    )


async def on_case(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Keep replicas of cases that other nodes write; their newest version also hands the right to write back."""
    others = [event for event in events if event.node != runtime.node]
    if not others:
        return
    intruder = await store.intruder(session, others)
    if intruder is not None:
        raise Refused("not-the-writer", petition=str(intruder))
    told = {(case.id, case.version): case for case in (case_of(e.subject, e.version, e.data) for e in others)}
    await deadlines.tell_due(runtime, session, [(case.id, case.last.at) for case in told.values()])
    renewed = await store.keep(session, runtime.keyring, list(told.values()))
    newest = {case.id: case for case in sorted(told.values(), key=lambda case: case.version)}
    await usecases.watch(runtime, session, [newest[case_id] for case_id in renewed])


async def on_case_file(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """From here on this node alone writes the next version of a case: handed over, objected to, or given back."""
    held = resources.of(runtime)
    for letter in letters:
        file: CaseFile = letter.data
        case = case_of(letter.subject, letter.version, file.case, file.note)
        before = await store.locked(session, case.id)
        if case.writer != runtime.node or not _may_tell(runtime, letter.node, case, before):
            raise Refused("not-the-writer", petition=str(letter.subject))
        if await store.keep(session, runtime.keyring, [case]):
            await usecases.watch(runtime, session, [case])
        known = await store.locked(session, case.id)
        if known is None or known.version != case.version or case.hand_over is None:
            continue  # decided already: the letter came twice; or nothing is offered
        procedure = held.procedures.get(case.procedure)
        if await store.recalled_before(session, case.hand_over.id):
            recalled = decisions.settle_recall(
                case, case.hand_over.id, case.version, runtime.clock.now(), procedure, held.counting
            )
            if recalled is not None:
                await usecases.write(runtime, session, recalled, letter)
        elif not _served_here(runtime, case.holder_unit):
            back = decisions.refuse_unknown_unit(case, runtime.clock.now(), procedure, held.counting)
            await usecases.write(runtime, session, back, letter)


def _may_tell(runtime: Runtime, node: str, case: Case, before: Case | None) -> bool:
    """Whether this node had the right to write that version: by the version before it, or, where that is not here yet,
    by whose unit acted.
    """
    if before is not None and before.version + 1 == case.version:
        return before.writer == node
    if case.last.action in BY_ITSELF or case.last.action == "recall":  # granted by the node the case was offered to
        return node in case.nodes
    return resources.of(runtime).unit(case.last.unit).node == node


def _served_here(runtime: Runtime, unit: str) -> bool:
    known = resources.of(runtime).units.units.get(unit)
    return known is not None and known.node == runtime.node


async def on_recall_request(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """The sender asks for a case back: granted while it is not received; remembered if the offer is still under way."""
    held = resources.of(runtime)
    for letter in letters:
        request: RecallRequest = letter.data
        case = await store.locked(session, letter.subject)
        if case is None or case.version < request.version:
            await store.note_recall(session, request.hand_over, letter.subject, runtime.clock.now())
            continue
        if case.hand_over is not None and case.hand_over.from_node != letter.node:
            raise Refused("not-the-writer", petition=str(letter.subject))
        recalled = decisions.settle_recall(
            case, request.hand_over, request.version, runtime.clock.now(), held.procedures.get(case.procedure),
            held.counting,
        )  # fmt: skip
        if recalled is not None:
            await usecases.write(runtime, session, recalled, letter)


async def on_progress(_: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """An event that could not rise here: shown to all services of this node as if it had."""
    for letter in letters:
        progress: CaseProgress = letter.data
        event = pass_down(session, progress.event.encode())
        if event.node != letter.node or event.subject != letter.subject:
            raise Refused("sender-outside-link", sender=letter.node, claimed=event.node)


async def on_paper(_: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    await approvals.keep_papers(session, events)


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
            "routing.case-file.v1": on_case_file,
            "routing.recall-request.v1": on_recall_request,
            "routing.case-progress.v1": on_progress,
        },
        letters=True,
    ),
)
