"""The figures of a region, each with its definition beside it."""

import asyncio
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal import resources
from portal.rendering import page
from portal.routes import STAFF, PageRoute
from portal.visits import ANALYSTS, Visiting, runtime_of, staff
from portal.wording import CHINA

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*ANALYSTS)])


CALLBACKS = ("asked", "answered", "satisfied", "fairly", "not_satisfied", "satisfaction")
Day = Annotated[date | None, Query()]


@router.get("/statistics")
async def statistics(
    request: Request, visit: Visiting, region: Annotated[str, Query(pattern=r"^[0-9.]{2,20}$")] = "", since: Day = None,
    until: Day = None,
) -> Response:  # fmt: skip
    """region: dotted path; the person's own when none is asked for. since, until: of the call-backs; this year up to
    today.
    """
    asked = region or visit.account.region
    calls = resources.of(runtime_of(request)).calls
    until = until or runtime_of(request).clock.now().astimezone(CHINA).date()
    period = {"since": (since or until.replace(month=1, day=1)).isoformat(), "until": until.isoformat()}
    found, callbacks = await asyncio.gather(
        calls.get("/api/analytics/v1/statistics", visit.token, params={"region": asked}),
        calls.get("/api/analytics/v1/callbacks", visit.token, params={"region": asked, **period}),
    )
    return page(
        request, "statistics.html", region=asked, figures=found, region_name=_names(request), callbacks=callbacks,
        callback_figures=CALLBACKS, period=period,
    )  # fmt: skip


def _names(request: Request) -> dict[str, str]:
    """Names of regions by dotted path: of those that have a node."""
    return {entry.path: entry.name for entry in runtime_of(request).settings.directory}
