"""HTTP face of files: parse, call the use case, answer."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from sqlalchemy import Row

from documents import resources
from documents.faces import PREFIX, Office, Reader, page, runtime_of
from documents.files import domain, kinds, tables, uploads, usecases
from documents.files.downloads import Download
from documents.files.models import FileOut
from documents.identity import store as identity
from documents.identity.stating import Stated
from documents.moving.domain import FILE
from documents.moving.store import coming
from documents.storage import store as objects
from kit.crypto import Keyring
from kit.db import Db, Session
from kit.idempotency import IdempotentRoute
from kit.pages import Cursor, Limit, Page

router = APIRouter(prefix=PREFIX, route_class=IdempotentRoute, tags=["documents"])
Disposition = Annotated[str | None, Header(max_length=2000, description="the file's name (RFC 6266)")]
Identity = Annotated[bool, Header(description="it is an identity paper (身份证件)")]
BINARY = {"schema": {"type": "string", "format": "binary"}}
UPLOAD = {"requestBody": {"required": True, "content": dict.fromkeys(sorted(kinds.TYPES), BINARY)}}


@router.put("/files/{file_id}", status_code=201, responses={200: {"model": FileOut}}, openapi_extra=UPLOAD)
async def store_file(
    request: Request,
    response: Response,
    writer: Office,
    petition_id: UUID,
    file_id: UUID,
    content_disposition: Disposition = None,
    identity_paper: Identity = False,
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
        identity=identity_paper,
    )
    row, new = await usecases.store_file(runtime, writer, upload)
    response.status_code = 201 if new else 200
    async with runtime.database.transaction() as session:
        return (await _shown(session, runtime.keyring, [row]))[0]


@router.get("/files")
async def list_files(
    request: Request, session: Db, reader: Reader, petition_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> Page[FileOut]:
    """Files of a petition in the order they were stored, those too that are still coming from another node."""
    rows, more = await page(session, tables.files, petition_id, reader, cursor, limit, kind=FILE)
    return Page(items=await _shown(session, runtime_of(request).keyring, rows), next=more)


@router.get("/files/{file_id}", response_class=Response, responses={200: {"content": {"*/*": BINARY}}})
async def read_file(request: Request, reader: Reader, petition_id: UUID, file_id: UUID, purpose: Stated) -> Download:
    """The file itself, as an attachment; an identity paper for a stated purpose only. The reading is recorded."""
    runtime = runtime_of(request)
    row, content = await usecases.read_file(runtime, reader, petition_id, file_id, purpose)
    name = usecases.name_of(runtime.keyring, row) or str(file_id)
    return Download(content, name=name, media_type=row.media_type, size=row.bytes, sha256=row.sha256)


async def _shown(session: Session, ring: Keyring, rows: Sequence[Row[Any]]) -> list[FileOut]:
    states = await objects.states(session, [row.object for row in rows if hasattr(row, "object")])
    marks = await identity.marks(session, {row.sha256 for row in rows})
    return [_file(ring, row, states, marks) for row in rows]


def _file(ring: Keyring, row: Row[Any], known: Mapping[str, Row[Any]], marks: Mapping[str, identity.Marked]) -> FileOut:
    state, marked = known.get(getattr(row, "object", "")), marks.get(row.sha256)
    looked = {} if state is None else {"sm3": state.sm3, "scan": state.scan, "encrypted": state.encrypted}
    return FileOut(
        file_id=row.id, petition_id=row.petition_id, name=usecases.name_of(ring, row), media_type=row.media_type,
        bytes=row.bytes, sha256=row.sha256, unit=row.unit, stored_by=row.stored_by, stored_at=row.stored_at,
        identity=marked and marked.mark, **coming(row), **looked,
    )  # fmt: skip
