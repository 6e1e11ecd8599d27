"""Files and papers of a case: scanned pages passed on to documents, downloads passed back, papers to read."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import RedirectResponse, Response, StreamingResponse

from kit.errors import Refused
from portal import resources
from portal.calls import Declined, renamed
from portal.forms import Form, StaffForm, upload_form
from portal.pages.case import declined
from portal.rendering import HEADERS, page
from portal.routes import STAFF, PageRoute, refused_by
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
WRITTEN = ("kind", "text", "legal_basis")
CHUNK = 256 * 1024
# a file is somebody's content under our name: nothing in it may run, and it is saved, not shown
SAVED = {**HEADERS, "Content-Security-Policy": "default-src 'none'; sandbox"}


def _documents(case_id: UUID) -> str:
    return f"/api/documents/v1/petitions/{case_id}"


@router.post("/cases/{case_id}/files")
async def upload(request: Request, visit: Visiting, case_id: UUID) -> Response:
    """Pass a file on under the id that was minted with the form: sent twice, it is stored once."""
    most = resources.of(runtime_of(request)).settings.upload_megabytes * 1_000_000
    try:
        async with upload_form(request, most) as form:
            await pass_on(request, visit, case_id, form)
    except (Declined, Refused) as error:
        if isinstance(error, Refused) and error.slug == "form-expired":
            raise
        return await declined(request, visit, case_id, "upload", refused_by(error))
    return RedirectResponse(f"{STAFF}/cases/{case_id}?done=upload", status_code=303)


async def pass_on(request: Request, visit: Visit, case_id: UUID, form: Form) -> None:
    file, file_id = form.upload("file"), _file_id(form)
    headers = {
        "Content-Type": _safe(file.content_type or "application/octet-stream"),
        "Content-Length": str(file.size or 0),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.filename or '', safe='')}",
    }
    if form.text("identity"):
        headers["Identity-Paper"] = "true"
    path = f"{_documents(case_id)}/files/{file_id}"
    await resources.of(runtime_of(request)).calls.put(path, visit.token, headers, chunks(file))


def _file_id(form: Form) -> UUID:
    try:
        return UUID(form.text("file_id"))
    except ValueError as error:
        raise Refused("form-expired") from error


def _safe(content_type: str) -> str:
    """As the browser named it, when it can be a header."""
    return content_type if content_type.isascii() and content_type.isprintable() else "application/octet-stream"


async def chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(CHUNK):
        yield chunk


async def passed_on(request: Request, visit: Visit, path: str) -> Response:
    """A file of documents, to be saved."""
    return await handed_on(request, visit.token, path)


async def handed_on(
    request: Request, token: str | None, path: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The same, also for who is not signed in. headers: what the reader states. Raises Declined."""
    calls = resources.of(runtime_of(request)).calls
    async with AsyncExitStack() as opened:
        answer = await opened.enter_async_context(calls.stream(path, token, headers))
        held = opened.pop_all()

    async def body() -> AsyncIterator[bytes]:
        async with held:
            async for chunk in answer.aiter_bytes(CHUNK):
                yield chunk

    given = answer.headers.get("content-disposition", "")
    disposition = given if given.startswith("attachment") else "attachment"
    given_on = {**SAVED, "Content-Disposition": disposition}
    if "content-length" in answer.headers:
        given_on["Content-Length"] = answer.headers["content-length"]
    return StreamingResponse(body(), headers=given_on, media_type=answer.headers.get("content-type"))


@router.post("/cases/{case_id}/papers")
async def write_paper(request: Request, visit: Visiting, case_id: UUID, form: StaffForm) -> Response:
    """File a notice, record, agreement or report, which an action may need before it; opinions go with `submit`."""
    calls, body = resources.of(runtime_of(request)).calls, form.chosen(WRITTEN)
    try:
        await calls.post(f"{_documents(case_id)}/papers", form.key, body, visit.token)
    except Declined as error:
        # one shape for each kind: errors of a notice are named by it
        problem = renamed(error.problem, {f"body.{body.get('kind')}.{name}": f"body.{name}" for name in WRITTEN})
        return await declined(request, visit, case_id, "paper", problem, form)
    return RedirectResponse(f"{STAFF}/cases/{case_id}?done=paper", status_code=303)


@router.get("/cases/{case_id}/papers/{paper_id}")
async def paper_page(request: Request, visit: Visiting, case_id: UUID, paper_id: UUID) -> Response:
    """A paper (文书) to read and print; documents records the reading."""
    calls = resources.of(runtime_of(request)).calls
    paper: dict[str, Any] = await calls.get(f"{_documents(case_id)}/papers/{paper_id}", visit.token)
    return page(request, "paper.html", paper=paper, case_id=case_id)
