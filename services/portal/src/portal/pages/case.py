"""The page of one case: petition, timeline, what may be done now, files and papers, messages to the petitioner."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal import casefile, resources
from portal.calls import Declined
from portal.choices import units_near
from portal.forms import StaffForm
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])


async def content_of(request: Request, visit: Visit, case_id: UUID) -> dict[str, Any]:
    """What the template needs. Raises Declined."""
    held = resources.of(runtime_of(request))
    file = await casefile.read(held.calls, visit.token, case_id)
    case = file.case.found
    out = {visit.account.unit, *([case["holder_unit"], *case["accused_units"]] if case else [])}
    return {
        "case_id": case_id,
        "file": file,
        "case": case,
        "petition": file.petition.found,
        "allowed": [item["action"] for item in case["actions"] if item["allowed"]] if case else [],
        "units": units_near(held.units, visit.account, out),
        "new_file_id": runtime_of(request).ids.new(),
        "people": None,
        "done": None,
        "open_form": None,
    }


@router.get("/cases/{case_id}")
async def case_page(
    request: Request, visit: Visiting, case_id: UUID, done: Annotated[str, Query(max_length=32)] = ""
) -> Response:
    """done: the action that led here, to be told."""
    return page(request, "case.html", **{**await content_of(request, visit, case_id), "done": done})


@router.post("/cases/{case_id}/identity")
async def reveal_identity(request: Request, visit: Visiting, case_id: UUID, form: StaffForm) -> Response:
    """Who the petitioner is, for a stated purpose; intake records the reading. Shown once, in this answer only."""
    calls = resources.of(runtime_of(request)).calls
    path = f"/api/intake/v1/petitions/{case_id}/identity-readings"
    try:
        people = await calls.post(path, form.key, {"purpose": form.text("purpose")}, visit.token)
    except Declined as error:
        return await declined(request, visit, case_id, "identity", error.problem, form.typed())
    return page(request, "case.html", **{**await content_of(request, visit, case_id), "people": people})


async def declined(
    request: Request, visit: Visit, case_id: UUID, form_name: str, problem: dict[str, Any], typed: dict[str, Any]
) -> Response:
    """The case as it stands now, with the form that was refused open and filled."""
    content = {**await content_of(request, visit, case_id), "open_form": form_name, "typed": typed}
    return refused(request, "case.html", problem, **content)
