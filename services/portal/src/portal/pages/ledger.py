"""The ledger (台账): cases of the region, newest first, with who holds them and where they stand."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal import resources
from portal.rendering import page
from portal.routes import STAFF, PageRoute
from portal.titles import titles_of
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(
    prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)]
)  # fmt: skip


@router.get("/cases")
async def ledger(
    request: Request,
    visit: Visiting,
    state: Annotated[str, Query(max_length=32)] = "",
    cursor: Annotated[str, Query(max_length=64)] = "",
    *,
    mine: bool = False,
) -> Response:
    """mine: only what the unit of the person holds."""
    held = resources.of(runtime_of(request))
    asked: dict[str, Any] = {"limit": held.settings.rows_a_page}
    asked |= {name: value for name, value in (("state", state), ("cursor", cursor)) if value}
    if mine:
        asked["mine"] = "true"
    found = await held.calls.get("/api/routing/v1/cases", visit.token, params=asked)
    titles = await titles_of(held.calls, visit.token, [case["id"] for case in found["items"]])
    return page(
        request,
        "ledger.html",
        cases=found["items"],
        titles=titles,
        more=found["next"],
        state=state,
        mine=mine,
        first=not cursor,
    )
