"""Asking something of another unit about a case: one form for each kind."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from kit.errors import Refused
from portal import resources
from portal.asking import ASKS, DATED, asked_in, open_to
from portal.calls import Declined, renamed
from portal.choices import units_near
from portal.forms import StaffForm, key_after
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.titles import titles_of
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])


async def _content(request: Request, visit: Visit, case_id: UUID, name: str) -> dict[str, Any]:
    """Raises Declined; Refused for a form that is not offered."""
    held = resources.of(runtime_of(request))
    case = await held.calls.get(f"/api/routing/v1/cases/{case_id}", visit.token)
    if name not in open_to(visit.account, case, held.units):
        raise Refused("not-found")
    titles = await titles_of(held.calls, visit.token, [str(case_id)])
    return {
        "case": case,
        "case_id": case_id,
        "name": name,
        "ask": ASKS[name],
        "dated": name in DATED,
        "title": titles.get(str(case_id)),
        "units": units_near(held.units, visit.account, [visit.account.unit], case["accused_units"]),
    }


@router.get("/cases/{case_id}/ask/{name}")
async def ask_form(request: Request, visit: Visiting, case_id: UUID, name: str) -> Response:
    return page(request, "ask.html", **await _content(request, visit, case_id, name))


@router.post("/cases/{case_id}/ask/{name}")
async def ask(request: Request, visit: Visiting, case_id: UUID, name: str, form: StaffForm) -> Response:
    if name not in ASKS:
        raise Refused("not-found")
    calls = resources.of(runtime_of(request)).calls
    try:
        await calls.post(f"/api/routing/v1/cases/{case_id}/{name}", form.key, asked_in(form, name), visit.token)
    except Declined as error:
        content = await _content(request, visit, case_id, name)
        problem = renamed(error.problem, {f"body.to_units.{place}": "body.to_units" for place in range(20)})
        return refused(request, "ask.html", problem, typed=form.typed(), key=key_after(form, problem), **content)
    return RedirectResponse(f"{STAFF}/cases/{case_id}?done={name}", status_code=303)
