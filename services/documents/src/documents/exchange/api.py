"""HTTP face of the exchange of papers: parse, call the use case, answer."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from documents.exchange import showing, store, usecases, writing
from documents.exchange.domain import Kind
from documents.exchange.models import (
    AdoptIn,
    BeginIn,
    Counts,
    DispatchOut,
    EncloseIn,
    LetterIn,
    ReceivedRow,
    ReturnIn,
    SendIn,
    SentRow,
    UnitsIn,
    UnreadRow,
)
from documents.exchange.sending import Sending, send
from documents.exchange.writing import Beginning, Borrowed
from documents.faces import Office, Reader, runtime_of
from documents.papers.api import paper_row
from documents.papers.models import PaperRow
from kit.db import Db
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, after_place, cursor_of, cursor_of_place

ROOT = "/api/documents/v1"
router = APIRouter(prefix=ROOT, route_class=IdempotentRoute, tags=["exchange"])
Day = Annotated[date, Query(description="in China")]


@router.post("/dispatches", status_code=201, dependencies=[Idempotent])
async def begin(request: Request, session: Db, writer: Office, body: BeginIn) -> DispatchOut:
    """Begin a dispatch (发文), or a bulletin (信访信息)."""
    runtime = runtime_of(request)
    asked = Beginning(body.kind, body.title, body.petition_id, body.answers, body.source)
    dispatch_id = await writing.begin(runtime, session, writer, asked)
    return await showing.show(runtime, session, writer, dispatch_id)


@router.get("/dispatches/sent")
async def list_sent(
    request: Request, session: Db, reader: Reader, kind: Kind | None = None, petition_id: UUID | None = None,
    limit: Limit = 50, cursor: Cursor = None,
) -> Page[SentRow]:  # fmt: skip
    """What the own unit writes and has sent (发文), the newest first."""
    rows = await store.sent(session, reader, kind=kind, petition_id=petition_id, before=after(cursor), limit=limit)
    more = cursor_of(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[showing.sent_row(runtime_of(request), row) for row in rows[:limit]], next=more)


@router.get("/dispatches/received")
async def list_received(
    request: Request, session: Db, reader: Reader, kind: Kind | None = None, limit: Limit = 50, cursor: Cursor = None,
    *, unread: bool = False,
) -> Page[ReceivedRow]:  # fmt: skip
    """What has come for the own unit (收文), the newest first. unread: what nobody has signed for."""
    rows = await store.received(session, reader, kind=kind, unread=unread, before=after_place(cursor), limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = None if last is None else cursor_of_place(last.arrived_at, last.id)
    return Page(items=[showing.received_row(runtime_of(request), row) for row in rows[:limit]], next=more)


@router.get("/dispatches/unread")
async def list_unread(
    request: Request, session: Db, reader: Reader, limit: Limit = 50, cursor: Cursor = None
) -> Page[UnreadRow]:
    """What the own unit has sent and who has not signed for it, sent longest ago first."""
    rows = await store.unread(session, reader, after=after_place(cursor), limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = None if last is None else cursor_of_place(last.sent_at, last.id)
    return Page(items=[showing.unread_row(runtime_of(request), row) for row in rows[:limit]], next=more)


@router.get("/dispatches/{dispatch_id}")
async def read(request: Request, session: Db, reader: Reader, dispatch_id: UUID) -> DispatchOut:
    """One dispatch, as its sender or a unit it went to sees it. The reading is recorded."""
    return await showing.read(runtime_of(request), session, reader, dispatch_id)


@router.post("/dispatches/{dispatch_id}/letter", status_code=201, dependencies=[Idempotent])
async def write(request: Request, session: Db, writer: Office, dispatch_id: UUID, body: LetterIn) -> PaperRow:
    """File a letter (函), or the text of a bulletin, as a paper of it, which a leader can have sealed."""
    return paper_row(await writing.write(runtime_of(request), session, writer, dispatch_id, body.sections))


@router.post("/dispatches/{dispatch_id}/enclosures", dependencies=[Idempotent])
async def enclose(
    request: Request, session: Db, writer: Office, dispatch_id: UUID, body: EncloseIn
) -> DispatchOut:  # fmt: skip
    """Put files and sealed papers of the petition, or of a received dispatch, into this one."""
    runtime = runtime_of(request)
    await writing.enclose(runtime, session, writer, dispatch_id, Borrowed(body.of, body.files, body.sealed_papers))
    return await showing.show(runtime, session, writer, dispatch_id)


@router.post("/dispatches/{dispatch_id}/sending", dependencies=[Idempotent])
async def send_it(request: Request, session: Db, writer: Office, dispatch_id: UUID, body: SendIn) -> DispatchOut:
    """Send it to all its units; from then on nothing of it changes."""
    runtime = runtime_of(request)
    asked = Sending(body.title, body.recipients, body.body, body.attachments, body.urgency, body.answer_by)
    await send(runtime, session, writer, dispatch_id, asked)
    return await showing.show(runtime, session, writer, dispatch_id)


@router.post("/dispatches/{dispatch_id}/signature", dependencies=[Idempotent])
async def sign(request: Request, session: Db, who: Office, dispatch_id: UUID) -> DispatchOut:
    """Sign for it (签收): only then it can be read."""
    runtime = runtime_of(request)
    await usecases.sign(runtime, session, who, dispatch_id)
    return await showing.show(runtime, session, who, dispatch_id)


@router.post("/dispatches/{dispatch_id}/return", dependencies=[Idempotent])
async def return_(request: Request, session: Db, who: Office, dispatch_id: UUID, body: ReturnIn) -> DispatchOut:
    """Return it (退文), with the reason."""
    runtime = runtime_of(request)
    await usecases.return_(runtime, session, who, dispatch_id, body.reason)
    return await showing.show(runtime, session, who, dispatch_id)


@router.post("/dispatches/{dispatch_id}/adoption", dependencies=[Idempotent])
async def adopt(request: Request, session: Db, who: Office, dispatch_id: UUID, body: AdoptIn) -> DispatchOut:
    """Say what became of a bulletin: adopted, by the leader's instruction, merged into another, or not adopted."""
    runtime = runtime_of(request)
    await usecases.adopt(runtime, session, who, dispatch_id, body.mark, body.note)
    return await showing.show(runtime, session, who, dispatch_id)


@router.post("/dispatches/{dispatch_id}/recall", dependencies=[Idempotent])
async def recall(request: Request, session: Db, who: Office, dispatch_id: UUID, body: UnitsIn) -> DispatchOut:
    """Take it back (撤回) from units that have not signed for it; each copy tells whether that was in time."""
    runtime = runtime_of(request)
    await usecases.recall(runtime, session, who, dispatch_id, body.units)
    return await showing.show(runtime, session, who, dispatch_id)


@router.post("/dispatches/{dispatch_id}/urging", dependencies=[Idempotent])
async def urge(request: Request, session: Db, who: Office, dispatch_id: UUID, body: UnitsIn) -> DispatchOut:
    """Urge units that have not signed for it (催办)."""
    runtime = runtime_of(request)
    await usecases.urge(runtime, session, who, dispatch_id, body.units)
    return await showing.show(runtime, session, who, dispatch_id)


@router.get("/bulletin-counts")
async def count_bulletins(request: Request, session: Db, reader: Reader, since: Day, until: Day) -> Counts:
    """How many bulletins came to the own unit from each other one and how many were adopted, and of its own."""
    return await showing.counts(runtime_of(request), session, reader, since, until)
