"""What routing does with what it hears."""

from collections.abc import Sequence
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import CASE_HAPPENINGS, CaseState, PetitionState, case_event
from contracts.letters import CaseFile, CaseProgress, RecallRequest
from contracts.speech import parse_event, parse_letter, pass_down, show
from kit.bus import Consumer
from kit.db import Session
from kit.errors import Refused
from kit.paths import lies_in
from kit.runtime import Runtime
from routing import approvals, decisions, resources, store, usecases
from routing.domain import Case, Unit
from routing.links import consumers as links_consumers
from routing.links import usecases as links_usecases
from routing.procedures import usecases as procedures_usecases
from routing.rights import Known, may_tell
from routing.shapes import case_of
from routing.timing import deadlines
from routing.withdrawals import consumers as withdrawals_consumers
from routing.withdrawals import usecases as withdrawals_usecases


async def on_petition_registered(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Open a case for each petition registered at this node; nodes below open their own."""
    own = [event for event in events if event.node == runtime.node]
    opened = [_opened(runtime, event.subject, event.data) for event in own]
    if opened:
        new = await store.keep(session, runtime.keyring, opened)
        await usecases.watch(runtime, session, [case for case in opened if case.id in new])
        for case, event in zip(opened, own, strict=True):
            if case.id in new:  # told once, however often the petition is
                usecases.note(session, case)
                usecases.tell(runtime, session, case, event)
                new.discard(case.id)
        await links_usecases.settle(runtime, session, [case.id for case in opened])


def _opened(runtime: Runtime, case_id: UUID, petition: PetitionState) -> Case:
    held, unit = resources.of(runtime), Unit(petition.unit, petition.region, runtime.node)
    return decisions.open_case(
        case_id=case_id,
        number=petition.number,
        channel=petition.channel,
        kind=petition.kind,
        unit=unit,
        holder=held.holder(unit, tuple(petition.accused_units)),
        registered_at=petition.registered_at,
        procedure=held.procedures.choose(
            petition.kind, petition.route or (6 if petition.kind == "appeal" else None), channel=petition.channel
        ),
        counting=held.counting,
        route=petition.route,
        accused_units=tuple(petition.accused_units),
        terminated_before=petition.terminated_before,
    )


async def on_case(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Keep replicas of cases that other nodes write; their newest version also hands the right to write back."""
    await _check_writers(runtime, session, events)
    told = {(case.id, case.version): case for case in (case_of(e.subject, e.version, e.data) for e in events)}
    await deadlines.tell_due(runtime, session, [(case.id, case.last.at) for case in told.values()])
    renewed = await store.keep(session, runtime.keyring, list(told.values()))
    newest = {case.id: case for case in sorted(told.values(), key=lambda case: case.version)}
    await usecases.watch(runtime, session, [newest[case_id] for case_id in renewed])


async def _check_writers(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Raises Refused("not-the-writer") for a version that a node had no right to write; one that is heard of for the
    first time here may be any.
    """
    known = await store.known(session, [event.subject for event in events])
    for event in sorted(events, key=lambda event: event.version):
        case, before = case_of(event.subject, event.version, event.data), known.get(event.subject)
        if before is not None and not _may_tell(runtime, event.node, case, before):
            raise Refused("not-the-writer", petition=str(event.subject))
        if before is None or before[0] < case.version:
            known[case.id] = (case.version, case.writer)


async def on_case_file(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """From here on this node alone writes the next version of a case: handed over, objected to, or given back."""
    held = resources.of(runtime)
    for letter in letters:
        file: CaseFile = letter.data
        case = case_of(letter.subject, letter.version, file.case, file.note, file.fields)
        held_here = await store.locked(session, case.id)
        before = None if held_here is None else (held_here.version, held_here.writer)
        if case.writer != runtime.node or not _may_tell(runtime, letter.node, case, before):
            raise Refused("not-the-writer", petition=str(letter.subject))
        await procedures_usecases.receive(session, held.procedures, case.procedure, file.definition)
        action = file.case.last.action
        # its event rises past this node, whose services must hear of it too; an action of a newer node has none here
        if action in CASE_HAPPENINGS and not lies_in(letter.node, runtime.node):
            show(session, letter, case_event(action), file.case)
        if await store.keep(session, runtime.keyring, [case]):
            await usecases.watch(runtime, session, [case])
        known = await store.locked(session, case.id)
        if known is None or known.version != case.version or case.hand_over is None:
            continue  # decided already: the letter came twice; or nothing is offered
        why = await store.recalled_before(session, runtime.keyring, case.hand_over)
        if why is not None:
            recalled = decisions.settle_recall(
                known, case.hand_over.id, case.version, runtime.clock.now(), held.procedures.get(case.procedure),
                held.counting, why,
            )  # fmt: skip
            if recalled is not None:
                await usecases.write(runtime, session, recalled, letter)
        elif not _served_here(runtime, case.holder_unit):
            procedure = held.procedures.get(case.procedure)
            back = decisions.refuse_unknown_unit(known, runtime.clock.now(), procedure, held.counting)
            await usecases.write(runtime, session, back, letter)
    subjects = [letter.subject for letter in letters]
    await links_usecases.settle(runtime, session, subjects)
    await withdrawals_usecases.settle(runtime, session, subjects)


def _may_tell(runtime: Runtime, node: str, case: Case, before: Known | None) -> bool:
    return may_tell(case, node, before, runtime.node, resources.of(runtime).node_of)


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
            await store.note_recall(
                session, runtime.keyring, request.hand_over, letter.subject, runtime.clock.now(), node=letter.node,
                note=request.note,
            )  # fmt: skip
            continue
        if case.hand_over is not None and case.hand_over.from_node != letter.node:
            raise Refused("not-the-writer", petition=str(letter.subject))
        recalled = decisions.settle_recall(
            case, request.hand_over, request.version, runtime.clock.now(), held.procedures.get(case.procedure),
            held.counting, request.note,
        )  # fmt: skip
        if recalled is not None:
            await usecases.write(runtime, session, recalled, letter)


async def on_progress(runtime: Runtime, session: Session, letters: Sequence[Envelope]) -> None:
    """An event that could not rise here: shown to all services of this node as if it had. What was written with it goes
    into the timeline, whether or not the event has come.
    """
    for letter in letters:
        progress: CaseProgress = letter.data
        event = pass_down(session, progress.event.encode())
        if event.node != letter.node or event.subject != letter.subject:
            raise Refused("sender-outside-link", sender=letter.node, claimed=event.node)
        if isinstance(event.data, CaseState) and (progress.note or progress.fields):
            await _check_writers(runtime, session, [event])
            case = case_of(event.subject, event.version, event.data, progress.note, progress.fields)
            await store.keep_timeline(session, runtime.keyring, [case])


async def on_paper(_: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    await approvals.keep_papers(session, events)


CONSUMERS = (
    Consumer(
        queue="routing.on-petition-registered",
        bindings=("intake.petition.registered.v1",),
        decode=parse_event,
        handlers={"*": on_petition_registered},
    ),
    Consumer(
        queue="routing.on-case",
        bindings=("routing.case.*.v1",),
        foreign=True,
        decode=parse_event,
        handlers={"*": on_case},
    ),
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
            **links_consumers.LETTERS,
            **withdrawals_consumers.LETTERS,
        },
        letters=True,
    ),
    *links_consumers.CONSUMERS,
)
