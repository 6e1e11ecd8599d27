"""The procedures (办理程序) that a petition of a kind can be given."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal import resources
from portal.rendering import page
from portal.routes import STAFF, PageRoute
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Route = Annotated[Literal["", "1", "2", "3", "4", "5", "6"], Query()]


@router.get("/procedures")
async def procedures(
    request: Request, visit: Visiting, kind: Literal["suggestion", "accusation", "appeal"] = "appeal", route: Route = ""
) -> Response:
    """route: of an appeal only (Art 31)."""
    asked: dict[str, Any] = {"kind": kind}
    if kind == "appeal":
        asked["route"] = route or "6"
    calls = resources.of(runtime_of(request)).calls
    found = await calls.get("/api/routing/v1/procedures", visit.token, params=asked)
    return page(request, "procedures.html", procedures=found, kind=kind, route=asked.get("route", ""))
