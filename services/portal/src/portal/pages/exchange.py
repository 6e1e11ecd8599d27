"""Papers between units (公文交换): what came, what was sent, who has not signed for it; writing and sending one."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from kit.errors import Refused
from portal import resources
from portal.calls import Calls, Declined
from portal.choices import units_near
from portal.confirming import unless_confirmed
from portal.dispatching import STEPS, body_of, letter_in
from portal.forms import Form, StaffForm, key_after, upload_form
from portal.pages.files import pass_on
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute, refused_by
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
API = "/api/documents/v1"
WRITERS = frozenset({"clerk", "handler", "leader"})
Cursor = Annotated[str, Query(max_length=64)]
Kind = Literal["paper", "bulletin"]
Step = Literal["send", "enclose", "sign", "return", "recall", "urge", "adopt"]


def calls_of(request: Request) -> Calls:
    return resources.of(runtime_of(request)).calls


def writes(visit: Visit) -> bool:
    return bool(WRITERS & set(visit.account.roles))


async def listed(request: Request, visit: Visit, box: str, cursor: str = "", **params: Any) -> dict[str, Any]:
    """A page of a list of documents. Raises Declined."""
    asked = {"limit": resources.of(runtime_of(request)).settings.rows_a_page, **params}
    if cursor:
        asked["cursor"] = cursor
    found: dict[str, Any] = await calls_of(request).get(f"{API}/dispatches/{box}", visit.token, params=asked)
    return found


@router.get("/inbox")
async def inbox(request: Request, visit: Visiting, cursor: Cursor = "", *, unread: bool = False) -> Response:
    """收文."""
    chosen = {"unread": "true"} if unread else {}
    found = await listed(request, visit, "received", cursor, kind="paper", **chosen)
    shown = {"rows": found["items"], "more": found["next"], "first": not cursor, "chosen": chosen}
    return page(request, "inbox.html", writes=writes(visit), **shown)


@router.get("/outbox")
async def outbox(request: Request, visit: Visiting, cursor: Cursor = "", case: UUID | None = None) -> Response:
    """发文; case: what was sent about one petition."""
    chosen = {} if case is None else {"petition_id": str(case)}
    found = await listed(request, visit, "sent", cursor, kind="paper", **chosen)
    back = {} if case is None else {"case": str(case)}
    shown = {"rows": found["items"], "more": found["next"], "first": not cursor, "chosen": back}
    return page(request, "outbox.html", writes=writes(visit), **shown)


@router.get("/unread")
async def unread(request: Request, visit: Visiting, cursor: Cursor = "") -> Response:
    """What was sent and who has not signed for it."""
    found = await listed(request, visit, "unread", cursor)
    shown = {"rows": found["items"], "more": found["next"], "first": not cursor}
    return page(request, "unread.html", writes=writes(visit), **shown)


@router.get("/dispatches/new")
async def new(
    request: Request, kind: Kind = "paper", case: UUID | None = None, answers: UUID | None = None,
    source: UUID | None = None,
) -> Response:  # fmt: skip
    """case: what it is about; answers: what it answers; source: the bulletin that it is made from."""
    of = {"petition_id": case, "answers": answers, "source": source}
    return page(request, "dispatch-new.html", kind=kind, of={name: each for name, each in of.items() if each})


@router.post("/dispatches")
async def begin(request: Request, visit: Visiting, form: StaffForm) -> Response:
    body = form.chosen(("kind", "title", "petition_id", "answers", "source"))
    try:
        made = await calls_of(request).post(f"{API}/dispatches", form.key, body, visit.token)
    except Declined as error:
        of = {name: body[name] for name in ("petition_id", "answers", "source") if name in body}
        shown: dict[str, Any] = {"kind": body.get("kind", "paper"), "of": of, "typed": form.typed()}
        return refused(request, "dispatch-new.html", error.problem, key=key_after(form, error.problem), **shown)
    return _to(made["dispatch_id"])


def _to(dispatch_id: object, done: str = "") -> Response:
    return RedirectResponse(f"{STAFF}/dispatches/{dispatch_id}{'?done=' + done if done else ''}", status_code=303)


async def _content(request: Request, visit: Visit, dispatch_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    calls = calls_of(request)
    found = await calls.get(f"{API}/dispatches/{dispatch_id}", visit.token)
    items = found["items"] or []
    body = next((item for item in items if item["kind"] == "paper" and item["here"]), None)
    letter = None if body is None else await calls.get(body["path"], visit.token)
    drafting = found["own"] and found["sent_at"] is None
    return {
        "dispatch": found,
        "mine": found["copy"],
        "items": items,
        "letter": letter,
        "lent": await _lent(calls, visit, found) if drafting else {},
        "units": units_near(resources.of(runtime_of(request)).units, visit.account, {visit.account.unit}),
        "writes": writes(visit),
        "new_file_id": runtime_of(request).ids.new(),
        "done": "",
        "open_form": "",
    }


async def _lent(calls: Calls, visit: Visit, found: dict[str, Any]) -> dict[str, Any]:
    """What a draft may take from the petition it is about, or the dispatch it answers or is made from."""
    of = found["source"] or found["answers"]
    if of is not None:
        earlier = await calls.get(f"{API}/dispatches/{of}", visit.token)
        files = [item for item in earlier["items"] or [] if item["kind"] == "file" and item["here"]]
        return {"of": of, "files": [(item["item_id"], item["name"]) for item in files], "papers": []}
    if found["petition_id"] is None:
        return {}
    petition = f"{API}/petitions/{found['petition_id']}"
    files = await calls.get(f"{petition}/files", visit.token, params={"limit": 200})
    papers = await calls.get(f"{petition}/sealed-papers", visit.token, params={"limit": 200})
    return {
        "of": found["petition_id"],
        "files": [(file["file_id"], file["name"]) for file in files["items"] if file["here"]],
        "papers": [(paper["paper_id"], paper["number"]) for paper in papers["items"]],
    }


@router.get("/dispatches/{dispatch_id}")
async def dispatch_page(
    request: Request, visit: Visiting, dispatch_id: UUID, done: Annotated[str, Query(max_length=32)] = ""
) -> Response:
    content = await _content(request, visit, dispatch_id)
    return page(request, "dispatch.html", **{**content, "done": done})


@router.post("/dispatches/{dispatch_id}/files")
async def upload(request: Request, visit: Visiting, dispatch_id: UUID) -> Response:
    """Pass a file on under the id that was minted with the form: sent twice, it is stored once."""
    most = resources.of(runtime_of(request)).settings.upload_megabytes * 1_000_000
    try:
        async with upload_form(request, most) as form:
            await pass_on(request, visit, dispatch_id, form)
    except (Declined, Refused) as error:
        if isinstance(error, Refused) and error.slug == "form-expired":
            raise
        return await _declined(request, visit, dispatch_id, "upload", refused_by(error))
    return _to(dispatch_id, "upload")


@router.post("/dispatches/{dispatch_id}/seal")
async def seal(request: Request, visit: Visiting, dispatch_id: UUID, form: StaffForm) -> Response:
    """A leader has the unit's seal put on the letter, after giving the password again."""
    back = f"{STAFF}/dispatches/{dispatch_id}"
    if asked := await unless_confirmed(request, visit, form, "seal", dispatch_id, back=back):
        return asked
    try:
        path = f"{API}/petitions/{dispatch_id}/papers/{UUID(form.text('paper_id'))}/seal"
        await calls_of(request).post(path, form.key, {}, visit.token)
    except Declined as error:
        return await _declined(request, visit, dispatch_id, "seal", error.problem, form)
    except ValueError as error:
        raise Refused("form-expired") from error
    return _to(dispatch_id, "seal")


