"""HTTP face of bundles of pages: parse, call the use case, answer."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Row

from documents import access
from documents.faces import PREFIX, Office, Reader, runtime_of
from documents.identity import store as identity
from documents.identity.stating import Stated
from documents.pages import models, searching, store, usecases
from documents.pages.domain import Leaf
from kit.db import Db, Session
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute, Keyed
from kit.pages import Cursor, Limit, Page, after, cursor_of

router = APIRouter(prefix=f"{PREFIX}/bundles", route_class=IdempotentRoute, tags=["documents"])
search_router = APIRouter(prefix="/api/documents/v1", route_class=IdempotentRoute, tags=["documents"])
Number = Annotated[int, Path(ge=1, le=10_000)]
JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post("", status_code=201, dependencies=[Idempotent])
async def make_bundle(
    request: Request, session: Db, writer: Office, petition_id: UUID, body: models.BundleIn
) -> models.BundleOut:
    """Put files of the petition together (材料册). They are looked at in the background; then it is a draft."""
    bundle = await usecases.make(runtime_of(request), session, writer, petition_id, body.file_ids)
    return await _shown(session, bundle)


@router.get("")
async def list_bundles(
    session: Db, reader: Reader, petition_id: UUID, limit: Limit = 50, cursor: Cursor = None
) -> Page[models.BundleRow]:
    """Bundles of a petition in the order they were made."""
    if not await access.is_readable(session, petition_id, reader):
        raise Refused("not-found")
    rows = await store.page(session, petition_id, reader, after=after(cursor), limit=limit)
    shown = [models.BundleRow.model_validate(_row(row)) for row in rows[:limit]]
    return Page(items=shown, next=cursor_of(shown[-1].bundle_id) if len(rows) > limit else None)


@router.get("/{bundle_id}")
async def read_bundle(session: Db, reader: Reader, petition_id: UUID, bundle_id: UUID) -> models.BundleOut:
    """A bundle with its files and pages, and how far the work on it has come."""
    return await _shown(session, await usecases.find(session, reader, petition_id, bundle_id))


@router.put("/{bundle_id}/pages")
async def arrange_pages(
    request: Request, session: Db, writer: Office, petition_id: UUID, bundle_id: UUID, body: models.PagesIn
) -> models.BundleOut:
    """Order, turn and leave out pages of a draft: the whole list at once."""
    leaves = [Leaf(leaf.file_id, leaf.page, leaf.rotation) for leaf in body.pages]
    runtime = runtime_of(request)
    bundle = await usecases.arrange(runtime, session, writer, petition_id, bundle_id, body.version, leaves)
    return await _shown(session, bundle)


@router.post("/{bundle_id}/filing", status_code=202, dependencies=[Idempotent])
async def file_bundle(
    request: Request, session: Db, writer: Office, petition_id: UUID, bundle_id: UUID, body: models.FilingIn
) -> models.BundleOut:
    """Read the pages and make them one PDF (归档), in the background. That PDF is then a file of the petition."""
    runtime = runtime_of(request)
    bundle = await usecases.file(runtime, session, writer, petition_id, bundle_id, body.version, body.name)
    return await _shown(session, bundle)


@router.get("/{bundle_id}/files/{file_id}/pages/{number}/thumbnail", response_class=Response, responses=JPEG)
async def read_thumbnail(
    request: Request, reader: Reader, petition_id: UUID, bundle_id: UUID, file_id: UUID, number: Number,
    purpose: Stated,
) -> StreamingResponse:  # fmt: skip
    """A small picture of a file's page, as the file has it: not turned; of an identity paper for a stated purpose only.
    The reading is recorded.
    """
    content = await usecases.thumbnail(runtime_of(request), reader, petition_id, bundle_id, file_id, number, purpose)
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    return StreamingResponse(content, media_type="image/jpeg", headers=headers)


@router.get("/{bundle_id}/pages/{number}/text")
async def read_text(
    request: Request, session: Db, reader: Reader, petition_id: UUID, bundle_id: UUID, number: Number, purpose: Stated
) -> models.PageText:
    """What was read on a page of the bundle; of an identity paper for a stated purpose only. Recorded as a reading."""
    text = await usecases.read_text(runtime_of(request), session, reader, petition_id, bundle_id, number, purpose)
    return models.PageText(number=number, text=text)


@router.get("/{bundle_id}/proposal")
async def propose_fields(
    request: Request, session: Db, reader: Office, petition_id: UUID, bundle_id: UUID, purpose: Stated
) -> models.ProposalOut:
    """Values for the registration form that the pages seem to hold, none of them verified; those of identity papers
    for a stated purpose only. Recorded as a reading.
    """
    found, left_out = await usecases.propose(runtime_of(request), session, reader, petition_id, bundle_id, purpose)
    fields = [models.FieldOut.model_validate(each, from_attributes=True) for each in found]
    return models.ProposalOut(bundle_id=bundle_id, fields=fields, left_out=left_out)


@search_router.post("/search", dependencies=[Keyed])
async def search_pages(request: Request, session: Db, reader: Reader, body: models.SearchIn) -> models.SearchOut:
    """Pages in the caller's scope on which a text stands, newest first.

    It reads only; it is a POST so that no name stands in an address.
    """
    found, more = await searching.search(runtime_of(request), session, reader, body.text)
    return models.SearchOut(hits=[models.Hit.model_validate(each, from_attributes=True) for each in found], more=more)


def _row(row: Row[Any]) -> dict[str, Any]:
    problem = models.Problem.of(row.problem)
    return {**row._mapping, "bundle_id": row.id, "problem": problem}  # noqa: SLF001 - SQLAlchemy's documented view of a row


async def _shown(session: Session, bundle: Row[Any]) -> models.BundleOut:
    leaves = await store.leaves_of(session, bundle.id)
    looked = await store.sources_of(session, bundle.files)
    digests = await store.digests_of(session, bundle.files)
    marks = await identity.marks(session, {*digests.values()})
    files = [
        models.Source(file_id=file_id, state=looked[file_id].state, pages=looked[file_id].pages,
                      identity=digests[file_id] in marks,
                      problem=models.Problem.of(looked[file_id].problem))
        for file_id in bundle.files
    ]  # fmt: skip
    pages = [
        models.Leaf(file_id=leaf.file_id, page=leaf.page, rotation=leaf.rotation, read=leaf.read,
                    problem=models.Problem.of(leaf.problem))
        for leaf in leaves
    ]  # fmt: skip
    done = [file.state != "waiting" for file in files] if bundle.state == "preparing" else [leaf.read for leaf in pages]
    progress = models.Progress(done=sum(done), of=len(done))
    return models.BundleOut.model_validate({**_row(bundle), "files": files, "pages": pages, "progress": progress})
