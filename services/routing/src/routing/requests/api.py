"""HTTP face of requests between units (督办、催办、批示、三项建议、协办) and of the register of supervision."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import Row

from contracts.events import RequestState
from kit.auth import Principal, allow
from kit.db import Db, Session
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.runtime import Runtime
from routing import resources, store
from routing.models import ActionOut
from routing.requests import domain as requests
from routing.requests import store as requests_store
from routing.requests import usecases as requests_usecases
from routing.requests.domain import Wish
from routing.requests.models import (
    AnswerIn,
    InstructIn,
    Kind,
    RequestOut,
    RequestRow,
    ReturnAnswerIn,
    Status,
    StepIn,
    StepOut,
    SuggestIn,
    SuperviseIn,
    SupportIn,
    UrgeIn,
)
from routing.requests.rules import ACTIONS, ENDED, STATUSES
from routing.requests.shapes import request_of
from routing.requests.store import Filter
from routing.requests.usecases import Decision

router = APIRouter(prefix="/api/routing/v1", route_class=IdempotentRoute, tags=["requests"])
Reader = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor")]
Supervising = Annotated[Principal, allow("leader", "supervisor")]
Leader = Annotated[Principal, allow("leader")]
Office = Annotated[Principal, allow("clerk", "handler", "leader")]


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


@router.post("/cases/{case_id}/urge", status_code=201, dependencies=[Idempotent])
async def urge(request: Request, session: Db, principal: Reader, case_id: UUID, body: UrgeIn) -> RequestOut:
    """Urge the holder (催办), with or without asking for an answer."""
    wish = Wish(body.text, None, body.due_at, body.wants_answer)
    return (await _send(request, session, principal, case_id, "urge", wish))[0]


@router.post("/cases/{case_id}/supervise", status_code=201, dependencies=[Idempotent])
async def supervise(
    request: Request, session: Db, principal: Supervising, case_id: UUID, body: SuperviseIn
) -> RequestOut:
    """Supervise the holder (督办, Art 40) for a reason; it answers in writing by a date."""
    wish = Wish(body.text, body.reason, body.due_at)
    return (await _send(request, session, principal, case_id, "supervise", wish))[0]


@router.post("/cases/{case_id}/instruct", status_code=201, dependencies=[Idempotent])
async def instruct(request: Request, session: Db, principal: Leader, case_id: UUID, body: InstructIn) -> RequestOut:
    """A leader's written instruction (批示) to the holder."""
    wish = Wish(body.text, None, body.due_at, body.wants_answer)
    return (await _send(request, session, principal, case_id, "instruct", wish))[0]


@router.post("/cases/{case_id}/suggest", status_code=201, dependencies=[Idempotent])
async def suggest(request: Request, session: Db, principal: Supervising, case_id: UUID, body: SuggestIn) -> RequestOut:
    """One of the three suggestions (三项建议, Art 40); whether it is adopted is answered in writing."""
    wish = Wish(body.text, body.suggestion, body.due_at)
    to_units = () if body.to_unit is None else (body.to_unit,)
    return (await _send(request, session, principal, case_id, "suggest", wish, to_units))[0]


@router.post("/cases/{case_id}/ask-support", status_code=201, dependencies=[Idempotent])
async def ask_support(
    request: Request, session: Db, principal: Office, case_id: UUID, body: SupportIn
) -> list[RequestOut]:
    """The holder asks other units to support it (协办); each gets a request of its own."""
    return await _send(
        request, session, principal, case_id, "support", Wish(body.text, None, body.due_at), body.to_units
    )


async def _send(
    request: Request, session: Session, principal: Principal, case_id: UUID, kind: str, wish: Wish,
    to_units: tuple[str, ...] | list[str] = (),
) -> list[RequestOut]:  # fmt: skip
    runtime = runtime_of(request)
    sent = await requests_usecases.send(runtime, session, case_id, principal, kind, wish, to_units)
    return [await shown(runtime, session, principal, each.id) for each in sent]


@router.get("/requests")
async def list_requests(
    request: Request,
    session: Db,
    principal: Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    direction: Annotated[str | None, Query(pattern="^(in|out)$")] = None,
    kind: Kind | None = None,
    status: Status | None = None,
    *,
    overdue: bool | None = None,
) -> Page[RequestRow]:
    """The register of supervision: requests to and from units of the caller's region and all below, newest first.

    direction: in, asked of the caller's unit; out, asked by it. overdue: not answered by the date it was wanted.
    """
    runtime = runtime_of(request)
    wanted = Filter(principal.line, runtime.clock.now(), direction, kind, status, overdue)
    rows = await requests_store.page(session, principal.region, wanted, before=after(cursor), limit=limit)
    shown = [RequestRow.model_validate(_line(runtime, row, wanted.now)) for row in rows[:limit]]
    return Page(items=shown, next=cursor_of(shown[-1].id) if len(rows) > limit else None)


