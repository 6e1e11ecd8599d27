"""Repeats of a petition: the chain it stands in, what may be the same, linking and unlinking."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.calls import Declined
from portal.forms import StaffForm, key_after
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
LINKING = frozenset({"clerk", "handler"})
Change = Literal["link-repeat", "unlink-repeat"]
TAKES = {"link-repeat": ("repeat_of", "reason"), "unlink-repeat": ("reason",)}


async def _content(request: Request, visit: Visit, case_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    calls, petition = resources.of(runtime_of(request)).calls, f"/api/intake/v1/petitions/{case_id}"
    links = await calls.get(f"{petition}/links", visit.token)
    proposals = await calls.get(f"{petition}/candidates", visit.token)
    known = {each["petition_id"] for each in (*links["chain"], *links["members"])}
    return {
        "case_id": case_id,
        "links": links,
        "proposals": [each for each in proposals if each["petition_id"] not in known],
        "may_link": bool(LINKING & set(visit.account.roles)),
        "open_form": None,
        "done": None,
    }


@router.get("/cases/{case_id}/links")
async def links_page(
    request: Request, visit: Visiting, case_id: UUID, done: Annotated[str, Query(max_length=32)] = ""
) -> Response:
    return page(request, "links.html", **{**await _content(request, visit, case_id), "done": done})


@router.post("/cases/{case_id}/links/{change}")
async def change_links(request: Request, visit: Visiting, case_id: UUID, change: Change, form: StaffForm) -> Response:
    """Where another node registered the petition, that node is asked: the answer shows the links as they still are."""
    calls = resources.of(runtime_of(request)).calls
    path = f"/api/intake/v1/petitions/{case_id}/{change}"
    try:
        links = await calls.post(path, form.key, form.chosen(TAKES[change]), visit.token)
    except Declined as error:
        content = {**await _content(request, visit, case_id), "open_form": change}
        key = key_after(form, error.problem)
        return refused(request, "links.html", error.problem, typed=form.typed(), key=key, **content)
    linked = links["repeat_of"] is not None
    done = change if linked == (change == "link-repeat") else "asked"
    return RedirectResponse(f"{STAFF}/cases/{case_id}/links?done={done}", status_code=303)
