"""Bundles of pages (材料册) of a case: photographs sent one by one, put in order, filed as one PDF."""

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.calls import Declined
from portal.forms import StaffForm
from portal.rendering import HEADERS, page
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
WRITERS = frozenset({"clerk", "handler", "leader"})
# the script of this page sends files to this page's own forms, each again until it has arrived
WITH_SCRIPT = HEADERS["Content-Security-Policy"] + "; script-src 'self'; connect-src 'self'"
NO_PAGES = ("text/", "audio/", "video/", "application/zip", "application/x-zip")
BUSY = frozenset({"preparing", "filing"})
LEAF = re.compile(r"([0-9a-f-]{36}):(\d{1,5}):(0|90|180|270)", re.ASCII)
Number = Annotated[int, Path(ge=1, le=10_000)]


def _of_case(case_id: UUID) -> str:
    return f"/api/documents/v1/petitions/{case_id}"


def _writes(visit: Visit) -> bool:
    return bool(WRITERS & set(visit.account.roles))


async def _files(request: Request, visit: Visit, case_id: UUID) -> list[dict[str, Any]]:
    calls = resources.of(runtime_of(request)).calls
    found = await calls.get(f"{_of_case(case_id)}/files", visit.token, params={"limit": 200})
    return [file for file in found["items"] if not file["media_type"].startswith(NO_PAGES)]


async def _bundles(request: Request, visit: Visit, case_id: UUID, problem: dict[str, Any] | None = None) -> Response:
    calls = resources.of(runtime_of(request)).calls
    made = await calls.get(f"{_of_case(case_id)}/bundles", visit.token, params={"limit": 200})
    answer = page(
        request, "bundles.html", status=int(problem["status"]) if problem else 200, problem=problem, case_id=case_id,
        bundles=made["items"], files=await _files(request, visit, case_id), writes=_writes(visit),
    )  # fmt: skip
    answer.headers["Content-Security-Policy"] = WITH_SCRIPT
    return answer


@router.get("/cases/{case_id}/bundles")
async def bundles_page(request: Request, visit: Visiting, case_id: UUID) -> Response:
    return await _bundles(request, visit, case_id)


@router.post("/cases/{case_id}/bundles")
async def make(request: Request, visit: Visiting, case_id: UUID, form: StaffForm) -> Response:
    """A bundle of the chosen files, in the order in which they were sent. The script sends many ids as one field."""
    calls = resources.of(runtime_of(request)).calls
    file_ids = [each for chosen in form.every("file_id") for each in chosen.split()]
    try:
        made = await calls.post(f"{_of_case(case_id)}/bundles", form.key, {"file_ids": file_ids}, visit.token)
    except Declined as error:
        return await _bundles(request, visit, case_id, error.problem)
    return _to(case_id, made["bundle_id"])


def _to(case_id: UUID, bundle_id: object, part: str = "") -> Response:
    return RedirectResponse(f"{STAFF}/cases/{case_id}/bundles/{bundle_id}{part}", status_code=303)


async def _bundle(
    request: Request, visit: Visit, case_id: UUID, bundle_id: UUID, problem: dict[str, Any] | None = None,
    **more: Any,
) -> Response:  # fmt: skip
    calls = resources.of(runtime_of(request)).calls
    bundle = await calls.get(f"{_of_case(case_id)}/bundles/{bundle_id}", visit.token)
    leaves = [f"{leaf['file_id']}:{leaf['page']}:{leaf['rotation']}" for leaf in bundle["pages"]]
    names = {file["file_id"]: file["name"] for file in await _files(request, visit, case_id)}
    answer = page(
        request, "bundle.html", status=int(problem["status"]) if problem else 200, problem=problem, case_id=case_id,
        bundle=bundle, leaves=" ".join(leaves), names=names, writes=_writes(visit),
        **{"proposed": None, "left_out": 0, **more},
    )  # fmt: skip
    if bundle["state"] in BUSY:
        answer.headers["Refresh"] = "3"
    return answer


@router.get("/cases/{case_id}/bundles/{bundle_id}")
async def bundle_page(
    request: Request, visit: Visiting, case_id: UUID, bundle_id: UUID, *, propose: bool = False
) -> Response:
    """propose: with what its text seems to say for the registration form; asked for only then, for it is a reading."""
    if not propose:
        return await _bundle(request, visit, case_id, bundle_id)
    calls = resources.of(runtime_of(request)).calls
    found = await calls.get(f"{_of_case(case_id)}/bundles/{bundle_id}/proposal", visit.token)
    return await _bundle(request, visit, case_id, bundle_id, proposed=found["fields"], left_out=found["left_out"])


@router.post("/cases/{case_id}/bundles/{bundle_id}/pages")
async def arrange(request: Request, visit: Visiting, case_id: UUID, bundle_id: UUID, form: StaffForm) -> Response:
    """One button of one page: the whole list goes to documents, with the version the page was drawn from."""
    leaves, at = arranged(form.text("pages").split(), form.text("do"))
    body = {
        "version": form.text("version"),
        "pages": [
            {"file_id": found[1], "page": int(found[2]), "rotation": int(found[3])}
            for found in map(LEAF.fullmatch, leaves) if found
        ],
    }  # fmt: skip
    try:
        calls = resources.of(runtime_of(request)).calls
        await calls.replace(f"{_of_case(case_id)}/bundles/{bundle_id}/pages", body, visit.token)
    except Declined as error:
        return await _bundle(request, visit, case_id, bundle_id, error.problem)
    return _to(case_id, bundle_id, f"#page-{at}")


def arranged(leaves: list[str], do: str) -> tuple[list[str], int]:
    """The list after a button was pressed (up, down, turn, drop, and which page), and where that page is then."""
    what, _, place = do.partition(":")
    at = int(place) if place.isascii() and place.isdigit() and len(place) < 6 else 0
    if not 1 <= at <= len(leaves):
        return leaves, 1
    leaf = leaves.pop(at - 1)
    if what == "drop":
        return leaves, min(at, len(leaves))
    if what == "turn":
        start, _, rotation = leaf.rpartition(":")
        leaf = f"{start}:{(int(rotation) + 90) % 360}" if rotation.isdigit() else leaf
    to = min(max(at + {"up": -1, "down": 1}.get(what, 0), 1), len(leaves) + 1)
    leaves.insert(to - 1, leaf)
    return leaves, to


@router.post("/cases/{case_id}/bundles/{bundle_id}/filing")
async def file(request: Request, visit: Visiting, case_id: UUID, bundle_id: UUID, form: StaffForm) -> Response:
    body = {"version": form.text("version"), "name": form.text("name")}
    try:
        calls = resources.of(runtime_of(request)).calls
        await calls.post(f"{_of_case(case_id)}/bundles/{bundle_id}/filing", form.key, body, visit.token)
    except Declined as error:
        return await _bundle(request, visit, case_id, bundle_id, error.problem)
    return _to(case_id, bundle_id)


@router.get("/cases/{case_id}/bundles/{bundle_id}/thumbnails/{file_id}/{number}")
async def thumbnail(
    request: Request, visit: Visiting, case_id: UUID, bundle_id: UUID, file_id: UUID, number: Number
) -> Response:
    """A small picture that documents drew itself."""
    calls = resources.of(runtime_of(request)).calls
    path = f"{_of_case(case_id)}/bundles/{bundle_id}/files/{file_id}/pages/{number}/thumbnail"
    async with calls.stream(path, visit.token) as answer:
        return Response(await answer.aread(), headers=HEADERS, media_type="image/jpeg")
