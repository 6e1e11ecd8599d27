"""Finding cases by what was read on their pages."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from portal import resources
from portal.calls import Declined
from portal.forms import StaffForm
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.titles import titles_of
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
NOTHING: dict[str, Any] = {"found": None, "titles": {}}


@router.get("/search")
async def search_page(request: Request) -> Response:
    return page(request, "search.html", **NOTHING)


@router.post("/search")
async def search(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """What is sought may be a name: it is in no address, so the answer is this page itself."""
    calls, text = resources.of(runtime_of(request)).calls, form.text("text")
    try:
        found = await calls.post("/api/documents/v1/search", form.key, {"text": text}, visit.token)
    except Declined as error:
        return refused(request, "search.html", error.problem, typed={"text": text}, **NOTHING)
    titles = await titles_of(calls, visit.token, [hit["petition_id"] for hit in found["hits"]])
    return page(request, "search.html", found=found, titles=titles, typed={"text": text})
