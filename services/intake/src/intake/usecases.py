"""What can be done with petitions. Each function runs inside its caller's transaction."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import CaseState, PetitionState
from contracts.letters import Contact, PetitionerFile, PetitionFile
from contracts.speech import emit, post
from intake import domain, following, resources, store
from intake.domain import Matter, Petition, Petitioner
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.paths import ancestors
from kit.runtime import Runtime

REGISTERED = "intake.petition.registered.v1"


async def register_petition(
    runtime: Runtime,
    session: Session,
    *,
    matter: Matter,
    people: Sequence[Petitioner],
    by: str,
    unit: str,
    region: str,
    received_at: datetime | None = None,
    external_id: str | None = None,
) -> Petition:
    """Register a petition at a unit: rows and event in one transaction. Raises Refused."""
    held = resources.of(runtime)
    _check_known(held, matter)
    now = runtime.clock.now()
    petition = domain.register(
        petition_id=runtime.ids.new(),
        number=await held.numbers.next(region, now),
        region=region,
        unit=unit,
        by=by,
        matter=matter,
        petitioners=tuple(people),
        now=now,
        received_at=received_at,
        external_id=external_id,
    )
    store.write(session, runtime.keyring, petition, runtime.node, ancestors(region))
    emit(runtime, session, REGISTERED, public_state(petition), subject=petition.id, sequence=1)
    return petition


def _check_known(held: resources.Resources, matter: Matter) -> None:
    if matter.about_region is not None and matter.about_region not in held.units.regions:
        raise Refused("unknown-region", field="about_region")
    if any(unit not in held.units.units for unit in matter.accused_units):
        raise Refused("unknown-unit", field="accused_units")


def public_state(petition: Petition) -> PetitionState:
    """What everybody above may know: nothing of what was said or by whom."""
    matter = petition.matter
    return PetitionState(
        number=petition.number,
        region=petition.region,
        unit=petition.unit,
        channel=matter.channel,
        kind=matter.kind,
        category=matter.category,
        petitioners=len(petition.petitioners),
        about_region=matter.about_region,
        accused_units=list(matter.accused_units),
        received_at=petition.received_at,
        registered_at=petition.registered_at,
    )


def query_code(runtime: Runtime, number: str) -> str:
    """The secret half of a look-up: derived from the number, stored nowhere."""
    return runtime.keyring.code_for(f"petition/{number}")


async def registered_before(
    session: Session, external_id: str, *, title: str, unit: str
) -> tuple[UUID, str, datetime] | None:
    """The petition that was registered under this external id. Raises Refused when it is a different one."""
    row = await store.by_external_id(session, external_id)
    if row is None:
        return None
    if row.title != title or row.unit != unit:
        raise Refused("external-id-reused", field="external_id")
    return row.id, row.number, row.registered_at


async def read_identity(
    runtime: Runtime, session: Session, petition_id: UUID, principal: Principal, purpose: str
) -> list[Petitioner]:
    """Who the petitioner is, in clear, for a stated purpose that is recorded first. Raises Refused("not-found")."""
    if await store.find(session, petition_id, principal.region, principal.unit) is None:
        raise Refused("not-found")
    await store.note_identity_reading(
        session,
        petition_id,
        subject=principal.subject,
        unit=principal.unit,
        purpose=purpose,
        at=runtime.clock.now(),
    )
    return await store.people_of(session, runtime.keyring, petition_id)


async def check_query_code(runtime: Runtime, session: Session, number: str, code: str) -> None:
    """Raises Refused: "too-many-requests" after many wrong codes for one number, "wrong-query-code" otherwise."""
    now = runtime.clock.now()
    limit = resources.of(runtime).settings.failed_lookups_per_hour
    if await store.failed_lookups_since(session, number, now - timedelta(hours=1)) >= limit:
        raise Refused("too-many-requests")
    row = await store.by_number(session, number)
    right = row is not None and row.registered_node == runtime.node
    if not (right and _same(query_code(runtime, number), code)):
        async with runtime.database.apart() as apart:  # kept although the request is refused
            await store.note_failed_lookup(apart, number, now)
        raise Refused("wrong-query-code")


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left, right.strip().upper())


async def send_contacts(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Tell notify of this node how to reach the petitioners of petitions registered here."""
    for event in events:
        people = await store.people_of(session, runtime.keyring, event.subject)
        phone = next((person.phone for person in people if person.phone), None)
        if phone is not None:
            state: PetitionState = event.data
            contact = Contact(
                number=state.number,
                phone=phone,
                query_code=query_code(runtime, state.number),
                region=state.region,
            )
            post(runtime, session, "notify.contact.v1", contact, to=runtime.node, subject=event.subject, cause=event)


async def forward_file(runtime: Runtime, session: Session, petition_id: UUID, to: str, cause: Envelope | None) -> bool:
    """Send the petition file to the intake of another node. False when it is not here (yet)."""
    row = await store.by_id(session, petition_id)
    if row is None or row.title is None:
        return False
    people = await store.people_of(session, runtime.keyring, petition_id)
    file = PetitionFile(
        number=row.number, region=row.region, unit=row.unit, channel=row.channel, kind=row.kind,
        category=row.category, about_region=row.about_region, title=row.title, content=row.content,
        petitioners=[
            PetitionerFile(name=each.name, id_number=each.id_number, phone=each.phone, address=each.address)
            for each in people
        ],
        accused_units=row.accused_units, received_at=row.received_at, registered_at=row.registered_at,
    )  # fmt: skip
    post(runtime, session, "intake.petition-file.v1", file, to=to, subject=petition_id, cause=cause)
    return True


async def take_file(runtime: Runtime, session: Session, letter: Envelope) -> None:
    """Keep a petition file that came from another node, and send it on where the case has gone meanwhile."""
    file: PetitionFile = letter.data
    petition = Petition(
        id=letter.subject,
        number=file.number,
        region=file.region,
        unit=file.unit,
        matter=Matter(
            file.channel, file.kind, file.title, file.content, file.category, file.about_region,
            tuple(file.accused_units),
        ),
        petitioners=tuple(Petitioner(p.name, p.id_number, p.phone, p.address) for p in file.petitioners),
        received_at=file.received_at,
        registered_at=file.registered_at,
        registered_by="",
    )  # fmt: skip
    await store.take(session, runtime.keyring, petition, letter.node, ancestors(file.region))
    for to, version in await following.forwards_waiting(session, letter.subject):
        await forward_file(runtime, session, letter.subject, to, letter)
        await following.mark_forwarded(session, letter.subject, to, version, runtime.clock.now())


async def follow_cases(runtime: Runtime, session: Session, events: Sequence[Envelope]) -> None:
    """Keep where each case stands; when this node hands one to another, its petition file goes along."""
    await following.keep_progress(session, events)
    await store.add_scopes(session, [(event.subject, region) for event in events for region in event.data.regions])
    for event in events:
        state: CaseState = event.data
        offer = state.hand_over
        if event.node != runtime.node or offer is None or offer.to_node == runtime.node:
            continue
        if state.last.action in {"transfer", "assign"}:
            sent = await forward_file(runtime, session, event.subject, offer.to_node, event)
            at = runtime.clock.now() if sent else None
            await following.note_forward(session, event.subject, offer.to_node, event.version, at)
