"""Who approves for a leader who is absent (代为审批): named, listed and ended by that leader."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal import resources, usecases
from portal.calls import Declined, renamed
from portal.deciding import moment
from portal.forms import StaffForm, key_after
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff("leader")])
DELEGATIONS = "/api/routing/v1/delegations"


async def _content(request: Request, visit: Visit) -> dict[str, Any]:
    """Raises Declined."""
    runtime = runtime_of(request)
    people = await usecases.colleagues(runtime, visit.account.unit)
    return {
        "delegations": await resources.of(runtime).calls.get(DELEGATIONS, visit.token),
        "people": [each for each in people if each.username != visit.account.username],
        "name_of": {each.username: each.name for each in people},
        "now": runtime.clock.now().isoformat(),
        "done": None,
    }


@router.get("/delegations")
async def delegations(request: Request, visit: Visiting, done: Annotated[str, Query(max_length=32)] = "") -> Response:
    return page(request, "delegations.html", **{**await _content(request, visit), "done": done})


@router.post("/delegations")
async def delegate(request: Request, visit: Visiting, form: StaffForm) -> Response:
    calls, body = resources.of(runtime_of(request)).calls, form.chosen(("to_subject", "since", "until"))
    body |= {name: moment(body[name]) for name in ("since", "until") if name in body}
    try:
        await calls.post(DELEGATIONS, form.key, body, visit.token)
    except Declined as error:
        problem = renamed(error.problem, {"body": "body.until"})  # what is wrong with both times together
        content, key = await _content(request, visit), key_after(form, problem)
        return refused(request, "delegations.html", problem, typed=form.typed(), key=key, **content)
    return RedirectResponse(f"{STAFF}/delegations?done=made", status_code=303)


@router.post("/delegations/{delegation_id}/end")
async def end(request: Request, visit: Visiting, delegation_id: UUID, form: StaffForm) -> Response:
    await resources.of(runtime_of(request)).calls.post(f"{DELEGATIONS}/{delegation_id}/end", form.key, {}, visit.token)
    return RedirectResponse(f"{STAFF}/delegations?done=ended", status_code=303)
