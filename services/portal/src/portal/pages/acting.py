"""Acting on a case: each form of the case page becomes one call, fenced by the version that was seen."""

import asyncio
import time
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.calls import Calls, Declined
from portal.forms import Form, StaffForm
from portal.pages.case import declined
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff
from portal.wording import at_china_clock

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Action = Literal["transfer", "assign", "receive", "return", "withdraw", "accept", "close"]
FIELDS = ("to_unit", "due_at", "reason", "note")
OPINION = ("request", "facts", "outcome", "opinion", "legal_basis")
PAPER_KNOWN_WITHIN = 5.0  # seconds until routing has heard of a paper that documents has just filed


@router.post("/cases/{case_id}/write-opinion")
async def write_opinion(request: Request, visit: Visiting, case_id: UUID, form: StaffForm) -> Response:
    """File the paper, then record the opinion. Sent again after half of it failed, the paper is the same one."""
    calls = resources.of(runtime_of(request)).calls
    papers = f"/api/documents/v1/petitions/{case_id}/papers"
    try:
        body = {"kind": "opinion", **form.chosen(OPINION)}
        paper = await calls.post(papers, f"{form.key}.paper", body, visit.token)
        decision = {"version": _version(form), "outcome": form.text("outcome"), "paper_id": paper["paper_id"]}
        await _recorded(calls, f"/api/routing/v1/cases/{case_id}/write-opinion", form, decision, visit)
    except Declined as error:
        return await declined(request, visit, case_id, "write-opinion", error.problem, form.typed())
    return _done(case_id, "write-opinion")


async def _recorded(calls: Calls, path: str, form: Form, decision: dict[str, Any], visit: Visit) -> None:
    """Ask until routing knows the paper: documents tells it by an event. Raises Declined."""
    deadline = time.monotonic() + PAPER_KNOWN_WITHIN
    while True:
        try:
            await calls.post(path, f"{form.key}.case", decision, visit.token)
        except Declined as error:
            if not error.problem["type"].endswith(":paper-missing") or time.monotonic() > deadline:
                raise
        else:
            return
        await asyncio.sleep(0.15)


@router.post("/cases/{case_id}/{action}")
async def act(request: Request, visit: Visiting, case_id: UUID, action: Action, form: StaffForm) -> Response:
    """One of routing's actions."""
    calls = resources.of(runtime_of(request)).calls
    try:
        body = {"version": _version(form), **_given(form)}
        await calls.post(f"/api/routing/v1/cases/{case_id}/{action}", form.key, body, visit.token)
    except Declined as error:
        return await declined(request, visit, case_id, action, error.problem, form.typed())
    return _done(case_id, action)


def _version(form: Form) -> int | str:
    """The version of the case on the page the person saw; what is no number is left to routing to refuse."""
    text = form.text("version")
    return int(text) if text.isdecimal() and len(text) < 20 else text


def _given(form: Form) -> dict[str, str]:
    given = form.chosen(FIELDS)
    if "due_at" in given:
        try:
            given["due_at"] = at_china_clock(given["due_at"])
        except ValueError:  # routing refuses what is no moment, and names the field
            return given
    return given


def _done(case_id: UUID, action: str) -> Response:
    return RedirectResponse(f"{STAFF}/cases/{case_id}?done={action}", status_code=303)
