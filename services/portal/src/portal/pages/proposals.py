"""Proposals of supervision (督办建议): cause to supervise that an event or a person has seen, decided by a person."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.asking import SUPERVISING
from portal.calls import Declined
from portal.deciding import moment
from portal.forms import Form, StaffForm, key_after
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.titles import titles_of
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Word = Annotated[str, Query(max_length=32)]
Cursor = Annotated[str, Query(max_length=64)]
Decision = Literal["supervise", "dismiss"]


async def _content(request: Request, visit: Visit, cursor: str, *, decided: bool) -> dict[str, Any]:
    """Raises Declined."""
    held = resources.of(runtime_of(request))
    asked = {"limit": held.settings.rows_a_page, "decided": str(decided).lower()}
    asked |= {"cursor": cursor} if cursor else {}
    found = await held.calls.get("/api/routing/v1/proposals", visit.token, params=asked)
    return {
        "proposals": found["items"],
        "titles": await titles_of(held.calls, visit.token, [each["case_id"] for each in found["items"]]),
        "more": found["next"],
        "cursor": cursor,
        "decided": decided,
        "decides": bool(SUPERVISING & set(visit.account.roles)),
        "open_form": None,
        "done": None,
    }


@router.get("/proposals")
async def proposals(
    request: Request, visit: Visiting, cursor: Cursor = "", done: Word = "", *, decided: bool = False
) -> Response:
    content = await _content(request, visit, cursor, decided=decided)
    return page(request, "proposals.html", **{**content, "done": done})


@router.post("/proposals/{proposal_id}/{decision}")
async def decide(request: Request, visit: Visiting, proposal_id: UUID, decision: Decision, form: StaffForm) -> Response:
    calls = resources.of(runtime_of(request)).calls
    try:
        path = f"/api/routing/v1/proposals/{proposal_id}/{decision}"
        await calls.post(path, form.key, _body(form, decision), visit.token)
    except Declined as error:
        content = await _content(request, visit, form.text("cursor"), decided=False)
        key, opened = key_after(form, error.problem), f"{decision}-{proposal_id}"
        return refused(
            request, "proposals.html", error.problem, typed=form.typed(), key=key, **{**content, "open_form": opened}
        )
    return RedirectResponse(f"{STAFF}/proposals?done={decision}", status_code=303)


def _body(form: Form, decision: str) -> dict[str, Any]:
    if decision == "dismiss":
        return form.chosen(("reason",))
    body = form.chosen(("text", "due_at"))
    return {**body, "due_at": moment(body["due_at"])} if "due_at" in body else dict(body)