@router.get("/cases/{case_id}/requests")
async def list_requests_of_case(
    request: Request, session: Db, principal: Reader, case_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> Page[RequestRow]:
    """What units asked of each other about one case, newest first, as far as the caller may see it."""
    runtime = runtime_of(request)
    wanted = Filter(principal.line, runtime.clock.now(), case_id=case_id)
    rows = await requests_store.page(session, principal.region, wanted, before=after(cursor), limit=limit)
    # a supporting unit may see what it was asked although it does not see the case
    if not rows and await store.find(session, case_id, principal.region, principal.line) is None:
        raise Refused("not-found")
    shown = [RequestRow.model_validate(_line(runtime, row, wanted.now)) for row in rows[:limit]]
    return Page(items=shown, next=cursor_of(shown[-1].id) if len(rows) > limit else None)


@router.get("/requests/{request_id}")
async def read_request(request: Request, session: Db, principal: Reader, request_id: UUID) -> RequestOut:
    """One request: what was asked and answered, what may be done now and why not the rest."""
    return await shown(runtime_of(request), session, principal, request_id)


@router.post("/requests/{request_id}/receive", dependencies=[Idempotent])
async def receive(request: Request, session: Db, principal: Office, request_id: UUID, body: StepIn) -> RequestOut:
    """Sign for a request (签收)."""
    now = runtime_of(request).clock.now()
    return await _act(
        request, session, principal, request_id, lambda known, by: requests.receive(known, by, body.version, now)
    )


@router.post("/requests/{request_id}/answer", dependencies=[Idempotent])
async def answer(request: Request, session: Db, principal: Office, request_id: UUID, body: AnswerIn) -> RequestOut:
    """Answer in writing; for a suggestion say whether it is adopted (Art 40)."""
    now = runtime_of(request).clock.now()
    return await _act(
        request, session, principal, request_id,
        lambda known, by: requests.answer(known, by, body.version, now, body.text, body.adoption),
    )  # fmt: skip


@router.post("/requests/{request_id}/close", dependencies=[Idempotent])
async def close(request: Request, session: Db, principal: Reader, request_id: UUID, body: StepIn) -> RequestOut:
    """The asking unit takes the answer."""
    now = runtime_of(request).clock.now()
    return await _act(
        request, session, principal, request_id, lambda known, by: requests.close(known, by, body.version, now)
    )


@router.post("/requests/{request_id}/return", dependencies=[Idempotent])
async def send_back(
    request: Request, session: Db, principal: Reader, request_id: UUID, body: ReturnAnswerIn
) -> RequestOut:
    """The asking unit wants a better answer."""
    now, longest = runtime_of(request).clock.now(), requests_usecases.longest_of(runtime_of(request))
    return await _act(
        request, session, principal, request_id,
        lambda known, by: requests.send_back(known, by, body.version, now, body.text, body.due_at, longest=longest),
    )  # fmt: skip


@router.post("/requests/{request_id}/cancel", dependencies=[Idempotent])
async def cancel(request: Request, session: Db, principal: Reader, request_id: UUID, body: StepIn) -> RequestOut:
    """Take a request back before it is answered. For a unit of another node this is a wish; that node decides."""
    runtime = runtime_of(request)
    await requests_usecases.cancel(runtime, session, request_id, principal, body.version)
    return await shown(runtime, session, principal, request_id)


async def _act(
    request: Request, session: Session, principal: Principal, request_id: UUID, decide: Decision
) -> RequestOut:
    runtime = runtime_of(request)
    await requests_usecases.act(runtime, session, request_id, principal, decide)
    return await shown(runtime, session, principal, request_id)


def _line(runtime: Runtime, row: Row[Any], now: datetime) -> dict[str, Any]:
    known = request_of(row.case_id, row.version, RequestState.model_validate(row.body))
    directory = resources.of(runtime)
    zh, en = STATUSES.get(known.status, (known.status, known.status))  # a newer node may know more
    return {
        **row.body,
        "case_id": row.case_id,
        "version": row.version,
        "from_name": directory.name(known.sender.unit),
        "to_name": directory.name(known.receiver.unit),
        "status_zh": zh,
        "status_en": en,
        "level": known.level(now, requests_usecases.policy_of(runtime)),
        "cancel_asked": row.cancel_asked == known.round and known.status not in {"answered", *ENDED},
    }


async def shown(runtime: Runtime, session: Session, principal: Principal, request_id: UUID) -> RequestOut:
    row = await requests_usecases.readable(session, request_id, principal)
    known = request_of(row.case_id, row.version, RequestState.model_validate(row.body))
    asker = requests_usecases.asker_of(runtime, principal)
    refusals = {action: requests.refusal(known, action, asker) for action in ACTIONS}
    names = resources.of(runtime).name
    steps = [
        StepOut(
            version=step.version, action=step.action, unit=step.unit, unit_name=names(step.unit), actor=step.actor,
            at=step.at, reason=step.reason, text=requests_store.opened_text(runtime.keyring, step),
        )
        for step in await requests_store.steps_of(session, request_id)
    ]  # fmt: skip
    return RequestOut.model_validate(
        {
            **_line(runtime, row, runtime.clock.now()),
            "actions": [ActionOut(action=a, allowed=slug is None, reason=slug) for a, slug in refusals.items()],
            "steps": steps,
        }
    )
