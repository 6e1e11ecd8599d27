"""Petition files between nodes: whoever is to handle a case has what was said, and by whom."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import CaseState
from contracts.letters import PetitionerFile, PetitionFile
from contracts.speech import post
from intake import evaluation, following, ratings_store, resources, store, supplements, supports
from intake.domain import Matter, Petition, Petitioner, Repeat
from kit.db import Session
from kit.paths import ancestors
from kit.runtime import Runtime


async def forward(runtime: Runtime, session: Session, petition_id: UUID, to: str, cause: Envelope | None) -> bool:
    """Send the petition file to the intake of another node. False when it is not here (yet)."""
    row = await store.by_id(session, petition_id)
    if row is None or row.title is None:
        return False
    people = await store.people_of(session, runtime.keyring, petition_id)
    file = PetitionFile(
        number=row.number, region=row.region, unit=row.unit, channel=row.channel, kind=row.kind,
        category=row.category, about_region=row.about_region, title=row.title, content=row.content,
        petitioners=[
            PetitionerFile(name=each.name, id_number=each.id_number, phone=each.phone, address=each.address,
                           representative=each.representative)
            for each in people
        ],
        accused_units=row.accused_units, received_at=row.received_at, registered_at=row.registered_at,
        route=row.route, group_size=row.petitioner_count, version=row.version, repeat_of=row.repeat_of,
        terminated_before=row.terminated_before, registered_node=row.registered_node,
    )  # fmt: skip
    post(runtime, session, "intake.petition-file.v1", file, to=to, subject=petition_id, cause=cause)
    await supplements.send_all(runtime, session, petition_id, to)
    return True


async def take(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """Keep a petition file that came from another node, and send it on where the case has gone meanwhile."""
    file: PetitionFile = letter.data
    petition = _petition(letter.subject, file, resources.of(runtime).settings.group_from)
    node = file.registered_node or letter.node
    await store.take(session, runtime.keyring, petition, node, ancestors(file.region))
    await following.learn(session, [petition.id])
    for to, version in await following.forwards_waiting(session, letter.subject):
        await forward(runtime, session, letter.subject, to, letter)
        await following.mark_forwarded(session, letter.subject, to, version, runtime.clock.now())
    await supports.lend(runtime, session, letter.subject)


def _petition(petition_id: UUID, file: PetitionFile, group_from: int) -> Petition:
    named = len(file.petitioners)
    head_count = named if file.group_size is None else file.group_size
    return Petition(
        id=petition_id, number=file.number, region=file.region, unit=file.unit,
        matter=Matter(
            file.channel, file.kind, file.title, file.content, file.category, file.about_region,
            tuple(file.accused_units), file.route,
        ),
        petitioners=tuple(
            Petitioner(p.name, p.id_number, p.phone, p.address, p.representative) for p in file.petitioners
        ),
        received_at=file.received_at, registered_at=file.registered_at, registered_by="",
        head_count=head_count, group=head_count >= group_from,
        repeat=None if file.repeat_of is None else Repeat(file.repeat_of, file.terminated_before),
        version=file.version,
    )  # fmt: skip


async def follow_cases(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Keep where each case stands; the petition file goes along where this node hands one to another."""
    await following.keep_progress(session, events)
    await store.add_scopes(session, [(event.subject, region) for event in events for region in event.data.regions])
    await ratings_store.open_windows(session, runtime.node, list(_answered(events)))
    for event in events:
        wanted = _receivers(runtime, event) if event.node == runtime.node else set()
        for to in sorted(wanted - await following.forwarded(session, event.subject)) if wanted else ():
            sent = await forward(runtime, session, event.subject, to, event)
            at = runtime.clock.now() if sent else None
            await following.note_forward(session, event.subject, to, event.version, at)


def _answered(events: Sequence[Envelope]) -> Iterable[tuple[UUID, int, datetime, datetime | None]]:
    """Petition, version, when it was answered, when the time for rating ends: it does not run while a review does."""
    for event in events:
        for clock in event.data.clocks:
            if clock.name == evaluation.EVALUATION:
                ends = clock.due_at if clock.stopped_at is None else None
                yield event.subject, event.version, clock.started_at, ends


def _receivers(runtime: Runtime, event: Envelope) -> set[str]:
    """Nodes that need the petition file: the one a case is offered to, or opened or taken up at where the unit that had
    it may not hold it (Art 30); and all above the registering unit when the matter has gone through re-review, so that
    it is recognised when it is raised there again (Art 36).
    """
    state: CaseState = event.data
    receivers = {state.hand_over.to_node} if state.hand_over is not None else set()
    if state.last.action in {"open", "screen"}:
        receivers.add(state.writer)
    if following.is_terminated(state):
        nodes = {entry.path for entry in runtime.settings.directory}
        receivers |= nodes.intersection(ancestors(state.registered_region)).difference(state.nodes)
    return receivers - {runtime.node}
