"""How this person wants to be told: by which ways of what, where to, and when not."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.calls import Declined
from portal.forms import Form, StaffForm, key_after
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
PREFERENCES = "/api/notify/v1/preferences"
PATH = f"{STAFF}/preferences"


async def _content(request: Request, visit: Visit) -> dict[str, Any]:
    """Raises Declined."""
    found = await resources.of(runtime_of(request)).calls.get(PREFERENCES, visit.token)
    return {
        "chosen": found,
        "addresses": {each["channel"]: each for each in found["addresses"]},
        "typed": {"language": found["language"], "since": _hour(found, "since"), "until": _hour(found, "until")},
        "secret": None,
        "done": None,
    }


def _hour(found: dict[str, Any], name: str) -> str:
    """As a field for times takes it: 22:00."""
    return str((found["quiet"] or {}).get(name, ""))[:5]


@router.get("/preferences")
async def preferences(request: Request, visit: Visiting, done: Annotated[str, Query(max_length=32)] = "") -> Response:
    return page(request, "preferences.html", **{**await _content(request, visit), "done": done})


@router.post("/preferences")
async def save(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """A box is named kind.channel."""
    ways: dict[str, list[str]] = {}
    for box in form.every("way"):
        kind, _, channel = box.partition(".")
        ways.setdefault(kind, []).append(channel)
    since, until = form.text("since"), form.text("until")
    quiet = {"since": since, "until": until} if since or until else None
    return await _sent(request, visit, form, "", {"language": form.text("language"), "quiet": quiet, "ways": ways})


@router.post("/preferences/{step}")
async def address(request: Request, visit: Visiting, step: str, form: StaffForm) -> Response:
    """Give an address, confirm it by the code that was sent there, or remove it."""
    fields = {"addresses": ("channel", "value"), "confirm": ("channel", "code"), "remove": ("channel",)}.get(step)
    if fields is None:
        return RedirectResponse(PATH, status_code=303)
    return await _sent(request, visit, form, f"/{step}", form.chosen(fields))


async def _sent(request: Request, visit: Visit, form: Form, path: str, body: dict[str, Any]) -> Response:
    try:
        answer = await resources.of(runtime_of(request)).calls.post(f"{PREFERENCES}{path}", form.key, body, visit.token)
    except Declined as error:
        content, key = await _content(request, visit), key_after(form, error.problem)
        return refused(request, "preferences.html", error.problem, key=key, **content)
    if answer.get("secret"):  # told this once, so it is on the page that answers
        return page(request, "preferences.html", **{**await _content(request, visit), "secret": answer["secret"]})
    done = {"": "saved", "/addresses": "sent", "/confirm": "confirmed", "/remove": "removed"}[path]
    return RedirectResponse(f"{PATH}?done={done}", status_code=303)
