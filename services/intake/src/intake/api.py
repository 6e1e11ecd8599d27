"""HTTP face of intake: parse, call the use case, answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Request, Response
from pydantic import Field
from sqlalchemy import Row

from contracts.regions import path_of
from intake import linking, ratings_store, recognising, resources, store, supplements, supports_store, usecases
from intake.domain import Matter, Petitioner
from intake.models import (
    IdentityReadingIn,
    NamedIn,
    PetitionerIn,
    PetitionerOut,
    PetitionIn,
    PetitionOut,
    PetitionRow,
    PublicPetitionIn,
    Registered,
    Status,
    Step,
    SupplementOut,
)
from intake.numbers import is_petition_number
from intake.supplements import Added
from kit.auth import Principal, allow, public
from kit.db import Db, LateDb
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.personal import mask
from kit.runtime import Runtime
from kit.texts import Line

router = APIRouter(prefix="/api/intake/v1", route_class=IdempotentRoute, tags=["intake"])
Reader = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor")]
Registrar = Annotated[Principal, allow("clerk", "handler")]
PetitionId = Annotated[UUID, Path()]
Number = Annotated[str, Path(max_length=40)]
NumberSought = Annotated[Line, Field(max_length=40)]
Ids = Annotated[list[UUID] | None, Query(max_length=200)]


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def _region(code: str | None) -> str | None:
    return None if code is None else path_of(code)


def person_of(body: PetitionerIn) -> Petitioner:
    speaks = isinstance(body, NamedIn) and body.representative
    return Petitioner(body.name, body.id_number, body.phone, body.address, speaks)


def _matter(body: PetitionIn) -> Matter:
    return Matter(
        body.channel, body.kind, body.title, body.content, body.category, _region(body.about_region),
        tuple(body.accused_units), body.route,
    )  # fmt: skip


def _check_secret(body: PetitionIn | PublicPetitionIn) -> None:
    """What is a state secret must not be entered here. Raises Refused."""
    if body.secret:
        raise Refused("state-secret", field="secret")


def _receipt(runtime: Runtime, petition_id: UUID, number: str, at: datetime) -> Registered:
    return Registered(id=petition_id, number=number, query_code=usecases.query_code(runtime, number), registered_at=at)


@router.post("/petitions", status_code=201, dependencies=[Idempotent])
async def register_petition(
    request: Request, response: Response, session: LateDb, principal: Registrar, body: PetitionIn
) -> Registered:
    """Register a petition at the caller's unit. A known `external_id` answers 200 with the petition that exists."""
    runtime, people = runtime_of(request), [person_of(person) for person in body.petitioners]
    _check_secret(body)
    repeat = None
    if body.external_id is not None:
        await session.begin()
        known = await usecases.registered_before(session, body.external_id, title=body.title, unit=principal.unit)
        if known is not None:
            response.status_code = 200
            return _receipt(runtime, *known)
    if body.repeat_of is not None:
        await session.begin()
        wanted = recognising.sought(runtime, people, body.title, body.content)
        repeat = await linking.repeat_at_registration(session, body.repeat_of, principal, wanted)
    petition = await usecases.register_petition(
        runtime,
        session,
        matter=_matter(body),
        people=people,
        by=principal.subject,
        unit=principal.unit,
        region=principal.region,
        received_at=body.received_at,
        external_id=body.external_id,
        group_size=body.group_size,
        repeat=repeat,
    )
    return _receipt(runtime, petition.id, petition.number, petition.registered_at)


@router.post("/public/petitions", status_code=201, dependencies=[public(), Idempotent])
async def petition_on_the_web(request: Request, session: LateDb, body: PublicPetitionIn) -> Registered:
    """A citizen's own petition (网信); it goes to the petition office of this node."""
    runtime = runtime_of(request)
    _check_secret(body)
    resources.of(runtime).public_petitions.take()
    office = resources.of(runtime).units.units[runtime.settings.node.office_unit]
    petition = await usecases.register_petition(
        runtime,
        session,
        matter=Matter("web", body.kind, body.title, body.content, None, _region(body.about_region)),
        people=[person_of(body.petitioner)],
        by="public",
        unit=office.code,
        region=office.region,
    )
    return _receipt(runtime, petition.id, petition.number, petition.registered_at)


