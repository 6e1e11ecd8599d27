"""What petitioners see first: the start page, and the petition form with its receipt."""

from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.responses import Response

from contracts.regions import code_of
from kit.auth import public
from kit.paths import lies_in
from portal import resources
from portal.calls import Declined
from portal.forms import Form, PublicForm, key_after
from portal.rendering import HEADERS, STATIC, page, refused
from portal.routes import PageRoute
from portal.visits import runtime_of

router = APIRouter(route_class=PageRoute, include_in_schema=False, dependencies=[public()])
PERSON = ("name", "id_number", "phone", "address")


@router.get("/")
async def home(request: Request) -> Response:
    return page(request, "home.html", text_number=resources.of(runtime_of(request)).settings.text_number)


@router.get("/static/{name}")
async def static(name: Literal["portal.css", "icon.svg", "verify.js", "uploads.js"]) -> Response:
    """Their address carries a digest, so browsers may keep them."""
    kept = {**HEADERS, "Cache-Control": "public, max-age=31536000, immutable"}
    return FileResponse(STATIC / name, headers=kept)


def regions_of(request: Request) -> list[tuple[str, str]]:
    """(12-digit code, name) of the regions of this node's subtree that have a node of their own."""
    settings, known = runtime_of(request).settings, resources.of(runtime_of(request)).units.regions
    return [
        (code_of(entry.path), entry.name)
        for entry in sorted(settings.directory, key=lambda entry: entry.path)
        if entry.path in known and lies_in(entry.path, settings.node.path)
    ]


@router.get("/petition")
async def petition_form(request: Request) -> Response:
    return page(request, "petition.html", regions=regions_of(request))


@router.post("/petition")
async def petition(request: Request, form: PublicForm) -> Response:
    """Register what a citizen wrote.

    The receipt is this answer itself, not a page to be asked for by address: the query code is in no address, and
    a reload sends the same key and shows the same receipt.
    """
    body = {**form.chosen(("kind", "title", "content", "about_region")), "petitioner": person_in(form, "petitioner")}
    try:
        receipt = await resources.of(runtime_of(request)).calls.post("/api/intake/v1/public/petitions", form.key, body)
    except Declined as error:
        return refused(
            request,
            "petition.html",
            error.problem,
            strip="body.",
            typed=form.typed(),
            regions=regions_of(request),
            key=key_after(form, error.problem),
        )
    return page(request, "receipt.html", receipt=receipt, by_staff=False)


def person_in(form: Form, row: str) -> dict[str, str]:
    """What was typed of one person, whose fields are named `<row>.<part>`."""
    return {part: text for part in PERSON if (text := form.text(f"{row}.{part}"))}
