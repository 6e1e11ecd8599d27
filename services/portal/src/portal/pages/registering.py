"""The page on which a clerk registers a petition that came by letter, visit, call or another channel."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from portal import resources
from portal.calls import Declined
from portal.choices import units_near
from portal.deciding import moment, whole
from portal.forms import Form, StaffForm, key_after
from portal.pages.public import person_in, regions_of
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import Visiting, runtime_of, staff

router = APIRouter(
    prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff("clerk", "handler")]
)
PLAIN = ("channel", "kind", "title", "content", "category", "about_region")
REPRESENTATIVES = 5  # Art 20: a group is spoken for by at most five


def _choices(request: Request, visit: Visit) -> dict[str, Any]:
    units = resources.of(runtime_of(request)).units
    return {"regions": regions_of(request), "units": units_near(units, visit.account, [visit.account.unit])}


@router.get("/register")
async def register_form(request: Request, visit: Visiting) -> Response:
    return page(request, "register.html", more_people=False, **_choices(request, visit))


@router.post("/register")
async def register(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """Register at the person's own unit. The receipt is this answer itself: see petitioning on the public page."""
    calls, rows = resources.of(runtime_of(request)).calls, _filled_rows(form)
    try:
        receipt = await calls.post("/api/intake/v1/petitions", form.key, _body(form, rows), visit.token)
    except Declined as error:
        problem = _as_typed(error.problem, rows)
        return refused(
            request,
            "register.html",
            problem,
            typed=form.typed(),
            key=key_after(form, problem),
            more_people=any(row > 0 for row in rows),
            **_choices(request, visit),
        )
    return page(request, "receipt.html", receipt=receipt, by_staff=True)


def _filled_rows(form: Form) -> list[int]:
    """Which petitioner rows hold anything."""
    return [row for row in range(REPRESENTATIVES) if person_in(form, f"petitioners.{row}")]


def _body(form: Form, rows: list[int]) -> dict[str, Any]:
    people = [person_in(form, f"petitioners.{row}") for row in rows]
    body: dict[str, Any] = {**form.chosen(PLAIN), "petitioners": people, "accused_units": form.every("accused_units")}
    if received := form.text("received_at"):
        body["received_at"] = moment(received)
    if route := form.text("route"):
        body["route"] = whole(route)
    return body


def _as_typed(problem: dict[str, Any], rows: list[int]) -> dict[str, Any]:
    """Errors named by the row that was typed: empty rows above it were not sent."""

    def typed(field: str) -> str:
        parts = field.removeprefix("body.").split(".")
        if parts[0] == "petitioners" and len(parts) > 2 and parts[1].isdigit() and int(parts[1]) < len(rows):
            parts[1] = str(rows[int(parts[1])])
        return ".".join(parts)

    return {**problem, "errors": [{**item, "field": typed(item["field"])} for item in problem.get("errors", [])]}
