"""Electronic dossiers (电子卷宗) of a case: asked for, made in the background, taken as PDF or as a signed archive."""

from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.calls import Declined
from portal.forms import StaffForm, key_after
from portal.pages.files import handed_on
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import Visiting, runtime_of, staff

EXPORTERS = ("handler", "leader", "supervisor")
router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*EXPORTERS)])
BUSY = frozenset({"waiting", "making"})


def _of(case_id: UUID, dossier_id: UUID | None = None, what: str = "") -> str:
    path = f"/api/documents/v1/petitions/{case_id}/dossiers"
    return path if dossier_id is None else f"{path}/{dossier_id}{what}"


async def _content(request: Request, visit: Visit, case_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    made = await resources.of(runtime_of(request)).calls.get(_of(case_id), visit.token)
    return {"case_id": case_id, "dossiers": made, "purposes": [], "wanted": None}


@router.get("/cases/{case_id}/dossiers")
async def dossiers_page(request: Request, visit: Visiting, case_id: UUID) -> Response:
    content = await _content(request, visit, case_id)
    answer = page(request, "dossiers.html", **content)
    if any(each["state"] in BUSY for each in content["dossiers"]):
        answer.headers["Refresh"] = "3"
    return answer


@router.post("/cases/{case_id}/dossiers")
async def make(request: Request, visit: Visiting, case_id: UUID, form: StaffForm) -> Response:
    """Have the whole case bound."""
    calls = resources.of(runtime_of(request)).calls
    try:
        await calls.post(_of(case_id), form.key, form.chosen(("purpose",)), visit.token)
    except Declined as error:
        content = {**await _content(request, visit, case_id), "typed": form.typed()}
        return refused(request, "dossiers.html", error.problem, key=key_after(form, error.problem), **content)
    return RedirectResponse(f"{STAFF}/cases/{case_id}/dossiers", status_code=303)


@router.post("/cases/{case_id}/dossiers/{dossier_id}/{form_of}")
async def take(
    request: Request, visit: Visiting, case_id: UUID, dossier_id: UUID, form_of: Literal["pdf", "zip"], form: StaffForm
) -> Response:
    """Download it; a purpose that must be stated travels in headers, for addresses end up in logs."""
    stated = {"Reading-Purpose": form.text("reading"), "Reading-Purpose-Words": quote(form.text("reading_words"))}
    path = _of(case_id, dossier_id, f"/content?form={form_of}")
    try:
        return await handed_on(request, visit.token, path, {name: value for name, value in stated.items() if value})
    except Declined as error:
        content = {
            **await _content(request, visit, case_id), "wanted": (str(dossier_id), form_of),
            "purposes": error.problem.get("purposes") or [],
        }  # fmt: skip
        return refused(request, "dossiers.html", error.problem, **content)
