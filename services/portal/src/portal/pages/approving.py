"""Opinions that wait for this person's approval (待我审批): many decided at once, with one password and one note."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal import resources
from portal.calls import Declined, problem_of
from portal.confirming import unless_confirmed
from portal.deciding import whole
from portal.forms import Form, StaffForm, key_after
from portal.rendering import page, refused, wording_of
from portal.routes import STAFF, PageRoute
from portal.titles import titles_of
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
MOST = 100  # routing decides no more in one call
HERE = f"{STAFF}/approvals"
PATH = "/api/routing/v1/approvals"


async def _content(request: Request, visit: Visit, cursor: str = "") -> dict[str, Any]:
    """Raises Declined."""
    held = resources.of(runtime_of(request))
    asked = {"limit": min(held.settings.rows_to_do, MOST), **({"cursor": cursor} if cursor else {})}
    found = await held.calls.get(PATH, visit.token, params=asked)
    titles = await titles_of(held.calls, visit.token, [each["id"] for each in found["items"]])
    return {"waiting": found["items"], "titles": titles, "more": found["next"], "first": not cursor, "results": None}


@router.get("/approvals")
async def waiting(request: Request, visit: Visiting, cursor: Annotated[str, Query(max_length=100)] = "") -> Response:
    return page(request, "approvals.html", **await _content(request, visit, cursor))


@router.post("/approvals")
async def decide(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """What is chosen, each case by itself; then what became of each, and what still waits."""
    action, chosen = form.text("action"), _chosen(form)
    if action == "return-draft" and not form.text("note"):
        said = wording_of(request)("approvals.why")
        return await _again(request, visit, form, {**problem_of("invalid-input"), "errors": _error("note", said)})
    if not 1 <= len(chosen) <= MOST:
        said = wording_of(request)("approvals.choose", most=MOST)
        return await _again(request, visit, form, {**problem_of("invalid-input"), "errors": _error("case", said)})
    if asked := await unless_confirmed(request, visit, form, action, *chosen, back=HERE):
        return asked
    calls, note = resources.of(runtime_of(request)).calls, form.text("note")
    decisions = [
        {"case": str(case), "version": version, "action": action, "note": note} for case, version in chosen.items()
    ]
    try:
        answer = await calls.post(PATH, form.key, {"decisions": decisions}, visit.token)
    except Declined as error:
        return await _again(request, visit, form, error.problem)
    results = answer["results"]
    told = {
        "results": results, "done": answer["done"], "named": await titles_of(calls, visit.token, map(str, chosen)),
    }  # fmt: skip
    return page(request, "approvals.html", **{**await _content(request, visit), **told})


def _chosen(form: Form) -> dict[UUID, int | str]:
    """The cases that are ticked, each with the version that was seen. Raises Declined for what our page cannot send."""
    try:
        parts = [text.partition(".") for text in form.every("case")]
        return {UUID(case): whole(version) for case, _, version in parts}
    except ValueError:
        raise Declined(problem_of("form-expired")) from None


def _error(field: str, said: str) -> list[dict[str, str]]:
    return [{"field": field, "zh": said, "en": said}]


async def _again(request: Request, visit: Visit, form: Form, problem: dict[str, Any]) -> Response:
    """The list with what was ticked and typed, and what is wrong with it."""
    typed = {**form.typed(), "case": form.every("case")}
    content = await _content(request, visit)
    return refused(request, "approvals.html", problem, typed=typed, key=key_after(form, problem), **content)
