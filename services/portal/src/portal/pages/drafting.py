"""Papers drafted from templates: begun, written, compared, taken to Word and back, looked at, filed."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from kit.errors import Refused
from portal import resources
from portal.actions import Field, fields_of
from portal.calls import Calls, Declined, renamed
from portal.deciding import fields_in, whole
from portal.forms import Form, StaffForm, key_after, upload_form
from portal.pages.files import chunks, passed_on
from portal.rendering import HEADERS, page, refused, wording_of
from portal.routes import STAFF, PageRoute, refused_by
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff
from portal.wording import Wording

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Version = Annotated[int, Query(ge=1, le=1_000_000)]
MOST = 200
WORD_BYTES = 6 * 1024 * 1024
# a PDF of our own making, in the viewer of the browser
VIEWED = {**HEADERS, "Content-Security-Policy": "default-src 'none'; object-src 'self'; frame-ancestors 'none'"}


def _drafts(case_id: UUID, draft_id: UUID | None = None, what: str = "") -> str:
    return "/".join(filter(None, (f"/api/documents/v1/petitions/{case_id}/drafts", str(draft_id or ""), what)))


def calls_of(request: Request) -> Calls:
    return resources.of(runtime_of(request)).calls


async def _list(request: Request, visit: Visit, case_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    drafts = await calls_of(request).get(_drafts(case_id), visit.token, params={"limit": MOST})
    templates = await calls_of(request).get("/api/documents/v1/paper-templates", visit.token)
    name = "name" if wording_of(request).language == "zh" else "name_en"
    return {
        "case_id": case_id,
        "drafts": drafts["items"][::-1],
        "names": {each["kind"]: each[name] for each in templates},
        "kinds": [(each["kind"], each[name]) for each in templates if each["may_draft"]],
        "open_form": "begin",
    }


@router.get("/cases/{case_id}/drafts")
async def drafts_page(request: Request, visit: Visiting, case_id: UUID) -> Response:
    return page(request, "drafts.html", **await _list(request, visit, case_id))


@router.post("/cases/{case_id}/drafts")
async def begin(request: Request, visit: Visiting, case_id: UUID, form: StaffForm) -> Response:
    """Begin a draft of the kind that was chosen, and go on to write it."""
    try:
        draft = await calls_of(request).post(_drafts(case_id), form.key, form.chosen(("kind",)), visit.token)
    except Declined as error:
        content = {"typed": form.typed(), "key": key_after(form, error.problem)}
        return refused(request, "drafts.html", error.problem, **{**await _list(request, visit, case_id), **content})
    return RedirectResponse(f"{STAFF}/cases/{case_id}/drafts/{draft['draft_id']}", status_code=303)


async def _content(request: Request, visit: Visit, case_id: UUID, draft_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    draft = await calls_of(request).get(_drafts(case_id, draft_id), visit.token)
    versions = await calls_of(request).get(_drafts(case_id, draft_id, "versions"), visit.token, params={"limit": MOST})
    form, wording = draft["template"]["form"], wording_of(request)
    return {
        "here": f"{STAFF}/cases/{case_id}/drafts/{draft_id}",
        "case_id": case_id,
        "draft": draft,
        "versions": versions,
        "fields": form_fields(form, wording),
        "writes": draft["template"]["may_draft"] and draft["paper_id"] is None,
        "name": draft["template"]["name" if wording.language == "zh" else "name_en"],
        "open_form": "draft",
        "typed": form_typed(form, draft["sections"]),
        "done": None,
    }


def form_fields(form: dict[str, Any], wording: Wording) -> tuple[Field, ...]:
    """Required is what a paper cannot be filed without."""
    required = form.get("required") or form.get("then", {}).get("required", ())
    return fields_of({**form, "required": required}, wording)


def form_typed(form: dict[str, Any], sections: dict[str, Any]) -> dict[str, str]:
    """The sections as the inputs of the form hold them."""
    held: dict[str, str] = {}
    for name, field in form["properties"].items():
        value = sections.get(name, "")
        sent_as = field.get("format", field["type"])
        held[f"fields.{sent_as}.{name}"] = "\n".join(value) if isinstance(value, list) else str(value)
    return held


@router.get("/cases/{case_id}/drafts/{draft_id}")
async def draft_page(
    request: Request, visit: Visiting, case_id: UUID, draft_id: UUID, done: Annotated[str, Query(max_length=32)] = ""
) -> Response:
    return page(request, "draft.html", **{**await _content(request, visit, case_id, draft_id), "done": done})


@router.post("/cases/{case_id}/drafts/{draft_id}")
async def save(request: Request, visit: Visiting, case_id: UUID, draft_id: UUID, form: StaffForm) -> Response:
    """Save what was written as the next version, and look at it when that was asked for."""
    body = {"version": whole(form.text("version")), "sections": fields_in(form)}
    try:
        await calls_of(request).replace(_drafts(case_id, draft_id), body, visit.token)
    except Declined as error:
        return await _declined(request, visit, case_id, draft_id, error.problem, form)
    here = f"{STAFF}/cases/{case_id}/drafts/{draft_id}"
    return RedirectResponse(f"{here}/preview" if form.text("then") else f"{here}?done=saved", status_code=303)


@router.post("/cases/{case_id}/drafts/{draft_id}/filing")
async def file(request: Request, visit: Visiting, case_id: UUID, draft_id: UUID, form: StaffForm) -> Response:
    body = {"version": whole(form.text("version"))}
    try:
        await calls_of(request).post(_drafts(case_id, draft_id, "filing"), form.key, body, visit.token)
    except Declined as error:
        return await _declined(request, visit, case_id, draft_id, error.problem)
    return RedirectResponse(f"{STAFF}/cases/{case_id}?done=paper", status_code=303)


@router.post("/cases/{case_id}/drafts/{draft_id}/docx")
async def from_word(request: Request, visit: Visiting, case_id: UUID, draft_id: UUID) -> Response:
    """What was edited in Word becomes the next version."""
    try:
        await take_word_file(request, visit, _drafts(case_id, draft_id, "docx"))
    except (Declined, Refused) as error:
        if isinstance(error, Refused) and error.slug == "form-expired":
            raise
        return await _declined(request, visit, case_id, draft_id, refused_by(error))
    return RedirectResponse(f"{STAFF}/cases/{case_id}/drafts/{draft_id}?done=saved", status_code=303)


async def take_word_file(request: Request, visit: Visit, path: str) -> None:
    """Pass on what was edited in Word. Raises Declined, Refused."""
    async with upload_form(request, WORD_BYTES) as form:
        upload = form.upload("file")
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(upload.size or 0)}
        await calls_of(request).put(path, visit.token, headers, chunks(upload))


async def _declined(
    request: Request, visit: Visit, case_id: UUID, draft_id: UUID, problem: dict[str, Any], form: Form | None = None
) -> Response:
    """The draft as it stands now; with what was typed, which nobody has to type again."""
    content = await _content(request, visit, case_id, draft_id)
    if form is not None:
        content["typed"] = {name: form.text(name) for name in content["typed"]}
    sections = content["draft"]["template"]["form"]["properties"]
    marks = {f"{start}.{name}": f"body.fields.{name}" for name in sections for start in ("sections", "body.sections")}
    return refused(request, "draft.html", renamed(problem, marks), **content)


@router.get("/cases/{case_id}/drafts/{draft_id}/differences")
async def differences(
    request: Request, visit: Visiting, case_id: UUID, draft_id: UUID, before: Version, after: Version
) -> Response:
    """What changed from one version to another."""
    chosen = {"before": before, "after": after}
    found = await calls_of(request).get(_drafts(case_id, draft_id, "differences"), visit.token, params=chosen)
    versions = await calls_of(request).get(_drafts(case_id, draft_id, "versions"), visit.token, params={"limit": MOST})
    by = {each["version"]: each for each in versions}
    back = f"{STAFF}/cases/{case_id}/drafts/{draft_id}"
    return page(request, "differences.html", back=back, found=found, by=by)


@router.get("/cases/{case_id}/drafts/{draft_id}/preview")
async def preview(request: Request, visit: Visiting, case_id: UUID, draft_id: UUID) -> Response:
    """The draft as it will be laid out; documents records the reading."""
    return await viewed(request, visit, _drafts(case_id, draft_id, "preview"))


@router.get("/cases/{case_id}/papers/{paper_id}/preview")
async def layout(request: Request, visit: Visiting, case_id: UUID, paper_id: UUID) -> Response:
    """A filed paper laid out, without number and seal."""
    return await viewed(request, visit, f"/api/documents/v1/petitions/{case_id}/papers/{paper_id}/preview")


async def viewed(request: Request, visit: Visit, path: str) -> Response:
    answer = await passed_on(request, visit, path)
    answer.headers.update({**VIEWED, "Content-Disposition": "inline"})
    return answer


@router.get("/cases/{case_id}/drafts/{draft_id}/docx")
async def to_word(request: Request, visit: Visiting, case_id: UUID, draft_id: UUID) -> Response:
    return await word_file(request, visit, _drafts(case_id, draft_id, "docx"))


async def word_file(request: Request, visit: Visit, path: str) -> Response:
    """A draft to be edited in Word."""
    answer = await passed_on(request, visit, path)
    name = quote(wording_of(request)("draft.word_file"))
    answer.headers["Content-Disposition"] = f"attachment; filename=draft.docx; filename*=UTF-8''{name}"
    return answer
