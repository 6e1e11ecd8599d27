"""HTTP face of notify: parse, read, answer."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request

from kit.auth import Principal, allow
from kit.crypto import Keyring
from kit.db import Db
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.personal import mask
from kit.runtime import Runtime
from notify import store
from notify.models import Message
from notify.phones import number_of

router = APIRouter(prefix="/api/notify/v1", tags=["notify"])
Reader = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor")]
PetitionId = Annotated[UUID | None, Query(description="messages about this petition only")]


@router.get("/messages")
async def list_messages(
    request: Request, session: Db, principal: Reader, petition_id: PetitionId = None, limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[Message]:  # fmt: skip
    """Who was told what stage, newest first. Petitions outside the caller's scope have no messages here."""
    runtime: Runtime = request.app.state.runtime
    rows = await store.page(
        session, principal.region, principal.line, before=after(cursor), limit=limit, petition_id=petition_id
    )
    shown = [_shown(runtime.keyring, row) for row in rows[:limit]]
    return Page(items=shown, next=cursor_of(shown[-1].id) if len(rows) > limit else None)


def _shown(ring: Keyring, row: Any) -> Message:
    phone = number_of(ring, row.key, row.phone)
    return Message(
        id=row.id,
        petition_id=row.petition_id,
        number=row.number,
        template=row.template,
        language=row.language,
        phone=mask(phone),
        status=row.state,
        gateway=row.gateway,
        parts=row.parts,
        reason=row.reason,
        created_at=row.created_at,
        at=row.state_at,
    )
