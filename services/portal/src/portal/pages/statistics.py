"""The figures of a region, each with its definition beside it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal import resources
from portal.rendering import page
from portal.routes import STAFF, PageRoute
from portal.visits import ANALYSTS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*ANALYSTS)])


@router.get("/statistics")
async def statistics(
    request: Request, visit: Visiting, region: Annotated[str, Query(pattern=r"^[0-9.]{2,20}$")] = ""
) -> Response:
    """region: dotted path; the person's own when none is asked for."""
    asked = region or visit.account.region
    calls = resources.of(runtime_of(request)).calls
    found = await calls.get("/api/analytics/v1/statistics", visit.token, params={"region": asked})
    return page(request, "statistics.html", region=asked, figures=found, region_name=_names(request))


def _names(request: Request) -> dict[str, str]:
    """Names of regions by dotted path: of those that have a node."""
    return {entry.path: entry.name for entry in runtime_of(request).settings.directory}
