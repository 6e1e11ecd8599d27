"""The page on which a clerk registers a petition that came by letter, visit, call or another channel."""

from collections.abc import Collection
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from portal import resources
from portal.calls import Calls, Declined, problem_of
from portal.choices import units_near
from portal.forms import StaffForm, key_after
from portal.pages.public import regions_of
from portal.registration import Registration, registration_of
from portal.rendering import page, refused, wording_of
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import Visiting, runtime_of, staff

router = APIRouter(
    prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff("clerk", "handler")]
)

NEEDED = ("channel", "kind", "title", "content")


def _choices(request: Request, visit: Visit) -> dict[str, Any]:
    units = resources.of(runtime_of(request)).units
    return {
        "regions": regions_of(request),
        "units": units_near(units, visit.account),
        "more_people": False,
        "proposals": [],
    }


@router.get("/register")
async def register_form(request: Request, visit: Visiting) -> Response:
    return page(request, "register.html", **_choices(request, visit))


@router.post("/register")
async def register(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """Register at the person's own unit, once the clerk has decided on the repeats that were found.

    The receipt is this answer itself: see petitioning on the public page.
    """
    calls, typed = resources.of(runtime_of(request)).calls, registration_of(form)
    if form.text("secret"):  # what is typed goes no further, and is not shown again
        return refused(request, "register.html", problem_of("secret-stays-out"), **_choices(request, visit))
    if typed.named:
        return _again(request, visit, typed, _misnamed(request, typed))
    proposals = await _proposed(calls, typed, visit)
    if proposals and not typed.repeat_of:
        return page(request, "register.html", **_filled(request, visit, typed, proposals), key=form.key)
    try:
        receipt = await calls.post("/api/intake/v1/petitions", form.key, typed.body, visit.token)
    except Declined as error:
        return _again(request, visit, typed, error.problem, proposals)
    kept = _kept(request, visit, typed.body.get("accused_units", ()))
    return page(request, "receipt.html", receipt=receipt, by_staff=True, kept=kept)


def _kept(request: Request, visit: Visit, accused: Collection[str]) -> bool:
    """Whether the unit of the person keeps but the receipt: it is accused, or below an accused one (Art 30)."""
    units = resources.of(runtime_of(request)).units
    unit = units.units.get(visit.account.unit)
    return unit is not None and units.is_kept_from(unit, accused)


async def _proposed(calls: Calls, typed: Registration, visit: Visit) -> list[dict[str, Any]]:
    """Earlier petitions that may be about the same. None when they cannot be looked for: registering goes first, and
    tells itself what is wrong with what was typed; they can be looked for later from the case.
    """
    try:
        found: list[dict[str, Any]] = await calls.post(
            "/api/intake/v1/petitions/candidates", f"{typed.form.key}.sought", typed.sought, visit.token
        )
    except Declined:
        return []
    return found


def _misnamed(request: Request, typed: Registration) -> dict[str, Any]:
    """Who raised it is not said, or twice; with all that is missing besides."""
    said = wording_of(request)(f"register.{typed.named}")
    missing = [{"field": name, "reason": "missing"} for name in NEEDED if not typed.form.text(name)]
    errors = [*missing, {"field": "anonymous", "zh": said, "en": said}]
    return {**problem_of("invalid-input"), "errors": errors}


def _filled(request: Request, visit: Visit, typed: Registration, proposals: list[dict[str, Any]]) -> dict[str, Any]:
    more = any(row > 0 for row in typed.rows) or bool(typed.lines)
    return {**_choices(request, visit), "typed": typed.form.typed(), "more_people": more, "proposals": proposals}


def _again(
    request: Request, visit: Visit, typed: Registration, problem: dict[str, Any],
    proposals: list[dict[str, Any]] | None = None,
) -> Response:  # fmt: skip
    """The form with what was typed and what is wrong with it."""
    filled = _filled(request, visit, typed, proposals or [])
    return refused(request, "register.html", typed.as_typed(problem), key=key_after(typed.form, problem), **filled)
