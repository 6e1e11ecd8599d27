"""Groups that came in person (集体访预警), as the tiers above see them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from contracts.regions import code_of
from portal import resources
from portal.rendering import page
from portal.routes import STAFF, PageRoute
from portal.titles import titles_of
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])


@router.get("/alarms")
async def alarms(request: Request, visit: Visiting, cursor: Annotated[str, Query(max_length=64)] = "") -> Response:
    held = resources.of(runtime_of(request))
    asked: dict[str, Any] = {"limit": held.settings.rows_a_page, **({"cursor": cursor} if cursor else {})}
    found = await held.calls.get("/api/intake/v1/group-alarms", visit.token, params=asked)
    names = {entry.path: entry.name for entry in runtime_of(request).settings.directory}
    return page(
        request, "alarms.html", alarms=found["items"], more=found["next"], first=not cursor,
        titles=await titles_of(held.calls, visit.token, [each["petition_id"] for each in found["items"]]),
        place=lambda path: names.get(path) or code_of(path),
    )  # fmt: skip
