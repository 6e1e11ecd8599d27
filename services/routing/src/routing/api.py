"""HTTP face of routing: parse, call the use case, answer with the case as it then stands."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request

from contracts.events import CaseState
from kit.auth import Principal, allow
from kit.db import Db, Session
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.runtime import Runtime
from kit.texts import Code
from routing import domain, resources, store, usecases
from routing.domain import Case
from routing.models import (
    ActionOut,
    AssignIn,
    CaseOut,
    CaseRow,
    Decision,
    Entry,
    HandOverOut,
    OpinionIn,
    ReturnIn,
    TransferIn,
    UnitOut,
)
from routing.shapes import case_of

router = APIRouter(prefix="/api/routing/v1", route_class=IdempotentRoute, tags=["routing"])
Reader = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor")]
Office = Annotated[Principal, allow("clerk", "handler", "leader")]
Handling = Annotated[Principal, allow("handler", "leader")]


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


@router.get("/units", dependencies=[allow()])
async def list_units(request: Request) -> list[UnitOut]:
    """All units a case can be handed to."""
    units = resources.of(runtime_of(request)).units.units.values()
    return [UnitOut(code=unit.code, name=unit.name, region=unit.region, node=unit.node) for unit in units]


@router.get("/cases")
async def list_cases(
    request: Request,
    session: Db,
    principal: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    state: Code | None = None,
    *,
    mine: bool = False,
) -> Page[CaseRow]:
    """Cases of the caller's region and all below, newest first; `mine`: held by the caller's unit."""
    rows = await store.page(
        session, principal.region, principal.unit, before=after(cursor), limit=limit, state=state, mine=mine
    )
    shown = [CaseRow.model_validate(_line(runtime_of(request), row)) for row in rows[:limit]]
    return Page(items=shown, next=cursor_of(shown[-1].id) if len(rows) > limit else None)


@router.get("/cases/{case_id}")
async def read_case(request: Request, session: Db, principal: Reader, case_id: UUID) -> CaseOut:
    """One case: who holds it, what may be done now and why not the rest, what was done."""
    row = await store.find(session, case_id, principal.region, principal.unit)
    if row is None:
        raise Refused("not-found")
    case = case_of(row.id, row.version, CaseState.model_validate(row.body))
    return await _shown(runtime_of(request), session, principal, case)


@router.post("/cases/{case_id}/transfer", dependencies=[Idempotent])
async def transfer(request: Request, session: Db, principal: Office, case_id: UUID, body: TransferIn) -> CaseOut:
    """Transfer (转送, Art 22) to another unit, which must sign for it."""
    runtime = runtime_of(request)
    case = await usecases.offer(
        runtime, session, case_id, principal, body.version, kind="transfer", to_unit=body.to_unit, note=body.note
    )
    return await _shown(runtime, session, principal, case)


@router.post("/cases/{case_id}/assign", dependencies=[Idempotent])
async def assign(request: Request, session: Db, principal: Office, case_id: UUID, body: AssignIn) -> CaseOut:
    """Assign (交办, Art 22) with a deadline for the result report."""
    runtime = runtime_of(request)
    case = await usecases.offer(
        runtime, session, case_id, principal, body.version,
        kind="assign", to_unit=body.to_unit, note=body.note, due_at=body.due_at,
    )  # fmt: skip
    return await _shown(runtime, session, principal, case)


@router.post("/cases/{case_id}/receive", dependencies=[Idempotent])
async def receive(request: Request, session: Db, principal: Office, case_id: UUID, body: Decision) -> CaseOut:
    """Sign for a case that was handed over (签收)."""
    return await _act(
        request, session, principal, case_id,
        lambda case, actor: domain.receive(case, actor, body.version, runtime_of(request).clock.now()),
    )  # fmt: skip


@router.post("/cases/{case_id}/return", dependencies=[Idempotent])
async def send_back(request: Request, session: Db, principal: Office, case_id: UUID, body: ReturnIn) -> CaseOut:
    """Return a case that was offered, with a reason; its sender holds it again."""
    now = runtime_of(request).clock.now()
    return await _act(
        request, session, principal, case_id,
        lambda case, actor: domain.send_back(case, actor, body.version, now, body.reason, body.note),
    )  # fmt: skip


@router.post("/cases/{case_id}/withdraw", dependencies=[Idempotent])
async def withdraw(request: Request, session: Db, principal: Office, case_id: UUID, body: Decision) -> CaseOut:
    """Take an offer back before it is received. For a unit of another node this is a request; that node decides."""
    runtime = runtime_of(request)
    case = await usecases.withdraw(runtime, session, case_id, principal, body.version)
    return await _shown(runtime, session, principal, case)


@router.post("/cases/{case_id}/accept", dependencies=[Idempotent])
async def accept(request: Request, session: Db, principal: Office, case_id: UUID, body: Decision) -> CaseOut:
    """Accept the petition (受理, Art 23)."""
    return await _act(
        request, session, principal, case_id,
        lambda case, actor: domain.accept(case, actor, body.version, runtime_of(request).clock.now()),
    )  # fmt: skip


@router.post("/cases/{case_id}/write-opinion", dependencies=[Idempotent])
async def write_opinion(request: Request, session: Db, principal: Handling, case_id: UUID, body: OpinionIn) -> CaseOut:
    """Record the handling opinion (处理意见, Art 32), whose paper was filed in documents."""
    runtime = runtime_of(request)
    case = await usecases.write_opinion(
        runtime, session, case_id, principal, body.version, outcome=body.outcome, paper_id=body.paper_id
    )
    return await _shown(runtime, session, principal, case)


@router.post("/cases/{case_id}/close", dependencies=[Idempotent])
async def close(request: Request, session: Db, principal: Handling, case_id: UUID, body: Decision) -> CaseOut:
    """Close the case (办结)."""
    return await _act(
        request, session, principal, case_id,
        lambda case, actor: domain.close(case, actor, body.version, runtime_of(request).clock.now()),
    )  # fmt: skip


async def _act(
    request: Request, session: Session, principal: Principal, case_id: UUID, decide: usecases.Decision
) -> CaseOut:
    runtime = runtime_of(request)
    case = await usecases.act(runtime, session, case_id, principal, decide)
    return await _shown(runtime, session, principal, case)


def _line(runtime: Runtime, row: Any) -> dict[str, Any]:
    holder = resources.of(runtime).name(row.holder_unit)
    return {**row.body, "id": row.id, "version": row.version, "holder_name": holder}


async def _shown(runtime: Runtime, session: Session, principal: Principal, case: Case) -> CaseOut:
    directory = resources.of(runtime)
    actor = usecases.actor_of(runtime, principal)
    refusals = {action: domain.refusal(case, action, actor) for action in domain.ACTIONS}
    rows = await store.timeline_of(session, case.id)
    offer = case.hand_over
    return CaseOut(
        id=case.id, number=case.number, channel=case.channel, kind=case.kind, state=case.state, version=case.version,
        holder_unit=case.holder_unit, holder_name=directory.name(case.holder_unit),
        registered_region=case.registered_region, registered_at=case.registered_at, writer=case.writer,
        hand_over=None if offer is None else HandOverOut(
            id=offer.id, kind=offer.kind, from_unit=offer.from_unit, to_unit=offer.to_unit,
            offered_at=offer.offered_at, due_at=offer.due_at,
        ),
        outcome=case.outcome, accepted_at=case.accepted_at, closed_at=case.closed_at,
        accused_units=list(case.accused_units),
        actions=[ActionOut(action=a, allowed=slug is None, reason=slug) for a, slug in refusals.items()],
        timeline=[
            Entry(version=row.version, action=row.action, unit=row.unit, unit_name=directory.name(row.unit),
                  actor=row.actor, at=row.at, reason=row.reason, note=store.opened_note(runtime.keyring, row))
            for row in rows
        ],
    )  # fmt: skip
