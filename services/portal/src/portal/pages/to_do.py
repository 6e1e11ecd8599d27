"""Where staff start: what their unit has to do, by the colour of its time limit."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.limits import LEVELS, days_left
from portal.rendering import page
from portal.routes import STAFF, PageRoute
from portal.titles import titles_of
from portal.usecases import Visit
from portal.visits import ANALYSTS, READERS, Visiting, runtime_of, staff

COUNTED = 20  # opinions that wait for this person: of more it is only said that there are

router = APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=[staff()])


@router.get(STAFF)
async def start(request: Request, visit: Visiting, cursor: Annotated[str, Query(max_length=100)] = "") -> Response:
    """The page this person works on."""
    roles = set(visit.account.roles)
    if roles & set(READERS):
        return await _to_do(request, visit, cursor)
    if roles & set(ANALYSTS):
        return RedirectResponse(f"{STAFF}/statistics", status_code=303)
    return page(request, "no-work.html")


async def _to_do(request: Request, visit: Visit, cursor: str) -> Response:
    """One list for each colour, the most pressing first. Raises Declined."""
    held, now = resources.of(runtime_of(request)), runtime_of(request).clock.now()
    asked = {"limit": held.settings.rows_to_do, **({"cursor": cursor} if cursor else {})}
    found, waiting = await asyncio.gather(
        held.calls.get("/api/routing/v1/to-do", visit.token, params=asked),
        held.calls.get("/api/routing/v1/approvals", visit.token, params={"limit": COUNTED}),
    )
    cases = found["items"]
    groups: dict[str, list[dict[str, Any]]] = {level: [] for level in LEVELS}
    for case in cases:
        groups[case["level"] if case["due_at"] else "none"].append(case)
    return page(
        request,
        "to-do.html",
        groups={level: found for level, found in groups.items() if found},
        titles=await titles_of(held.calls, visit.token, [case["id"] for case in cases]),
        left={case["id"]: days_left(case["due_at"], now) for case in cases},
        more=found["next"],
        first=not cursor,
        waiting=f"{len(waiting['items'])}{'+' if waiting['next'] else ''}" if waiting["items"] else "",
    )
