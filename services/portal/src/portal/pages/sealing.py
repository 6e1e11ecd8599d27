"""Official papers (用印): how one stands, asking for the seal with the password, the PDF; the register of numbers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.calls import Declined
from portal.confirming import unless_confirmed
from portal.forms import StaffForm, key_after
from portal.pages.files import passed_on
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
MOST = 200
Cursor = Annotated[str, Query(max_length=64)]
UnitCode = Annotated[str, Query(max_length=64)]


def _of(case_id: UUID, paper_id: UUID, what: str) -> str:
    return f"/api/documents/v1/petitions/{case_id}/papers/{paper_id}/{what}"


async def _content(request: Request, visit: Visit, case_id: UUID, paper_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    calls = resources.of(runtime_of(request)).calls
    state = await calls.get(_of(case_id, paper_id, "seal"), visit.token)
    path = f"/api/documents/v1/petitions/{case_id}/sealed-papers"
    sealed = (await calls.get(path, visit.token, params={"limit": MOST}))["items"]
    return {
        "case_id": case_id,
        "paper_id": str(paper_id),
        "state": state,
        "sealed": sealed,
        "correctable": [each for each in sealed if each["superseded_by"] is None],
    }


@router.get("/cases/{case_id}/papers/{paper_id}/seal")
async def seal_page(request: Request, visit: Visiting, case_id: UUID, paper_id: UUID) -> Response:
    return page(request, "seal.html", **await _content(request, visit, case_id, paper_id))


@router.post("/cases/{case_id}/papers/{paper_id}/seal")
async def ask_for_seal(request: Request, visit: Visiting, case_id: UUID, paper_id: UUID, form: StaffForm) -> Response:
    """A leader has the unit's seal put on a paper, after giving the password again."""
    back = f"{STAFF}/cases/{case_id}/papers/{paper_id}/seal"
    if asked := await unless_confirmed(request, visit, form, "seal", case_id, back=back):
        return asked
    body = form.chosen(("supersedes", "reason"))
    try:
        await resources.of(runtime_of(request)).calls.post(_of(case_id, paper_id, "seal"), form.key, body, visit.token)
    except Declined as error:
        content = await _content(request, visit, case_id, paper_id)
        content |= {"typed": form.typed(), "key": key_after(form, error.problem)}
        return refused(request, "seal.html", error.problem, **content)
    return RedirectResponse(back, status_code=303)


@router.get("/cases/{case_id}/papers/{paper_id}/sealed")
async def official(request: Request, visit: Visiting, case_id: UUID, paper_id: UUID) -> Response:
    """The sealed PDF; documents records the reading."""
    return await passed_on(request, visit, _of(case_id, paper_id, "sealed"))


@router.get("/numbers")
async def numbers(request: Request, visit: Visiting, unit: UnitCode = "", cursor: Cursor = "") -> Response:
    """The register of numbers of a unit, by default the own."""
    calls = resources.of(runtime_of(request)).calls
    asked = {"unit": unit or visit.account.unit, "limit": 50, **({"cursor": cursor} if cursor else {})}
    found = await calls.get("/api/documents/v1/numbers", visit.token, params=asked)
    return page(request, "numbers.html", rows=found["items"], more=found["next"], unit=asked["unit"])
