"""The public page behind the QR code of a sealed paper: is it genuine, and does it still stand."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from kit.auth import public
from portal import resources
from portal.calls import Declined
from portal.rendering import HEADERS, page
from portal.routes import PageRoute
from portal.visits import runtime_of

router = APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=[public()])
# the one script of the portal compares a file with the hash, in the browser: no file leaves it
WITH_SCRIPT = HEADERS["Content-Security-Policy"] + "; script-src 'self'"
UNKNOWN = frozenset({404, 422})


@router.get("/verify/{code}")
async def verify(request: Request, code: Annotated[str, Path(max_length=64)]) -> Response:
    """Whoever has the paper has the code; it is typed in whichever case."""
    paper: dict[str, Any] | None = None
    calls = resources.of(runtime_of(request)).calls
    try:
        if code.isalnum() and code.isascii():
            paper = await calls.get(f"/api/documents/v1/verifications/{code.upper()}")
    except Declined as error:
        if error.status not in UNKNOWN:
            raise
    answer = page(request, "verify.html", status=200 if paper else 404, paper=paper)
    answer.headers["Content-Security-Policy"] = WITH_SCRIPT
    return answer
