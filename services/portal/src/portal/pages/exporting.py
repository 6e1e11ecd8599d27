"""The ledger as a file to be saved (导出台账): asked for with the password, in the words of the page."""

import csv
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

import httpx
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from kit.streaming import HeldResponse
from portal import resources
from portal.calls import Declined
from portal.confirming import LEDGER, unless_confirmed
from portal.forms import StaffForm
from portal.rendering import HEADERS, page, refused, wording_of
from portal.routes import STAFF, PageRoute
from portal.visits import READERS, Visiting, runtime_of, staff
from portal.wording import CHINA, Wording, deadline, moment

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
HERE = f"{STAFF}/export"
# column of routing's file -> how its values are written: by a vocabulary, or as a time
WORDS = {"channel": "channel", "kind": "kind", "state": "state", "stage": "stage", "outcome": "outcome"}
TIMES = {"registered_at": moment, "accepted_at": moment, "due_at": deadline, "served_at": moment, "closed_at": moment}
LONGEST = timedelta(minutes=10).total_seconds()
BOM = b"\xef\xbb\xbf"  # by which spreadsheets know that it is UTF-8


@router.get("/export")
async def form_page(
    request: Request, state: Annotated[str, Query(max_length=32)] = "", *, mine: bool = False
) -> Response:
    """state, mine: as the ledger was filtered."""
    return page(request, "export.html", state=state, mine=mine)


@router.post("/export")
async def export(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """The file, passed on line by line; routing records who took what."""
    runtime = runtime_of(request)
    if asked := await unless_confirmed(request, visit, form, LEDGER, runtime.ids.new(), back=HERE):
        return asked
    chosen = form.chosen(("state", "mine"))
    path = str(httpx.URL("/api/routing/v1/exports/cases", params=chosen))
    try:
        async with AsyncExitStack() as opened:
            answer = await opened.enter_async_context(resources.of(runtime).calls.stream(path, visit.token))
            held = opened.pop_all()
    except Declined as error:
        return refused(request, "export.html", error.problem, state=form.text("state"), mine=bool(form.text("mine")))
    day = runtime.clock.now().astimezone(CHINA).strftime("%Y%m%d")
    name = quote(wording_of(request)("export.file", day=day))
    return HeldResponse(
        _translated(answer, wording_of(request)), held, seconds=LONGEST, media_type="text/csv; charset=utf-8",
        headers={**HEADERS, "Content-Disposition": f"attachment; filename=cases-{day}.csv; filename*=UTF-8''{name}"},
    )  # fmt: skip


async def _translated(answer: httpx.Response, wording: Wording) -> AsyncIterator[bytes]:
    """Without texts that people typed no line is broken in two: each is a row."""
    columns: list[str] = []
    yield BOM
    async for line in answer.aiter_lines():
        (values,) = csv.reader([line])
        if not columns:
            columns = values
            yield _line([wording(f"export_column.{name}") for name in columns])
        else:
            yield _line([_told(name, value, wording) for name, value in zip(columns, values, strict=True)])


def _told(column: str, value: str, wording: Wording) -> str:
    if not value:
        return ""
    if column in TIMES:
        return TIMES[column](value)
    if column == "overdue":
        return wording(f"site.{value}")
    if column == "procedure":
        return wording.procedure(value)
    return wording.word(WORDS[column], value) if column in WORDS else value


def _line(values: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(values)
    return text.getvalue().encode()