@router.get("/public/petitions/{number}/status", dependencies=[public()])
async def look_up(
    request: Request, session: Db, number: Number, query_code: Annotated[str, Header(min_length=4, max_length=32)]
) -> Status:
    """Where a petition stands, for who holds its number and query code (a header, so that no URL shows it)."""
    runtime = runtime_of(request)
    if not is_petition_number(number):
        raise Refused("wrong-query-code")
    await usecases.check_query_code(runtime, session, number, query_code)
    row = await store.by_number(session, number)
    if row is None:
        raise Refused("wrong-query-code")
    window = await ratings_store.window_of(session, row.id)
    rateable = window is not None and window.open_at(runtime.clock.now())
    units = resources.of(runtime).units.units
    holder = row.holder_unit or row.unit
    return Status(
        number=row.number,
        state=row.state or "registered",
        holder_unit=holder,
        holder_name=units[holder].name if holder in units else holder,
        registered_at=row.registered_at,
        merged=row.merged,
        may_rate_until=window.closes_at if window is not None and rateable else None,
        progress=_steps(await store.steps_of(session, row.leading)),
    )


@router.get("/petitions")
async def list_petitions(
    session: Db,
    principal: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    number: NumberSought | None = None,
    ids: Ids = None,
) -> Page[PetitionRow]:
    """The ledger (台账) of the caller's region and all below, newest first.

    ids: only these, all on one page; what is outside the caller's scope is left out.
    """
    if ids is not None:
        found = await store.those(session, principal.region, principal.line, ids)
        return Page(items=[PetitionRow.model_validate(row, from_attributes=True) for row in found], next=None)
    rows = await store.page(session, principal.region, principal.line, before=after(cursor), limit=limit, number=number)
    shown = [PetitionRow.model_validate(row, from_attributes=True) for row in rows[:limit]]
    return Page(items=shown, next=cursor_of(shown[-1].id) if len(rows) > limit else None)


@router.get("/petitions/{petition_id}")
async def read_petition(request: Request, session: Db, principal: Reader, petition_id: PetitionId) -> PetitionOut:
    """One petition with its petitioners masked. What is outside the caller's scope is not found; a unit that is asked
    for support reads the text, not who raised it, until the request ends.
    """
    row = await store.find(session, petition_id, principal.region, principal.line)
    if row is None:
        return await _lent(session, petition_id, principal)
    ring = runtime_of(request).keyring
    people = await store.people_of(session, ring, petition_id)
    added = await supplements.of_petition(session, ring, petition_id)
    return _shown(row, people, _steps(await store.steps_of(session, petition_id)), added)


@router.post("/petitions/{petition_id}/identity-readings", status_code=201, dependencies=[Idempotent])
async def read_identity(
    request: Request, session: Db, principal: Reader, petition_id: PetitionId, body: IdentityReadingIn
) -> list[PetitionerOut]:
    """Who the petitioner is, in clear, for a stated purpose; each reading is recorded."""
    people = await usecases.read_identity(runtime_of(request), session, petition_id, principal, body.purpose)
    return [PetitionerOut.model_validate(person, from_attributes=True) for person in people]


async def _lent(session: Db, petition_id: UUID, principal: Principal) -> PetitionOut:
    """Raises Refused("not-found")."""
    file = await supports_store.find(session, petition_id, principal.line)
    if file is None:
        raise Refused("not-found")
    links = {"repeat_of": None, "merged_into": None, "terminated_before": False}
    return PetitionOut.model_validate(
        {**file.model_dump(), **links, "id": petition_id, "petitioners": [], "progress": []}
    )


def _steps(rows: Any) -> list[Step]:
    return [Step.model_validate(row, from_attributes=True) for row in rows]


def _masked(person: Petitioner) -> PetitionerOut:
    values = {field: getattr(person, field) for field in store.FIELDS}
    masked = {field: value and mask(value) for field, value in values.items()}
    return PetitionerOut(**masked, representative=person.representative)


def _shown(row: Row[Any], people: list[Petitioner], steps: list[Step], added: Sequence[Added]) -> PetitionOut:
    more = [SupplementOut.model_validate(each, from_attributes=True) for each in added]
    told = {"petitioners": [_masked(person) for person in people], "progress": steps, "supplements": more}
    line = {**row._mapping, **told}  # noqa: SLF001 - SQLAlchemy's documented view of a row
    return PetitionOut.model_validate(line)
