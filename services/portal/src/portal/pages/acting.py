"""Acting on a case: each form of the case page becomes one call, fenced by the version that was seen."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from portal import confirming, resources
from portal.calls import Calls, Declined
from portal.confirming import unless_confirmed
from portal.deciding import body_of
from portal.forms import Form, StaffForm
from portal.pages.case import declined
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
# which actions there are is routing's to say: an unknown one leads nowhere there
Action = Annotated[str, Path(pattern=r"^[a-z]{2,20}(-[a-z]{2,20}){0,2}$")]
SECTIONS = ("request", "facts", "opinion", "legal_basis")


@router.post("/cases/{case_id}/submit")
async def submit(request: Request, visit: Visiting, case_id: UUID, form: StaffForm) -> Response:
    """File the opinion that was written, then send it for approval with the papers that were chosen.

    Sent again after half of it failed, the opinion is the same one.
    """
    held, decision = resources.of(runtime_of(request)), body_of(form, "submit")
    try:
        if form.chosen(SECTIONS) or not decision["papers"]:
            decision["papers"].append(await _filed(held.calls, case_id, form, visit))
        post = partial(held.calls.post, f"/api/routing/v1/cases/{case_id}/submit", f"{form.key}.case", decision)
        await _once_known(partial(post, visit.token), held.settings.paper_seconds)
    except Declined as error:
        return await declined(request, visit, case_id, "submit", error.problem, form)
    return _done(case_id, "submit")


async def _filed(calls: Calls, case_id: UUID, form: Form, visit: Visit) -> str:
    """The id of the opinion as documents keeps it. Raises Declined."""
    body = {"kind": "opinion", **form.chosen((*SECTIONS, "outcome"))}
    paper = await calls.post(f"/api/documents/v1/petitions/{case_id}/papers", f"{form.key}.paper", body, visit.token)
    filed: str = paper["paper_id"]
    return filed


async def _once_known(send: Callable[[], Awaitable[Any]], seconds: float) -> None:
    """Ask until routing knows the paper: documents tells it by an event. Raises Declined."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            await send()
        except Declined as error:
            if not paper_unknown(error.problem) or time.monotonic() > deadline:
                raise
        else:
            return
        await asyncio.sleep(0.15)


def paper_unknown(problem: dict[str, Any]) -> bool:
    """Whether all that keeps the opinion back is that routing has not heard of its paper yet."""
    slug = problem["type"].rpartition(":")[2]
    return slug == "paper-missing" or (
        slug == "incomplete" and problem.get("papers") == ["opinion"] and not problem.get("errors")
    )


@router.post("/cases/{case_id}/{action}")
async def act(request: Request, visit: Visiting, case_id: UUID, action: Action, form: StaffForm) -> Response:
    """One of routing's actions; the gravest ask for the password again."""
    if action in confirming.ACTIONS and (asked := await unless_confirmed(request, visit, form, action, case_id)):
        return asked
    calls, decision = resources.of(runtime_of(request)).calls, body_of(form, action)
    try:
        await calls.post(f"/api/routing/v1/cases/{case_id}/{action}", form.key, decision, visit.token)
    except Declined as error:
        return await declined(request, visit, case_id, action, error.problem, form)
    return _done(case_id, action)


def _done(case_id: UUID, action: str) -> Response:
    return RedirectResponse(f"{STAFF}/cases/{case_id}?done={action}", status_code=303)
