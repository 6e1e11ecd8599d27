"""HTTP face of the desk: parse, call the use case, answer. Numbers travel in bodies, never in addresses."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from kit.auth import Principal, allow
from kit.db import Db
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.runtime import Runtime
from notify.desk import listing, showing, usecases
from notify.desk.models import (
    BlockIn,
    Conversation,
    ConversationRow,
    ConvertIn,
    DecideIn,
    Found,
    HandIn,
    PhoneIn,
    ReplyIn,
    SupplementIn,
    WaitingText,
)

router = APIRouter(prefix="/api/notify/v1", route_class=IdempotentRoute, tags=["desk"])
Operator = Annotated[Principal, allow("clerk", "leader")]
SHOWN = 50


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


@router.get("/texts/queue")
async def list_queue(
    request: Request, session: Db, who: Operator, limit: Limit = 50, cursor: Cursor = None
) -> Page[WaitingText]:
    """Texts that nobody could parse, the oldest first, without what they say."""
    runtime = runtime_of(request)
    rows = await listing.queue(session, who, usecases.office_of(runtime), after=after(cursor), limit=limit)
    more = cursor_of(rows[limit - 1].id) if len(rows) > limit else None
    now = runtime.clock.now()
    return Page(items=[showing.waiting_text(runtime.keyring, row, now) for row in rows[:limit]], next=more)


@router.get("/conversations")
async def list_conversations(
    request: Request, session: Db, who: Operator, limit: Limit = 50, cursor: Cursor = None, *, mine: bool = False,
    still_open: Annotated[bool, Query(alias="open")] = False,
) -> Page[ConversationRow]:  # fmt: skip
    """Telephones that have written, by their last text, the newest first. mine: what the caller works on."""
    runtime = runtime_of(request)
    rows = await listing.page(
        session, who, usecases.office_of(runtime), mine=mine, still_open=still_open, before=after(cursor), limit=limit
    )
    more = cursor_of(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[showing.conversation_row(runtime.keyring, row) for row in rows[:limit]], next=more)


@router.post("/conversations/search", dependencies=[Idempotent])
async def search(request: Request, session: Db, who: Operator, body: PhoneIn) -> Found:
    """The conversation with a number that the caller knows; the search is recorded."""
    return Found(conversation=await usecases.find_phone(runtime_of(request), session, who, body.phone))


@router.get("/conversations/of-petition/{petition_id}")
async def of_petition(request: Request, session: Db, who: Operator, petition_id: UUID) -> Found:
    """The conversation with who raised a petition."""
    return Found(conversation=await usecases.find_petition(runtime_of(request), session, who, petition_id))


@router.get("/conversations/{conversation_id}")
async def read(
    request: Request, session: Db, who: Operator, conversation_id: UUID, before: UUID | None = None
) -> Conversation:
    """What went to and fro, the newest first. The reading is recorded."""
    runtime = runtime_of(request)
    row = await usecases.found(runtime, session, who, conversation_id)
    return await usecases.read(runtime, session, who, row, before=before, limit=SHOWN)


@router.post("/conversations/{conversation_id}/taking", dependencies=[Idempotent])
async def take(request: Request, session: Db, who: Operator, conversation_id: UUID) -> Found:
    """Work on it."""
    await usecases.take(runtime_of(request), session, who, conversation_id)
    return Found(conversation=conversation_id)


@router.post("/conversations/{conversation_id}/replies", status_code=201, dependencies=[Idempotent])
async def reply(request: Request, session: Db, who: Operator, conversation_id: UUID, body: ReplyIn) -> Found:
    """Answer by text, before all notices. The answer may not repeat what was sent, nor name whom it accuses."""
    await usecases.reply(runtime_of(request), session, who, conversation_id, body.text)
    return Found(conversation=conversation_id)


@router.post("/conversations/{conversation_id}/handing", dependencies=[Idempotent])
async def hand(request: Request, session: Db, who: Operator, conversation_id: UUID, body: HandIn) -> Found:
    """Hand what was said so far to another unit of this node, or another operator; what comes later is the office's."""
    runtime = runtime_of(request)
    await usecases.hand(runtime, session, who, conversation_id, unit=body.unit, operator=body.operator, seen=body.seen)
    return Found(conversation=conversation_id)


@router.post("/conversations/{conversation_id}/closing", dependencies=[Idempotent])
async def close(request: Request, session: Db, who: Operator, conversation_id: UUID) -> Found:
    """Nothing more is to be answered; a text that comes later opens it again."""
    await usecases.close(runtime_of(request), session, who, conversation_id)
    return Found(conversation=conversation_id)


@router.post("/conversations/{conversation_id}/petition", status_code=202, dependencies=[Idempotent])
async def convert(request: Request, session: Db, who: Operator, conversation_id: UUID, body: ConvertIn) -> Found:
    """Make a petition of a text by hand; intake registers it, and the petitioner is answered."""
    await usecases.convert(runtime_of(request), session, who, conversation_id, body)
    return Found(conversation=conversation_id)


@router.post("/conversations/{conversation_id}/supplement", status_code=202, dependencies=[Idempotent])
async def supplement(
    request: Request, session: Db, who: Operator, conversation_id: UUID, body: SupplementIn
) -> Found:  # fmt: skip
    """Add a text to a petition of this telephone; intake decides, and the petitioner is answered."""
    await usecases.supplement(runtime_of(request), session, who, conversation_id, body.text_id, body.number)
    return Found(conversation=conversation_id)


@router.post("/conversations/{conversation_id}/block", dependencies=[Idempotent])
async def block(request: Request, session: Db, who: Operator, conversation_id: UUID, body: BlockIn) -> Found:
    """Its texts are kept and not acted on for so long, and it is told; beyond a day a leader decides."""
    runtime = runtime_of(request)
    await usecases.block(runtime, session, who, conversation_id, hours=body.hours, reason=body.reason)
    return Found(conversation=conversation_id)


@router.post("/conversations/{conversation_id}/unblocking", dependencies=[Idempotent])
async def unblock(request: Request, session: Db, who: Operator, conversation_id: UUID) -> Found:
    await usecases.unblock(runtime_of(request), session, who, conversation_id)
    return Found(conversation=conversation_id)


@router.post("/conversations/{conversation_id}/objection", dependencies=[Idempotent])
async def decide(request: Request, session: Db, who: Operator, conversation_id: UUID, body: DecideIn) -> Found:
    """Decide on the objection against the block; the telephone is told."""
    await usecases.decide(runtime_of(request), session, who, conversation_id, body.decision)
    return Found(conversation=conversation_id)
