"""HTTP face of documents: parse, call the use case, answer."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from sqlalchemy import Row

from documents import domain, resources, store, tables, uploads, usecases
from documents.domain import Notice, Opinion
from documents.downloads import Download
from documents.models import FileOut, OpinionIn, PaperIn, PaperOut, PaperRow
from kit.auth import Principal, allow
from kit.crypto import Keyring
from kit.db import Db
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.pages import Cursor, Limit, Page, after, cursor_of
from kit.runtime import Runtime

router = APIRouter(prefix="/api/documents/v1/petitions/{petition_id}", route_class=IdempotentRoute, tags=["documents"])
Reader = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor")]
Office = Annotated[Principal, allow("clerk", "handler", "leader")]
Disposition = Annotated[str | None, Header(max_length=2000, description="the file's name (RFC 6266)")]
BINARY = {"schema": {"type": "string", "format": "binary"}}
UPLOAD = {"requestBody": {"required": True, "content": dict.fromkeys(sorted(domain.ACCEPTED), BINARY)}}
HIGHEST = 2**63 - 1


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


@router.put("/files/{file_id}", status_code=201, responses={200: {"model": FileOut}}, openapi_extra=UPLOAD)
async def store_file(
    request: Request,
    response: Response,
    writer: Office,
    petition_id: UUID,
    file_id: UUID,
    content_disposition: Disposition = None,
) -> FileOut:
    """Store a file of a petition; the body is the file. The id is the sender's: sent again, it answers 200."""
    runtime = runtime_of(request)
    settings = resources.of(runtime).settings
    upload = usecases.Upload(
        petition_id=petition_id,
        file_id=file_id,
        declared=request.headers.get("content-type", ""),
        name=domain.file_name(content_disposition),
        body=uploads.body_of(request, limit=settings.max_file_bytes, silence=settings.silence_seconds),
    )
    row, new = await usecases.store_file(runtime, writer, upload)
    response.status_code = 201 if new else 200
    return _file(runtime.keyring, row)


@router.get("/files")
async def list_files(
    request: Request, session: Db, reader: Reader, petition_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> Page[FileOut]:
    """Files of a petition in the order they were stored."""
    rows = await _page(session, tables.files, petition_id, reader, cursor, limit)
    ring = runtime_of(request).keyring
    return Page(items=[_file(ring, row) for row in rows[:limit]], next=_next(rows, limit))


@router.get("/files/{file_id}", response_class=Response, responses={200: {"content": {"*/*": BINARY}}})
async def read_file(request: Request, reader: Reader, petition_id: UUID, file_id: UUID) -> Download:
    """The file itself, as an attachment. The reading is recorded."""
    runtime = runtime_of(request)
    row, content = await usecases.read_file(runtime, reader, petition_id, file_id)
    name = usecases.name_of(runtime.keyring, row) or str(file_id)
    return Download(content, name=name, media_type=row.media_type, size=row.bytes, sha256=row.sha256)


@router.post("/papers", status_code=201, dependencies=[Idempotent])
async def file_paper(request: Request, session: Db, writer: Office, petition_id: UUID, body: PaperIn) -> PaperRow:
    """File a paper (文书); an opinion by a handler or leader. From then on nobody can change it."""
    paper: Opinion | Notice
    if isinstance(body, OpinionIn):
        paper = Opinion(body.request, body.facts, body.opinion, body.legal_basis, body.outcome)
    else:
        paper = Notice(body.kind, body.text, body.legal_basis)
    return _paper(await usecases.file_paper(runtime_of(request), session, writer, petition_id, paper))


@router.get("/papers")
async def list_papers(
    session: Db, reader: Reader, petition_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> Page[PaperRow]:
    """Papers of a petition in the order they were filed, without their text."""
    rows = await _page(session, tables.papers, petition_id, reader, cursor, limit)
    return Page(items=[_paper(row) for row in rows[:limit]], next=_next(rows, limit))


@router.get("/papers/{paper_id}")
async def read_paper(request: Request, session: Db, reader: Reader, petition_id: UUID, paper_id: UUID) -> PaperOut:
    """One paper with its text. The reading is recorded."""
    row, text = await usecases.read_paper(runtime_of(request), session, reader, petition_id, paper_id)
    return PaperOut(**_paper(row).model_dump(), **text)


async def _page(session: Db, table: Any, petition_id: UUID, reader: Principal, cursor: str | None, limit: int) -> Any:
    if not await store.is_readable(session, petition_id, reader):
        raise Refused("not-found")
    seen = after(cursor)
    position = 0 if seen is None else min(seen.int, HIGHEST)
    return await store.page(session, table, petition_id, reader, after=position, limit=limit)


def _next(rows: Any, limit: int) -> str | None:
    """The cursor is the version of the last row shown, in the shape that cursors have."""
    return cursor_of(UUID(int=rows[limit - 1].version)) if len(rows) > limit else None


def _file(ring: Keyring, row: Row[Any]) -> FileOut:
    return FileOut(
        file_id=row.id, petition_id=row.petition_id, name=usecases.name_of(ring, row), media_type=row.media_type,
        bytes=row.bytes, sha256=row.sha256, unit=row.unit, stored_by=row.stored_by, stored_at=row.stored_at,
    )  # fmt: skip


def _paper(row: Row[Any]) -> PaperRow:
    return PaperRow(
        paper_id=row.id, petition_id=row.petition_id, kind=row.kind, sha256=row.sha256, unit=row.unit,
        written_by=row.written_by, written_at=row.written_at,
    )  # fmt: skip
