"""HTTP face of mass notices: parse, call the use case, answer."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kit import audit
from kit.auth import Principal, allow
from kit.db import Db, Session
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.runtime import Runtime
from kit.streaming import HeldResponse
from notify.notices import showing, store, usecases
from notify.notices.domain import State
from notify.notices.models import (
    ChangeIn,
    ControlIn,
    DecisionIn,
    DryRunOut,
    NoticeIn,
    NoticeOut,
    NoticeRow,
    ResultOut,
    VersionIn,
)

router = APIRouter(prefix="/api/notify/v1", route_class=IdempotentRoute, tags=["notices"])
Office = Annotated[Principal, allow("clerk", "leader")]
Leader = Annotated[Principal, allow("leader")]
ResultState = Annotated[str | None, Query(max_length=32, pattern=r"^[a-z-]+$")]
COLUMNS = ("number", "stage", "phone", "state", "gateway", "parts", "reason", "sent_at", "at")
AT_ONCE, SECONDS = 500, 600.0


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


@router.get("/notices")
async def list_notices(
    session: Db, who: Office, state: State | None = None, limit: Limit = 50, cursor: Cursor = None
) -> Page[NoticeRow]:
    """The own unit's, newest first."""
    rows = await store.page(session, who.unit, state=state, before=after(cursor), limit=limit)
    more = cursor_of(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[showing.row_of(row) for row in rows[:limit]], next=more)


@router.post("/notices", status_code=201, dependencies=[Idempotent])
async def draft(request: Request, session: Db, who: Office, body: NoticeIn) -> NoticeOut:
    """Write a notice; the ledger is asked for its recipients, whom the caller may read."""
    notice_id = await usecases.draft(runtime_of(request), session, who, body)
    return await _shown(session, notice_id, who)


async def _shown(session: Session, notice_id: UUID, who: Principal) -> NoticeOut:
    return await showing.notice_of(session, await usecases.found(session, notice_id, who), who)


@router.get("/notices/{notice_id}")
async def read(session: Db, who: Office, notice_id: UUID) -> NoticeOut:
    """How it stands, and how far it is."""
    return await _shown(session, notice_id, who)


@router.post("/notices/{notice_id}/draft", dependencies=[Idempotent])
async def change(request: Request, session: Db, who: Office, notice_id: UUID, body: ChangeIn) -> NoticeOut:
    """Another text, or other filters; its recipients are looked up anew."""
    await usecases.change(runtime_of(request), session, who, notice_id, body, body.version)
    return await _shown(session, notice_id, who)


@router.get("/notices/{notice_id}/dry-run")
async def dry_run(request: Request, session: Db, who: Office, notice_id: UUID) -> DryRunOut:
    """What would be sent now: to how many, as how many short messages, at what cost. Nothing leaves."""
    notice = await usecases.found(session, notice_id, who)
    return await showing.dry_run(runtime_of(request), session, notice)


@router.post("/notices/{notice_id}/submission", dependencies=[Idempotent])
async def submit(request: Request, session: Db, who: Office, notice_id: UUID, body: VersionIn) -> NoticeOut:
    """Ask for approval."""
    await usecases.submit(runtime_of(request), session, who, notice_id, body.version)
    return await _shown(session, notice_id, who)


@router.post("/notices/{notice_id}/decision", dependencies=[Idempotent])
async def decide(request: Request, session: Db, who: Leader, notice_id: UUID, body: DecisionIn) -> NoticeOut:
    """Approve it, and it begins; or return it. A leader who has written or submitted it cannot approve it."""
    await usecases.decide(runtime_of(request), session, who, notice_id, body.version, body.decision, body.reason)
    return await _shown(session, notice_id, who)


@router.post("/notices/{notice_id}/control", dependencies=[Idempotent])
async def control(request: Request, session: Db, who: Office, notice_id: UUID, body: ControlIn) -> NoticeOut:
    """Pause it, let it go on, or stop it for good; what is on the way to a gateway ends as it ends."""
    await usecases.control(runtime_of(request), session, who, notice_id, body.action)
    return await _shown(session, notice_id, who)


@router.get("/notices/{notice_id}/recipients")
async def list_recipients(
    request: Request, session: Db, who: Office, notice_id: UUID, state: ResultState = None, limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[ResultOut]:  # fmt: skip
    """What became of each, with masked numbers. The reading is recorded."""
    runtime = runtime_of(request)
    await usecases.found(session, notice_id, who)
    rows = await store.results_page(session, notice_id, who.line, state=state, after=after(cursor), limit=limit)
    note_reading(runtime, session, who, notice_id, "read-notice-recipients")
    more = cursor_of(rows[limit - 1].petition_id) if len(rows) > limit else None
    return Page(items=[showing.result_of(runtime.keyring, row) for row in rows[:limit]], next=more)


def note_reading(runtime: Runtime, session: Session, who: Principal, notice_id: UUID, action: str) -> None:
    audit.note(session, action, subject=notice_id, at=runtime.clock.now(), actor=who.subject, unit=who.unit)


@router.get(
    "/notices/{notice_id}/recipients.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}}
)
async def export(request: Request, who: Office, notice_id: UUID) -> Response:
    """The same as a file, all of one instant."""
    runtime = runtime_of(request)
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(runtime.database.transaction())
        await session.raw.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        await usecases.found(session, notice_id, who)
        async with runtime.database.apart() as apart:  # nothing leaves that is not recorded
            note_reading(runtime, apart, who, notice_id, "export-notice-recipients")
        body, held = _lines(runtime, session, who, notice_id), opened.pop_all()
    headers = {"Content-Disposition": 'attachment; filename="recipients.csv"', "Cache-Control": "no-store"}
    return HeldResponse(body, held, seconds=SECONDS, media_type="text/csv; charset=utf-8", headers=headers)


async def _lines(runtime: Runtime, session: Session, who: Principal, notice_id: UUID) -> AsyncIterator[bytes]:
    yield _written([COLUMNS])
    last: UUID | None = None
    while rows := await store.results_page(session, notice_id, who.line, state=None, after=last, limit=AT_ONCE):
        shown = [showing.result_of(runtime.keyring, row).model_dump(mode="json") for row in rows]
        yield _written([tuple(each[name] for name in COLUMNS) for each in shown])
        last = rows[-1].petition_id


def _written(rows: list[tuple[object, ...]]) -> bytes:
    """Codes, numbers and moments: nothing that a spreadsheet would take for a formula."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
