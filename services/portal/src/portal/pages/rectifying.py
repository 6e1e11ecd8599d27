"""What a unit has to put right after a quality review (整改): its answer, and what the reviewer says to it."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.calls import Declined
from portal.deciding import whole
from portal.forms import StaffForm, key_after
from portal.pages.quality import QUALITY
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff
from portal.wording import CHINA

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Cursor = Annotated[str, Query(max_length=64)]
Step = Literal["answers", "decisions"]


@router.get("/rectifications")
async def rectifications_page(
    request: Request, visit: Visiting, cursor: Cursor = "", *, every: bool = False
) -> Response:
    """Those that are not settled, or every one."""
    held = resources.of(runtime_of(request))
    asked = {
        "limit": held.settings.rows_a_page, **({} if every else {"open": "true"}),
        **({"cursor": cursor} if cursor else {}),
    }  # fmt: skip
    found = await held.calls.get(f"{QUALITY}/rectifications", visit.token, params=asked)
    return page(
        request, "rectifications.html", rows=found["items"], more=found["next"], first=not cursor, every=every,
        today=_today(request),
    )  # fmt: skip


def _today(request: Request) -> str:
    return runtime_of(request).clock.now().astimezone(CHINA).date().isoformat()


async def _content(request: Request, visit: Visit, rectification_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    calls = resources.of(runtime_of(request)).calls
    found = await calls.get(f"{QUALITY}/rectifications/{rectification_id}", visit.token)
    return {"order": found, "today": _today(request)}


@router.get("/rectifications/{rectification_id}")
async def rectification_page(request: Request, visit: Visiting, rectification_id: UUID) -> Response:
    return page(request, "rectification.html", **await _content(request, visit, rectification_id))


@router.post("/rectifications/{rectification_id}/{step}")
async def act(request: Request, visit: Visiting, rectification_id: UUID, step: Step, form: StaffForm) -> Response:
    """The unit answers, or the reviewer takes the answer or gives it back."""
    body: dict[str, Any] = {"version": whole(form.text("version")), **form.chosen(("text",))}
    if step == "decisions":
        body["accepted"] = form.text("accepted") == "yes"
    calls = resources.of(runtime_of(request)).calls
    try:
        await calls.post(f"{QUALITY}/rectifications/{rectification_id}/{step}", form.key, body, visit.token)
    except Declined as error:
        content = {**await _content(request, visit, rectification_id), "typed": form.typed()}
        return refused(request, "rectification.html", error.problem, key=key_after(form, error.problem), **content)
    return RedirectResponse(f"{STAFF}/rectifications/{rectification_id}", status_code=303)
