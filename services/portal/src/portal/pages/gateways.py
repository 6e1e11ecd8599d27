"""What the gateways of text messages truly brought (短信网关统计), by gateway and day."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal import resources
from portal.calls import Declined
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.visits import Visiting, runtime_of, staff

ROLES = ("clerk", "leader", "supervisor", "analyst")
router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*ROLES)])
API = "/api/notify/v1/gateway-statistics"
Day = Annotated[str, Query(max_length=10)]


def _asked(begins: str, ends: str) -> dict[str, str]:
    """Only what is a day: an address that somebody changed by hand leads to the days that are shown by default."""
    asked = {}
    for name, text in (("begins", begins), ("ends", ends)):
        try:
            asked[name] = date.fromisoformat(text).isoformat()
        except ValueError:
            continue
    return asked


@router.get("/gateways")
async def gateways(request: Request, visit: Visiting, begins: Day = "", ends: Day = "") -> Response:
    calls, asked = resources.of(runtime_of(request)).calls, _asked(begins, ends)
    try:
        found: dict[str, Any] = await calls.get(API, visit.token, params=asked)
    except Declined as error:
        if error.status != 422:
            raise
        found = await calls.get(API, visit.token)
        return refused(request, "gateways.html", error.problem, strip="query.", found=found, typed=asked)
    return page(request, "gateways.html", found=found, typed={"begins": found["begins"], "ends": found["ends"]})
