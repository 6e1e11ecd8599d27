"""What the office has made public, for everybody: a list and a page each, which others may keep for a minute."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kit.auth import public
from portal.pages.drafting import calls_of
from portal.pages.files import handed_on
from portal.rendering import page, wording_of
from portal.routes import PageRoute

router = APIRouter(prefix="/publications", route_class=PageRoute, include_in_schema=False, dependencies=[public()])
API = "/api/documents/v1/public/publications"
SECONDS = 60  # what is withdrawn is out of sight everywhere after that
Cursor = Annotated[str, Query(max_length=64)]
Kind = Annotated[str, Query(pattern=r"^[a-z-]{0,32}$")]


def _kept(request: Request, answer: Response) -> Response:
    """The same for all whose cookies are the same (the language is one), and none is set: there is no form here."""
    if "lang" not in request.query_params:
        answer.headers.update({"Cache-Control": f"public, max-age={SECONDS}", "Vary": "Cookie"})
        del answer.headers["Set-Cookie"]
    return answer


@router.get("")
async def published(request: Request, kind: Kind = "", cursor: Cursor = "") -> Response:
    asked = {"limit": 20, **({"kind": kind} if kind else {}), **({"cursor": cursor} if cursor else {})}
    found = await calls_of(request).get(API, params=asked)
    kinds = wording_of(request).choices("publication_kind")
    answer = page(
        request, "published.html", rows=found["items"], more=found["next"], first=not cursor, kind=kind, kinds=kinds
    )  # fmt: skip
    return _kept(request, answer)


@router.get("/{publication_id}")
async def published_page(request: Request, publication_id: UUID) -> Response:
    found: dict[str, Any] = await calls_of(request).get(f"{API}/{publication_id}")
    return _kept(request, page(request, "published-one.html", publication=found))


@router.get("/{publication_id}/paper")
async def published_paper(request: Request, publication_id: UUID) -> Response:
    """The sealed paper that goes with it, as PDF."""
    return await handed_on(request, None, f"{API}/{publication_id}/paper")
