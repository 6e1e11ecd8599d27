"""The register of what units ask of each other (督办台账), and the page of one request."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.asking import STEPS, step_in
from portal.calls import Declined
from portal.forms import StaffForm, key_after
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.titles import titles_of
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Word = Annotated[str, Query(max_length=32)]
Cursor = Annotated[str, Query(max_length=64)]
Step = Literal["receive", "answer", "close", "return", "cancel"]


@router.get("/requests")
async def register(
    request: Request, visit: Visiting, direction: Word = "", kind: Word = "", status: Word = "", cursor: Cursor = "", *,
    overdue: bool = False,
) -> Response:  # fmt: skip
    held = resources.of(runtime_of(request))
    chosen = {"direction": direction, "kind": kind, "status": status, "overdue": "true" if overdue else ""}
    chosen = {name: value for name, value in chosen.items() if value}
    asked = {"limit": held.settings.rows_a_page, **chosen, **({"cursor": cursor} if cursor else {})}
    found = await held.calls.get("/api/routing/v1/requests", visit.token, params=asked)
    titles = await titles_of(held.calls, visit.token, [each["case_id"] for each in found["items"]])
    return page(
        request, "requests.html", requests=found["items"], titles=titles, more=found["next"], chosen=chosen,
        first=not cursor,
    )  # fmt: skip


async def _content(request: Request, visit: Visit, request_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    calls = resources.of(runtime_of(request)).calls
    found = await calls.get(f"/api/routing/v1/requests/{request_id}", visit.token)
    titles = await titles_of(calls, visit.token, [found["case_id"]])
    possible = [each["action"] for each in found["actions"] if each["allowed"] and each["action"] in STEPS]
    return {
        "asked": found,
        "title": titles.get(found["case_id"]),
        "possible": possible,
        "refused_because": {each["action"]: each["reason"] for each in found["actions"] if not each["allowed"]},
        "open_form": possible[0] if len(possible) == 1 else None,
        "done": None,
    }


@router.get("/requests/{request_id}")
async def request_page(request: Request, visit: Visiting, request_id: UUID, done: Word = "") -> Response:
    return page(request, "request.html", **{**await _content(request, visit, request_id), "done": done})


@router.post("/requests/{request_id}/{step}")
async def act(request: Request, visit: Visiting, request_id: UUID, step: Step, form: StaffForm) -> Response:
    calls = resources.of(runtime_of(request)).calls
    try:
        path = f"/api/routing/v1/requests/{request_id}/{step}"
        await calls.post(path, form.key, step_in(form, step), visit.token)
    except Declined as error:
        content = {**await _content(request, visit, request_id), "open_form": step}
        key = key_after(form, error.problem)
        return refused(request, "request.html", error.problem, typed=form.typed(), key=key, **content)
    return RedirectResponse(f"{STAFF}/requests/{request_id}?done={step}", status_code=303)
