"""The procedures (办理程序) that a petition of a kind can be given."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from portal import resources
from portal.rendering import page, wording_of
from portal.routes import STAFF, PageRoute
from portal.visits import READERS, Visiting, runtime_of, staff
from portal.wording import Wording

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Route = Annotated[Literal["", "1", "2", "3", "4", "5", "6"], Query()]


@router.get("/procedures")
async def procedures(
    request: Request, visit: Visiting, kind: Literal["suggestion", "accusation", "appeal"] = "appeal", route: Route = ""
) -> Response:
    """route: of an appeal only (Art 31)."""
    asked: dict[str, Any] = {"kind": kind}
    if kind == "appeal":
        asked["route"] = route or "6"
    calls = resources.of(runtime_of(request)).calls
    found = await calls.get("/api/routing/v1/procedures", visit.token, params=asked)
    found.sort(key=lambda each: not each["automatic"])
    wording = wording_of(request)
    automatic = {each["name"]: _automatic(wording, each["automatic"]) for each in found}
    return page(
        request, "procedures.html", procedures=found, automatic=automatic, kind=kind, route=asked.get("route", "")
    )


def _automatic(wording: Wording, given: list[str]) -> str:
    """To what it is given when nobody says otherwise: told by the channels, or by those left out, whichever are few."""
    known = [channel for channel, _ in wording.choices("channel")]
    left = [channel for channel in known if channel not in given]
    if not given or not left:
        return wording("procedures.never" if left else "procedures.always")
    few = given if len(given) <= len(left) else left
    told = wording("site.comma").join(wording.word("channel", channel) for channel in few)
    return wording("procedures.by" if few is given else "procedures.but_by", channels=told)
