"""Papers of the unit itself (机关文书): drafted, sent, decided on by somebody else, read and given out sealed."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from kit.errors import Refused
from portal.calls import Declined, renamed
from portal.confirming import unless_confirmed
from portal.deciding import fields_in, whole
from portal.forms import Form, StaffForm, key_after
from portal.pages.drafting import calls_of, form_fields, form_typed, take_word_file, viewed, word_file
from portal.pages.files import passed_on
from portal.rendering import page, refused, wording_of
from portal.routes import STAFF, PageRoute, refused_by
from portal.usecases import Visit
from portal.visits import READERS, Visiting, staff

HERE = f"{STAFF}/office"
API = "/api/documents/v1"
router = APIRouter(prefix=HERE, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Cursor = Annotated[str, Query(max_length=64)]
Version = Annotated[int, Query(ge=1, le=1_000_000)]
Done = Annotated[str, Query(max_length=32)]
SHOWN, MOST = 50, 200


def _draft(draft_id: UUID, what: str = "") -> str:
    return f"{API}/office-drafts/{draft_id}/{what}".rstrip("/")


async def _lists(request: Request, visit: Visit, cursor: str = "") -> dict[str, Any]:
    """Raises Declined."""
    calls, more = calls_of(request), {"cursor": cursor} if cursor else {}
    drafts = await calls.get(f"{API}/office-drafts", visit.token, params={"limit": SHOWN})
    waiting = await calls.get(f"{API}/office-drafts", visit.token, params={"limit": SHOWN, "waiting": True})
    papers = await calls.get(f"{API}/office-papers", visit.token, params={"limit": SHOWN, **more})
    templates = await calls.get(f"{API}/office-templates", visit.token)
    name = "name" if wording_of(request).language == "zh" else "name_en"
    return {
        "drafts": [each for each in drafts["items"] if each["state"] != "approved"],
        "waiting": waiting["items"],
        "papers": papers["items"],
        "more": papers["next"],
        "first": not cursor,
        "names": {each["kind"]: each[name] for each in templates},
        "kinds": [(each["kind"], each[name]) for each in templates if each["may_draft"]],
        "open_form": "begin",
    }


@router.get("")
async def office(request: Request, visit: Visiting, cursor: Cursor = "") -> Response:
    return page(request, "office.html", **await _lists(request, visit, cursor))


@router.post("")
async def begin(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """Begin a draft of the kind that was chosen, and go on to write it."""
    try:
        draft = await calls_of(request).post(f"{API}/office-drafts", form.key, form.chosen(("kind",)), visit.token)
    except Declined as error:
        content = {"typed": form.typed(), "key": key_after(form, error.problem)}
        return refused(request, "office.html", error.problem, **{**await _lists(request, visit), **content})
    return RedirectResponse(f"{HERE}/drafts/{draft['draft_id']}", status_code=303)


async def _content(request: Request, visit: Visit, draft_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    calls, wording = calls_of(request), wording_of(request)
    draft = await calls.get(_draft(draft_id), visit.token)
    versions = await calls.get(_draft(draft_id, "versions"), visit.token, params={"limit": MOST})
    papers = await calls.get(f"{API}/office-papers", visit.token, params={"limit": MOST})
    form = draft["template"]["form"]
    return {
        "here": f"{HERE}/drafts/{draft_id}",
        "draft": draft,
        "versions": versions,
        "fields": form_fields(form, wording),
        "writes": draft["template"]["may_draft"] and draft["paper_id"] is None,
        "name": draft["template"]["name" if wording.language == "zh" else "name_en"],
        "correctable": [each for each in papers["items"]
                        if (each["state"], each["kind"]) == ("sealed", draft["template"]["files_as"])],
        "open_form": "draft",
        "typed": form_typed(form, draft["sections"]),
        "done": None,
    }  # fmt: skip


@router.get("/drafts/{draft_id}")
async def draft_page(request: Request, visit: Visiting, draft_id: UUID, done: Done = "") -> Response:
    return page(request, "office-draft.html", **{**await _content(request, visit, draft_id), "done": done})


@router.post("/drafts/{draft_id}")
async def save(request: Request, visit: Visiting, draft_id: UUID, form: StaffForm) -> Response:
    """Save what was written as the next version, and look at it when that was asked for."""
    body = {"version": whole(form.text("version")), "sections": fields_in(form)}
    try:
        await calls_of(request).replace(_draft(draft_id), body, visit.token)
    except Declined as error:
        return await _declined(request, visit, draft_id, error.problem, form)
    here = f"{HERE}/drafts/{draft_id}"
    return RedirectResponse(f"{here}/preview" if form.text("then") else f"{here}?done=saved", status_code=303)


@router.post("/drafts/{draft_id}/docx")
async def from_word(request: Request, visit: Visiting, draft_id: UUID) -> Response:
    """What was edited in Word becomes the next version."""
    try:
        await take_word_file(request, visit, _draft(draft_id, "docx"))
    except (Declined, Refused) as error:
        if isinstance(error, Refused) and error.slug == "form-expired":
            raise
        return await _declined(request, visit, draft_id, refused_by(error))
    return RedirectResponse(f"{HERE}/drafts/{draft_id}?done=saved", status_code=303)


@router.post("/drafts/{draft_id}/submission")
async def send(request: Request, visit: Visiting, draft_id: UUID, form: StaffForm) -> Response:
    """Send this version to be approved."""
    body = {"version": whole(form.text("version")), **form.chosen(("supersedes", "reason"))}
    try:
        await calls_of(request).post(_draft(draft_id, "submission"), form.key, body, visit.token)
    except Declined as error:
        return await _declined(request, visit, draft_id, error.problem)
    return RedirectResponse(f"{HERE}/drafts/{draft_id}?done=sent", status_code=303)


@router.post("/drafts/{draft_id}/decision")
async def decide(request: Request, visit: Visiting, draft_id: UUID, form: StaffForm) -> Response:
    """Approve, with the password once more, or return with a reason."""
    decision, back = form.text("decision"), f"{HERE}/drafts/{draft_id}"
    if decision == "approve" and (
        asked := await unless_confirmed(request, visit, form, "approve-paper", draft_id, back=back)
    ):
        return asked
    body = {"version": whole(form.text("version")), "decision": decision}
    if decision == "return":
        body |= form.chosen(("reason",))
    try:
        await calls_of(request).post(_draft(draft_id, "decision"), form.key, body, visit.token)
    except Declined as error:
        return await _declined(request, visit, draft_id, error.problem)
    return RedirectResponse(f"{back}?done={decision}", status_code=303)


async def _declined(
    request: Request, visit: Visit, draft_id: UUID, problem: dict[str, Any], form: Form | None = None
) -> Response:
    """The draft as it stands now; with what was typed, which nobody has to type again."""
    content = await _content(request, visit, draft_id)
    if form is not None:
        content["typed"] = {name: form.text(name) for name in content["typed"]}
    sections = content["draft"]["template"]["form"]["properties"]
    marks = {f"{start}.{name}": f"body.fields.{name}" for name in sections for start in ("sections", "body.sections")}
    return refused(request, "office-draft.html", renamed(problem, marks), **content)


@router.get("/drafts/{draft_id}/differences")
async def differences(request: Request, visit: Visiting, draft_id: UUID, before: Version, after: Version) -> Response:
    """What changed from one version to another."""
    calls, chosen = calls_of(request), {"before": before, "after": after}
    found = await calls.get(_draft(draft_id, "differences"), visit.token, params=chosen)
    versions = await calls.get(_draft(draft_id, "versions"), visit.token, params={"limit": MOST})
    by = {each["version"]: each for each in versions}
    return page(request, "differences.html", back=f"{HERE}/drafts/{draft_id}", found=found, by=by)


@router.get("/drafts/{draft_id}/preview")
async def preview(request: Request, visit: Visiting, draft_id: UUID) -> Response:
    return await viewed(request, visit, _draft(draft_id, "preview"))


@router.get("/drafts/{draft_id}/docx")
async def to_word(request: Request, visit: Visiting, draft_id: UUID) -> Response:
    return await word_file(request, visit, _draft(draft_id, "docx"))


@router.get("/papers/{paper_id}")
async def paper_page(request: Request, visit: Visiting, paper_id: UUID) -> Response:
    """An approved paper to read; documents records the reading."""
    paper = await calls_of(request).get(f"{API}/office-papers/{paper_id}", visit.token)
    return page(request, "office-paper.html", paper=paper)


@router.get("/papers/{paper_id}/preview")
async def layout(request: Request, visit: Visiting, paper_id: UUID) -> Response:
    return await viewed(request, visit, f"{API}/office-papers/{paper_id}/preview")


@router.get("/papers/{paper_id}/sealed")
async def official(request: Request, visit: Visiting, paper_id: UUID) -> Response:
    """The sealed PDF; documents records the reading."""
    return await passed_on(request, visit, f"{API}/office-papers/{paper_id}/sealed")
