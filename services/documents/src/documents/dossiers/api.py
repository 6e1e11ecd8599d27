"""HTTP face of dossiers: parse, call the use case, answer."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import Row

from documents import access
from documents.dossiers import store, usecases
from documents.dossiers.models import DossierIn, DossierOut
from documents.faces import PREFIX, runtime_of
from documents.files.downloads import Download
from documents.identity.stating import Stated
from kit.auth import Principal, allow
from kit.db import Db
from kit.errors import CATALOGUE, Refused
from kit.idempotency import Idempotent, IdempotentRoute

router = APIRouter(prefix=PREFIX + "/dossiers", route_class=IdempotentRoute, tags=["documents"])
Exporter = Annotated[Principal, allow("handler", "leader", "supervisor")]
BINARY = {"schema": {"type": "string", "format": "binary"}}
MADE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": BINARY, "application/pdf": BINARY}}}
Form = Annotated[Literal["zip", "pdf"], Query(description="the signed archive, or the bound PDF in it alone")]


@router.post("", status_code=202, dependencies=[Idempotent])
async def ask_for_dossier(
    request: Request, session: Db, reader: Exporter, petition_id: UUID, body: DossierIn
) -> DossierOut:
    """Have the whole case bound into one signed file; it is made in the background."""
    return _out(await usecases.ask(runtime_of(request), session, reader, petition_id, body.purpose))


@router.get("")
async def list_dossiers(session: Db, reader: Exporter, petition_id: UUID) -> list[DossierOut]:
    """The last fifty that were asked for, the newest first."""
    if not await access.is_readable(session, petition_id, reader):
        raise Refused("not-found")
    return [_out(row) for row in await store.newest(session, petition_id, reader)]


@router.get("/{dossier_id}")
async def dossier_state(session: Db, reader: Exporter, petition_id: UUID, dossier_id: UUID) -> DossierOut:
    """How far it is."""
    row = await store.find(session, petition_id, dossier_id, reader)
    if row is None:
        raise Refused("not-found")
    return _out(row)


@router.get("/{dossier_id}/content", response_class=Response, responses=MADE)
async def read_dossier(
    request: Request, reader: Exporter, petition_id: UUID, dossier_id: UUID, purpose: Stated, form: Form = "zip"
) -> Download:
    """The dossier itself; `xinqiao dossier verify` checks the archive anywhere. With identity papers in it, for a
    stated purpose only. The reading is recorded.
    """
    bound = form == "pdf"
    row, content = await usecases.read(runtime_of(request), reader, petition_id, dossier_id, purpose, bound=bound)
    name = f"dossier-{row.made_at:%Y%m%d}-{str(dossier_id)[-8:]}.{form}"
    size, sha256 = (row.bound_bytes, row.bound_sha256) if bound else (row.bytes, row.sha256)
    return Download(content, name=name, media_type=f"application/{form}", size=size, sha256=sha256)


def _out(row: Row[Any]) -> DossierOut:
    why = CATALOGUE.get(row.reason or "")
    return DossierOut(
        dossier_id=row.id, petition_id=row.petition_id, state=_state(row), done=row.done, total=row.total,
        why_zh=why and why.zh, why_en=why and why.en, asked_by=row.asked_by, asked_at=row.asked_at,
        made_at=row.made_at, bytes=row.bytes, sha256=row.sha256, pdf_bytes=row.bound_bytes,
    )  # fmt: skip


def _state(row: Row[Any]) -> Literal["waiting", "making", "ready", "failed"]:
    if row.made_at is not None:
        return "ready"
    if row.attempts >= store.MOST:
        return "failed"
    return "making" if row.total and row.reason is None else "waiting"
