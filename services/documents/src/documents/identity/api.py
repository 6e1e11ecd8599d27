"""HTTP face of identity papers (身份证件): what is one, and what one may be read for."""

from uuid import UUID

from fastapi import APIRouter, Request

from documents import resources
from documents.faces import PREFIX, Office, Reader, runtime_of
from documents.files import store as files_store
from documents.identity import store, usecases
from documents.identity.models import MarkIn, MarkOut, PurposeOut
from kit.db import Db
from kit.errors import Refused
from kit.idempotency import IdempotentRoute

router = APIRouter(route_class=IdempotentRoute, tags=["documents"])


@router.get("/api/documents/v1/reading-purposes")
async def list_purposes(request: Request, _: Reader) -> list[PurposeOut]:
    """The purposes of the policy, of which one is stated to read an identity paper."""
    choices = resources.of(runtime_of(request)).settings.identity.purposes
    return [PurposeOut(**each.model_dump()) for each in choices]


@router.put(PREFIX + "/files/{file_id}/identity")
async def mark_file(
    request: Request, session: Db, who: Office, petition_id: UUID, file_id: UUID, body: MarkIn
) -> MarkOut:
    """Say that a file is an identity paper, or that it is none: what its name suggests anybody in office dismisses,
    what a person has said only a leader lifts.
    """
    runtime = runtime_of(request)
    if body.identity:
        await usecases.mark(runtime, session, who, petition_id, file_id)
    elif body.reason is None:
        raise Refused("invalid-input", errors=[{"field": "body.reason", "reason": "needed here (须说明理由)"}])
    else:
        await usecases.lift(runtime, session, who, petition_id, file_id, body.reason)
    row = await files_store.find_file(session, petition_id, file_id, who)
    if row is None:
        raise Refused("not-found")
    known = await store.marks(session, [row.sha256])
    return MarkOut(file_id=file_id, identity=known[row.sha256].mark if known else None)
