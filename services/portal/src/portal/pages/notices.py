"""Mass notices (群发通知): written, looked at, approved by somebody else, followed while they run."""

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from contracts.regions import code_of
from kit.paths import lies_in
from portal import resources
from portal.calls import Calls, Declined, renamed
from portal.choices import units_near
from portal.confirming import unless_confirmed
from portal.deciding import whole
from portal.forms import Form, StaffForm, key_after
from portal.pages.files import passed_on
from portal.rendering import page, refused, wording_of
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import OPERATORS, Visiting, runtime_of, staff

HERE = f"{STAFF}/notices"
API = "/api/notify/v1/notices"
TEMPLATES = "/api/notify/v1/templates"
router = APIRouter(prefix=HERE, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*OPERATORS)])
Cursor = Annotated[str, Query(max_length=64)]
State = Annotated[str, Query(max_length=32)]
Done = Annotated[str, Query(max_length=32)]
CHOSEN = ("region", "channel", "kind", "category", "state", "unit", "registered_from", "registered_to")
DAYS = ("date", "until")
VARIABLE = re.compile(r"\{([a-z_]+)\}")
REFRESH = "5"  # seconds until a page on which something moves is loaded again
PART = {"approve": "decision", "return": "decision", "pause": "control", "resume": "control", "stop": "control"}


def _calls(request: Request) -> Calls:
    return resources.of(runtime_of(request)).calls


@router.get("")
async def notices(request: Request, visit: Visiting, cursor: Cursor = "", state: State = "") -> Response:
    shown = {"limit": resources.of(runtime_of(request)).settings.rows_a_page}
    chosen = {name: text for name, text in (("state", state), ("cursor", cursor)) if text}
    found = await _calls(request).get(API, visit.token, params={**shown, **chosen})
    return page(
        request, "notices.html", notices=found["items"], more=found["next"], first=not cursor, state=state
    )  # fmt: skip


def _regions(request: Request) -> dict[str, str]:
    """Names of regions by dotted path: of their first unit."""
    units = resources.of(runtime_of(request)).units.units.values()
    return {unit.region: unit.name for unit in reversed(list(units))}


def spoken(request: Request) -> Callable[[str], str]:
    """A text with its variables in words."""
    t = wording_of(request)
    return lambda text: VARIABLE.sub(lambda found: f"〔{t.word('notice_variable', found[1])}〕", text)


def of_unit(texts: Iterable[dict[str, Any]], unit: str) -> list[dict[str, Any]]:
    """Each text once: in the unit's own words where it has some."""
    said: dict[tuple[str, str], dict[str, Any]] = {}
    for each in texts:
        if each["unit"] in {None, unit}:  # own ones are listed after those of the whole node
            said[each["name"], each["language"]] = each
    return list(said.values())


async def _form(request: Request, visit: Visit) -> dict[str, Any]:
    """What can be said, to whom. Raises Declined."""
    held, names = resources.of(runtime_of(request)), _regions(request)
    texts = await _calls(request).get(TEMPLATES, visit.token, params={"use": "mass"})
    below = sorted(region for region in names if lies_in(region, visit.account.region))
    own = sorted(of_unit(texts, visit.account.unit), key=lambda each: str(each["language"]), reverse=True)
    return {
        "texts": own, "spoken": spoken(request),
        "regions": [(code_of(region), names[region]) for region in below],
        "near": units_near(held.units, visit.account), "notice": None,
    }  # fmt: skip


@router.get("/new")
async def new(request: Request, visit: Visiting) -> Response:
    return page(request, "notice-write.html", **await _form(request, visit))


def body_of(form: Form) -> dict[str, Any]:
    """As notify takes it; the choice of a text names its language too."""
    template, _, language = form.text("template").partition(".")
    return {
        "title": form.text("title"), "template": template, "language": language or "zh",
        "given": form.chosen(DAYS), "chosen": form.chosen(CHOSEN),
    }  # fmt: skip


def _named(problem: dict[str, Any]) -> dict[str, Any]:
    """Errors at the fields that the form has."""
    names = {f"body.chosen.{name}": f"body.{name}" for name in CHOSEN} | {f"body.given.{n}": f"body.{n}" for n in DAYS}
    return renamed(problem, names)


