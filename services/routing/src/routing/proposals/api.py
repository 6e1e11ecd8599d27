"""HTTP face of proposals of supervision (Art 40): listed to units above the holder, decided by a person."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import Row

from kit.auth import Principal
from kit.db import Db, Session
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.runtime import Runtime
from routing import resources
from routing.proposals import store as proposals_store
from routing.proposals import usecases as proposals_usecases
from routing.requests.api import Reader, Supervising, runtime_of, shown
from routing.requests.models import DismissIn, FollowIn, ProposalOut, ProposeIn, RequestOut, Trigger

router = APIRouter(prefix="/api/routing/v1", route_class=IdempotentRoute, tags=["proposals"])


@router.get("/proposals")
async def list_proposals(
    request: Request,
    session: Db,
    principal: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    trigger: Trigger | None = None,
    *,
    decided: bool = False,
) -> Page[ProposalOut]:
    """Cause to supervise, about holders of the caller's region and all below but not its own unit, newest first."""
    runtime = runtime_of(request)
    rows = await proposals_store.page(
        session, principal.region, principal.line, before=after(cursor), limit=limit, trigger=trigger, decided=decided
    )
    items = [_line(runtime, row) for row in rows[:limit]]
    return Page(items=items, next=cursor_of(items[-1].id) if len(rows) > limit else None)


@router.post("/cases/{case_id}/propose-supervision", status_code=201, dependencies=[Idempotent])
async def propose_supervision(
    request: Request, session: Db, principal: Reader, case_id: UUID, body: ProposeIn
) -> ProposalOut:
    """Tell those who may supervise of cause that no clock sees: an opinion not carried out, a false report."""
    runtime = runtime_of(request)
    proposal = await proposals_usecases.propose(runtime, session, case_id, principal, body.trigger)
    return await _one(runtime, session, principal, proposal.id)


@router.post("/proposals/{proposal_id}/supervise", status_code=201, dependencies=[Idempotent])
async def follow_proposal(
    request: Request, session: Db, principal: Supervising, proposal_id: UUID, body: FollowIn
) -> RequestOut:
    """Supervise the present holder (督办) for the trigger that was proposed."""
    runtime = runtime_of(request)
    sent = await proposals_usecases.supervise(runtime, session, proposal_id, principal, body.text, body.due_at)
    return await shown(runtime, session, principal, sent.id)


@router.post("/proposals/{proposal_id}/dismiss", dependencies=[Idempotent])
async def dismiss_proposal(
    request: Request, session: Db, principal: Supervising, proposal_id: UUID, body: DismissIn
) -> ProposalOut:
    """Do not supervise, and say why."""
    runtime = runtime_of(request)
    await proposals_usecases.dismiss(runtime, session, proposal_id, principal, body.reason)
    return await _one(runtime, session, principal, proposal_id)


async def _one(runtime: Runtime, session: Session, principal: Principal, proposal_id: UUID) -> ProposalOut:
    row = await proposals_store.locked(session, proposal_id, principal.region, principal.line)
    if row is None:
        raise Refused("not-found")
    return _line(runtime, row)


def _line(runtime: Runtime, row: Row[Any]) -> ProposalOut:
    reason = proposals_store.opened_reason(runtime.keyring, row)
    holder = resources.of(runtime).name(row.holder_unit)
    return ProposalOut.model_validate({**row._mapping, "holder_name": holder, "reason": reason})  # noqa: SLF001 - public API of SQLAlchemy
