"""The page of one case: time limits, petition, timeline, what may be done now, files and papers, messages."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal import casefile, confirming, resources
from portal.actions import Menu, menu_of
from portal.asking import open_to
from portal.calls import Declined
from portal.casefile import CaseFile
from portal.choices import units_near
from portal.confirming import unless_confirmed
from portal.forms import Form, StaffForm, key_after
from portal.limits import limits_of
from portal.rendering import page, refused, wording_of
from portal.routes import STAFF, PageRoute
from portal.timeline import steps_of
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Word = Annotated[str, Query(max_length=32)]
WRITERS = frozenset({"handler", "leader"})
EXPORTERS = frozenset({"handler", "leader", "supervisor"})
DRAFTED = ("request", "facts", "opinion", "legal_basis", "outcome")


async def content_of(request: Request, visit: Visit, case_id: UUID) -> dict[str, Any]:
    """What the template needs. Raises Declined."""
    file = await casefile.read(resources.of(runtime_of(request)).calls, visit.token, case_id)
    return {
        "case_id": case_id,
        "file": file,
        "case": file.case.found,
        "petition": file.petition.found,
        "writes": bool(WRITERS & set(visit.account.roles)),
        "exports": bool(EXPORTERS & set(visit.account.roles)),
        "new_file_id": runtime_of(request).ids.new(),
        "people": None,
        "done": None,
        "open_form": None,
        **_of_case(request, visit, file),
    }


def _of_case(request: Request, visit: Visit, file: CaseFile) -> dict[str, Any]:
    """What is shown of the case itself; nothing of it while it is being opened."""
    case = file.case.found
    if case is None:
        nothing: dict[str, Any] = {"units": {}, "accusable": {}, "steps": [], "asks": []}
        return {"menu": Menu({}, [], {}), "running": [], "ended": [], **nothing}
    wording, runtime = wording_of(request), runtime_of(request)
    menu = menu_of(case["actions"], wording)
    running, ended = limits_of(case["clocks"], runtime.clock.now(), wording.language)
    directory, out = resources.of(runtime).units, {visit.account.unit, case["holder_unit"]}
    return {
        "menu": menu,
        "running": running,
        "ended": ended,
        "units": units_near(directory, visit.account, out, case["accused_units"]),
        "accusable": units_near(directory, visit.account, (), case["accused_units"]) if menu.named("screen") else {},
        "steps": steps_of(case["timeline"], _here(file.papers.found)),
        "asks": list(open_to(visit.account, case, directory)),
    }


def _here(papers: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Papers that can be read: the rest is still coming from another node."""
    return [paper for paper in (papers or {"items": []})["items"] if paper["here"]]


@router.get("/cases/{case_id}")
async def case_page(
    request: Request, visit: Visiting, case_id: UUID, done: Word = "", form: Word = "", draft: UUID | None = None,
    lead: UUID | None = None,
) -> Response:  # fmt: skip
    """done: the action that led here, to be told; form: the one to be unfolded; draft: a paper whose text the form of
    the opinion begins with; lead: the case which the form of merging names.
    """
    content = {**await content_of(request, visit, case_id), "done": done, "open_form": form}
    if lead is not None:
        content |= {"open_form": "merge", "typed": {"lead": str(lead)}}
    if draft is not None:
        path = f"/api/documents/v1/petitions/{case_id}/papers/{draft}"
        paper = await resources.of(runtime_of(request)).calls.get(path, visit.token)
        content |= {"open_form": "submit", "typed": {name: paper.get(name, "") for name in DRAFTED}}
    return page(request, "case.html", **content)


@router.post("/cases/{case_id}/identity")
async def reveal_identity(request: Request, visit: Visiting, case_id: UUID, form: StaffForm) -> Response:
    """Who the petitioner is, for a stated purpose; intake records the reading. Shown once, in this answer only."""
    if asked := await unless_confirmed(request, visit, form, confirming.IDENTITY, case_id):
        return asked
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