@router.post("/new")
async def draft(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """Write it; the ledger is asked for its recipients meanwhile."""
    try:
        notice = await _calls(request).post(API, form.key, body_of(form), visit.token)
    except Declined as error:
        content = {**await _form(request, visit), "typed": form.typed(), "key": key_after(form, error.problem)}
        return refused(request, "notice-write.html", _named(error.problem), **content)
    return RedirectResponse(f"{HERE}/{notice['id']}", status_code=303)


async def _notice(request: Request, visit: Visit, notice_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    calls = _calls(request)
    notice = await calls.get(f"{API}/{notice_id}", visit.token)
    dry_run = None
    if notice["state"] in {"draft", "submitted"} and notice["gathering"]["complete"]:
        dry_run = await calls.get(f"{API}/{notice_id}/dry-run", visit.token)
    moves = notice["state"] == "running" or not notice["gathering"]["complete"]
    return {
        "notice": notice, "dry_run": dry_run, "moves": moves, "done": None, "still": False, "open_form": None,
        "region_name": _regions(request), "spoken": spoken(request),
    }  # fmt: skip


@router.get("/{notice_id}")
async def notice_page(
    request: Request, visit: Visiting, notice_id: UUID, done: Done = "", *, still: bool = False
) -> Response:
    """How it stands. While something moves the page loads itself again; still: not any more."""
    content = {**await _notice(request, visit, notice_id), "done": done, "still": still}
    answer = page(request, "notice.html", **content)
    if content["moves"] and not still:
        answer.headers["Refresh"] = f"{REFRESH}; url={HERE}/{notice_id}"
    return answer


def typed_of(notice: dict[str, Any]) -> dict[str, str]:
    """A notice as its form shows it."""
    chosen: dict[str, str] = {**notice["chosen"]}
    if "region" in chosen:
        chosen["region"] = code_of(chosen["region"])
    days = {name: day for name, day in notice["given"].items() if name in DAYS}
    template = f"{notice['template']}.{notice['language']}"
    return {"title": notice["title"], "template": template, **days, **chosen}


@router.get("/{notice_id}/draft")
async def change_page(request: Request, visit: Visiting, notice_id: UUID) -> Response:
    content, kept = await _form(request, visit), await _notice(request, visit, notice_id)
    notice = kept["notice"]
    return page(request, "notice-write.html", **{**content, "notice": notice, "typed": typed_of(notice)})


@router.post("/{notice_id}/draft")
async def change(request: Request, visit: Visiting, notice_id: UUID, form: StaffForm) -> Response:
    body = {**body_of(form), "version": whole(form.text("version"))}
    try:
        await _calls(request).post(f"{API}/{notice_id}/draft", form.key, body, visit.token)
    except Declined as error:
        kept = await _notice(request, visit, notice_id)
        content = {**await _form(request, visit), "notice": kept["notice"], "typed": form.typed()}
        return refused(
            request, "notice-write.html", _named(error.problem), key=key_after(form, error.problem), **content
        )
    return RedirectResponse(f"{HERE}/{notice_id}?done=change", status_code=303)


@router.get("/{notice_id}/recipients")
async def recipients(
    request: Request, visit: Visiting, notice_id: UUID, cursor: Cursor = "", state: State = ""
) -> Response:
    """What became of each; notify records the reading."""
    shown = {"limit": resources.of(runtime_of(request)).settings.rows_a_page}
    chosen = {name: text for name, text in (("state", state), ("cursor", cursor)) if text}
    found = await _calls(request).get(
        f"{API}/{notice_id}/recipients", visit.token, params={**shown, **chosen}
    )  # fmt: skip
    notice = await _calls(request).get(f"{API}/{notice_id}", visit.token)
    return page(
        request, "notice-recipients.html", rows=found["items"], more=found["next"], first=not cursor, state=state,
        notice=notice,
    )  # fmt: skip


@router.get("/{notice_id}/recipients.csv")
async def export(request: Request, visit: Visiting, notice_id: UUID) -> Response:
    """The same as a file, with masked numbers; notify records who took it."""
    return await passed_on(request, visit, f"{API}/{notice_id}/recipients.csv")


@router.post("/{notice_id}/{step}")
async def act(request: Request, visit: Visiting, notice_id: UUID, step: str, form: StaffForm) -> Response:
    """Submit, approve (with the password once more), return, pause, resume, stop."""
    back = f"{HERE}/{notice_id}"
    if step != "submit" and step not in PART:
        return RedirectResponse(back, status_code=303)
    if step == "approve" and (
        asked := await unless_confirmed(request, visit, form, "approve-notice", notice_id, back=back)
    ):
        return asked
    body: dict[str, Any] = {"version": whole(form.text("version"))}
    if PART.get(step) == "decision":
        body |= {"decision": step, **form.chosen(("reason",))}
    elif PART.get(step) == "control":
        body = {"action": step}
    try:
        await _calls(request).post(f"{API}/{notice_id}/{PART.get(step, 'submission')}", form.key, body, visit.token)
    except Declined as error:
        content = {**await _notice(request, visit, notice_id), "open_form": step, "typed": form.typed()}
        return refused(request, "notice.html", error.problem, key=key_after(form, error.problem), **content)
    return RedirectResponse(f"{back}?done={step}", status_code=303)
