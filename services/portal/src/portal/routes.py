"""The route class of pages: whatever is refused or fails is told as a page, not as JSON."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse, Response

from kit import problems
from kit.errors import Refused
from portal.calls import Declined, problem_of
from portal.rendering import page

STAFF = "/staff"


class PageRoute(APIRoute):
    """Maps errors as the kit does, and shows the problem to a person."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await answer(request)
            except Exception as error:  # noqa: BLE001 - mapped and logged by the kit's own handlers
                return await _told(request, error)

        return handler


async def _told(request: Request, error: Exception) -> Response:
    problem = await _problem_of(request, error)
    if problem["status"] == 401 and request.url.path.startswith(STAFF):
        return sign_in_first(request)
    return page(request, "problem.html", status=problem["status"], problem=problem)


async def _problem_of(request: Request, error: Exception) -> dict[str, Any]:
    if isinstance(error, Declined):
        return error.problem
    if isinstance(error, RequestValidationError):
        # a page's address holds ids and filters only: one that is malformed leads nowhere
        return problem_of("not-found")
    return await problems.told(request, error)


def sign_in_first(request: Request) -> Response:
    """To the sign-in page, and back to the page that was asked for when it can be asked for again."""
    back = request.url.path if request.method == "GET" else STAFF
    return RedirectResponse(f"/sign-in?next={quote(back)}", status_code=303)


def local(path: str) -> str:
    """A path of the staff pages, or their start: never a way to another site."""
    plain = path.startswith(f"{STAFF}/") and "//" not in path and "\\" not in path and path.isprintable()
    return path if plain else STAFF


def refused_by(error: Declined | Refused) -> dict[str, Any]:
    """The problem behind a refusal, wherever it was decided."""
    return error.problem if isinstance(error, Declined) else {**problem_of(error.slug), **error.facts}
