"""The petitioner's look-up of progress, and the rating (满意度评价) that follows the answer."""

import unicodedata
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from kit.auth import public
from portal import resources
from portal.calls import Declined, problem_of
from portal.forms import Form, PublicForm, key_after
from portal.rendering import page, refused
from portal.routes import PageRoute
from portal.visits import runtime_of

router = APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=[public()])
GIVEN = ("office", "unit", "comment")


@router.get("/progress")
async def progress_form(request: Request) -> Response:
    return page(request, "progress.html", status_of=None, code="")


@router.post("/progress")
async def progress(request: Request, form: PublicForm) -> Response:
    """Where a petition stands. The query code comes in the form's body and goes on in a header: no log shows it."""
    number, code = _codes(form)
    try:
        found = await _status(request, number, code)
    except Declined as error:
        return refused(request, "progress.html", error.problem, typed=form.typed(), status_of=None, code="")
    return page(request, "progress.html", typed={"number": number}, status_of=found, code=code)


@router.post("/rating")
async def rate(request: Request, form: PublicForm) -> Response:
    """Rate the petition office and the unit, apart; who is not satisfied is told how to ask for review, and until when.

    Number and query code come again in the form's body, from the page that showed the progress.
    """
    number, code = _codes(form)
    calls, given = resources.of(runtime_of(request)).calls, form.chosen(GIVEN)
    try:
        thanks = await calls.post(f"{_path(number, code)}/ratings", form.key, given, headers={"Query-Code": code})
    except Declined as error:
        return await _declined(request, form, error.problem)
    unhappy = "not" in (form.text("office"), form.text("unit"))
    return page(request, "rated.html", review=thanks["review"], unhappy=unhappy)


async def _declined(request: Request, form: Form, problem: dict[str, Any]) -> Response:
    """The progress as it stands now, with the rating that was typed; without it where the codes are not right."""
    number, code = _codes(form)
    try:
        found = await _status(request, number, code)
    except Declined:
        found, code = None, ""
    typed = {**form.typed(), "number": number, "query_code": ""}
    return refused(
        request, "progress.html", problem, typed=typed, key=key_after(form, problem), status_of=found, code=code
    )


def _path(number: str, code: str) -> str:
    """Raises Declined for what cannot be a number or a query code."""
    if not (number.isascii() and code.isascii() and 0 < len(number) <= 40 and 4 <= len(code) <= 32):
        raise Declined(problem_of("wrong-number-or-code"))
    return f"/api/intake/v1/public/petitions/{quote(number, safe='')}"


async def _status(request: Request, number: str, code: str) -> Any:
    calls = resources.of(runtime_of(request)).calls
    return await calls.get(_path(number, code) + "/status", headers={"Query-Code": code})


def _codes(form: Form) -> tuple[str, str]:
    return _plain(form.text("number")), _plain(form.text("query_code"))


def _plain(text: str) -> str:
    """As printed on the receipt: full-width characters, spaces, dashes and small letters are how people type it."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(character for character in folded if character not in " -\t")
