"""Bulletins (信访信息): those that came and that were sent up, and how many were adopted, as a list and a file."""

import csv
import io
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal.pages.exchange import API, calls_of, listed, writes
from portal.rendering import HEADERS, page, wording_of
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff
from portal.wording import CHINA

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Cursor = Annotated[str, Query(max_length=64)]
Day = Annotated[date | None, Query()]
FIGURES = ("sent", "adopted", "by_instruction", "merged", "not_adopted")
BOM = "\ufeff"  # by which spreadsheets know that it is UTF-8


async def _counts(request: Request, visit: Visit, since: date | None, until: date | None) -> dict[str, Any]:
    """Of this year up to today, where nothing else is asked. Raises Declined."""
    today = runtime_of(request).clock.now().astimezone(CHINA).date()
    until = until or today
    period = {"since": (since or until.replace(month=1, day=1)).isoformat(), "until": until.isoformat()}
    found: dict[str, Any] = await calls_of(request).get(f"{API}/bulletin-counts", visit.token, params=period)
    return found


@router.get("/bulletins")
async def bulletins(
    request: Request, visit: Visiting, since: Day = None, until: Day = None, came: Cursor = "", went: Cursor = ""
) -> Response:
    """came, went: the places in the two lists."""
    received = await listed(request, visit, "received", came, kind="bulletin")
    sent = await listed(request, visit, "sent", went, kind="bulletin")
    counts = await _counts(request, visit, since, until)
    return page(
        request, "bulletins.html", received=received, sent=sent, counts=counts, figures=FIGURES, writes=writes(visit)
    )


@router.get("/bulletins/counts.csv")
async def counts_file(request: Request, visit: Visiting, since: Day = None, until: Day = None) -> Response:
    """The counts as a file, in the words of the page."""
    found, t = await _counts(request, visit, since, until), wording_of(request)
    text = io.StringIO(BOM, newline="")
    text.seek(0, io.SEEK_END)
    lines = csv.writer(text)
    titles = [t.word("bulletin_figure", each) for each in FIGURES]
    lines.writerow([t("bulletin.from_unit"), t("bulletin.to_unit"), *titles])
    for row in found["rows"]:
        lines.writerow([_cell(row["unit"]["name"]), _cell(row["to_unit"]["name"]), *(row[each] for each in FIGURES)])
    name = f"bulletins-{found['since']}-{found['until']}.csv"
    headers = {**HEADERS, "Content-Disposition": f"attachment; filename={name}"}
    return Response(text.getvalue().encode(), headers=headers, media_type="text/csv; charset=utf-8")


def _cell(text: str) -> str:
    """A name that a spreadsheet must not take for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@"} else text
