"""The page of one case: time limits, petition, timeline, what may be done now, files and papers, messages."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal import casefile, resources
from portal.actions import Menu, menu_of
from portal.calls import Declined
from portal.choices import units_near
from portal.forms import Form, StaffForm, key_after
from portal.limits import limits_of
from portal.rendering import page, refused, wording_of
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Word = Annotated[str, Query(max_length=32)]
DRAFTED = ("request", "facts", "opinion", "legal_basis", "outcome")


async def content_of(request: Request, visit: Visit, case_id: UUID) -> dict[str, Any]:
    """What the template needs. Raises Declined."""
    held = resources.of(runtime_of(request))
    file = await casefile.read(held.calls, visit.token, case_id)
    return {
        "case_id": case_id,
        "file": file,
        "case": file.case.found,
        "petition": file.petition.found,
        "new_file_id": runtime_of(request).ids.new(),
        "people": None,
        "done": None,
        "open_form": None,
        **_of_case(request, visit, file.case.found),
    }


def _of_case(request: Request, visit: Visit, case: dict[str, Any] | None) -> dict[str, Any]:
    """What is shown of the case itself; nothing of it while it is being opened."""
    if case is None:
        return {"menu": Menu({}, [], {}), "running": [], "ended": [], "units": {}}
    wording, runtime = wording_of(request), runtime_of(request)
    running, ended = limits_of(case["clocks"], runtime.clock.now(), wording.language)
    directory, out = resources.of(runtime).units, {visit.account.unit, case["holder_unit"]}
    return {
        "menu": menu_of(case["actions"], wording),
        "running": running,
        "ended": ended,
        "units": units_near(directory, visit.account, out, case["accused_units"]),
    }


@router.get("/cases/{case_id}")
async def case_page(
    request: Request, visit: Visiting, case_id: UUID, done: Word = "", form: Word = "", draft: UUID | None = None
) -> Response:
    """done: the action that led here, to be told; form: the one to be unfolded; draft: a paper whose text the form of
    the opinion begins with.
    """
    content = {**await content_of(request, visit, case_id), "done": done, "open_form": form}
    if draft is not None:
        path = f"/api/documents/v1/petitions/{case_id}/papers/{draft}"
        paper = await resources.of(runtime_of(request)).calls.get(path, visit.token)
        content |= {"open_form": "submit", "typed": {name: paper.get(name, "") for name in DRAFTED}}
    return page(request, "case.html", **content)


@router.post("/cases/{case_id}/identity")
async def reveal_identity(request: Request, visit: Visiting, case_id: UUID, form: StaffForm) -> Response:
    """Who the petitioner is, for a stated purpose; intake records the reading. Shown once, in this answer only."""
    calls = resources.of(runtime_of(request)).calls
    path = f"/api/intake/v1/petitions/{case_id}/identity-readings"
    try:
        people = await calls.post(path, form.key, {"purpose": form.text("purpose")}, visit.token)
    except Declined as error:
        return await declined(request, visit, case_id, "identity", error.problem, form)
    return page(request, "case.html", **{**await content_of(request, visit, case_id), "people": people})


async def declined(
    request: Request, visit: Visit, case_id: UUID, form_name: str, problem: dict[str, Any], form: Form | None = None
) -> Response:
    """The case as it stands now, with the form that was refused open and filled. Sent again, it keeps its key."""
    content = {**await content_of(request, visit, case_id), "open_form": form_name}
    if form is not None:
        content |= {"typed": form.typed(), "key": key_after(form, problem)}
    return refused(request, "case.html", problem, **content)
