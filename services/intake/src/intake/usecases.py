"""What can be done with petitions. Each function runs inside its caller's transaction."""

import hmac
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from contracts.envelope import Envelope
from contracts.events import PetitionState
from contracts.letters import Contact
from contracts.speech import emit, post
from contracts.units import Unit
from intake import domain, repeats_store, resources, store
from intake.domain import Matter, Petition, Petitioner, Repeat
from intake.repeats import Decision
from intake.states import alarm_of, public_state
from kit import audit
from kit.auth import Principal
from kit.db import Session
from kit.errors import Refused
from kit.paths import ancestors
from kit.runtime import Runtime

REGISTERED = "intake.petition.registered.v1"
ALARM = "intake.group.alarm.v1"


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
    group_size: int | None = None,
    repeat: Repeat | None = None,
) -> Petition:
    """Register a petition at a unit: rows and event in one transaction. Raises Refused."""
    held = resources.of(runtime)
    _check_known(held, matter)
    _check_competent(held, matter, Unit(unit, unit, region, runtime.node))
    now = runtime.clock.now()
    petition = domain.register(
        petition_id=runtime.ids.new(), number=await held.numbers.next(region, now), region=region, unit=unit, by=by,
        matter=matter, petitioners=tuple(people), now=now, received_at=received_at, external_id=external_id,
        group_size=group_size, repeat=repeat, policy=held.groups,
    )  # fmt: skip
    store.write(session, runtime.keyring, petition, runtime.node, ancestors(region))
    if repeat is not None:
        repeats_store.note(session, petition.id, Decision("linked", repeat.of, by, unit, "", repeat.terminated), now)
    emit(runtime, session, REGISTERED, public_state(petition), subject=petition.id, sequence=1)
    audit.note(session, "register", subject=petition.id, at=now, actor=by, unit=unit, before=0, after=1)
    if petition.group_visit:
        emit(runtime, session, ALARM, alarm_of(petition), subject=petition.id, sequence=1)
    return petition


def _check_known(held: resources.Resources, matter: Matter) -> None:
    if matter.about_region is not None and matter.about_region not in held.units.regions:
        raise Refused("unknown-region", field="about_region")
    if any(unit not in held.units.units for unit in matter.accused_units):
        raise Refused("unknown-unit", field="accused_units")


def _check_competent(held: resources.Resources, matter: Matter, unit: Unit) -> None:
    """Some unit must be able to hold it (Art 30): the one that registers it, which else keeps but the receipt, or one
    above it. Raises Refused("accused-unit").
    """
    if matter.accused_units and held.units.competent(unit, matter.accused_units) is None:
        raise Refused("accused-unit", rule="Art 30")


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
    """Who the petitioner is, in clear, for a stated purpose that goes into the audit. Raises Refused("not-found")."""
    if await store.find(session, petition_id, principal.region, principal.line) is None:
        raise Refused("not-found")
    audit.note(
        session, "read-identity", subject=petition_id, at=runtime.clock.now(), actor=principal.subject,
        unit=principal.unit, reason=purpose,
    )  # fmt: skip
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


def send_contacts(
    runtime: Runtime, session: Session, events: Sequence[Envelope], people: Mapping[UUID, Sequence[Petitioner]],
    known: Collection[UUID] = (),
) -> None:  # fmt: skip
    """Tell notify of this node how to reach the petitioners of petitions registered here. known: those it was told."""
    for event in events:
        if event.subject in known:
            continue
        phone = next((person.phone for person in people[event.subject] if person.phone), None)
        if phone is not None:
            state: PetitionState = event.data
            contact = Contact(
                number=state.number,
                phone=phone,
                query_code=query_code(runtime, state.number),
                region=state.region,
            )
            post(runtime, session, "notify.contact.v1", contact, to=runtime.node, subject=event.subject, cause=event)