@router.post("/dispatches/{dispatch_id}/{step}")
async def act(request: Request, visit: Visiting, dispatch_id: UUID, step: Step, form: StaffForm) -> Response:
    """One step of it; a letter that was typed is filed first, and then is its text."""
    calls, done = calls_of(request), "letter" if form.text("do") == "letter" else step
    try:
        body = body_of(form, step)
        if step == "send" and (form.text("text") or done == "letter"):
            key, letter = letter_in(form, resources.of(runtime_of(request)).units)
            filed = await calls.post(f"{API}/dispatches/{dispatch_id}/letter", key, letter, visit.token)
            body["body"] = filed["paper_id"]
        if done != "letter":
            await calls.post(f"{API}/dispatches/{dispatch_id}/{STEPS[step]}", form.key, body, visit.token)
    except (Declined, Refused) as error:
        return await _declined(request, visit, dispatch_id, step, refused_by(error), form)
    return _to(dispatch_id, done)


async def _declined(
    request: Request, visit: Visit, dispatch_id: UUID, step: str, problem: dict[str, Any], form: Form | None = None
) -> Response:
    """The dispatch as it stands now, with what was typed."""
    content = {**await _content(request, visit, dispatch_id), "open_form": step}
    if form is not None:
        content |= {"typed": form.typed(), "key": key_after(form, problem)}
    return refused(request, "dispatch.html", problem, **content)
