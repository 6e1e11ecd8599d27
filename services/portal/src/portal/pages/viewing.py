"""Files and papers opened by links of documents, as marked copies or as they are; what is an identity paper."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from portal import confirming, resources
from portal.calls import Declined
from portal.confirming import unless_confirmed
from portal.forms import StaffForm
from portal.pages.case import declined
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])


def _documents(case_id: UUID) -> str:
    return f"/api/documents/v1/petitions/{case_id}"


@router.post("/cases/{case_id}/files/{file_id}/open")
async def open_file(request: Request, visit: Visiting, case_id: UUID, file_id: UUID, form: StaffForm) -> Response:
    return await _opened(request, visit, case_id, {"kind": "file", "id": str(file_id)}, form)


@router.post("/cases/{case_id}/papers/{paper_id}/open")
async def open_paper(request: Request, visit: Visiting, case_id: UUID, paper_id: UUID, form: StaffForm) -> Response:
    return await _opened(request, visit, case_id, {"kind": "paper", "id": str(paper_id)}, form)


async def _opened(request: Request, visit: Visit, case_id: UUID, thing: dict[str, Any], form: StaffForm) -> Response:
    """On to a link that holds for some minutes. For what documents wants a purpose for, that is asked first, and the
    password with it.
    """
    calls, purpose = resources.of(runtime_of(request)).calls, form.chosen(("code", "words"))
    if purpose and (asked := await unless_confirmed(request, visit, form, confirming.IDENTITY, case_id)):
        return asked
    disposition = "attachment" if form.text("disposition") == "attachment" else "inline"
    body = {**thing, "disposition": disposition, **({"purpose": purpose} if purpose else {})}
    try:
        link = await calls.post(f"{_documents(case_id)}/links", form.key, body, visit.token)
    except Declined as error:
        if "purposes" not in error.problem:
            raise
        shown = {"case_id": case_id, "disposition": disposition, "purposes": error.problem["purposes"]}
        if not purpose:  # nobody has been asked yet
            return page(request, "purpose.html", **shown)
        return refused(request, "purpose.html", error.problem, typed=form.typed(), **shown)
    return RedirectResponse(link["path"], status_code=303)


@router.post("/cases/{case_id}/files/{file_id}/identity")
async def mark(request: Request, visit: Visiting, case_id: UUID, file_id: UUID, form: StaffForm) -> Response:
    """Say that a file is an identity paper, or why it is none."""
    is_one = form.text("identity") == "yes"
    body = {"identity": is_one, **({} if is_one else form.chosen(("reason",)))}
    try:
        calls = resources.of(runtime_of(request)).calls
        await calls.replace(f"{_documents(case_id)}/files/{file_id}/identity", body, visit.token)
    except Declined as error:
        return await declined(request, visit, case_id, "mark", error.problem)
    return RedirectResponse(
        f"{STAFF}/cases/{case_id}?done=identity-{'marked' if is_one else 'lifted'}", status_code=303
    )
