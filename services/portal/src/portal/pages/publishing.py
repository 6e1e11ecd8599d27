"""What the office makes public (信息公开): written, checked, explained, sent, reviewed, superseded, withdrawn."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal.calls import Declined
from portal.confirming import unless_confirmed
from portal.deciding import whole
from portal.forms import Form, StaffForm, key_after
from portal.pages.drafting import calls_of
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, staff

HERE = f"{STAFF}/publications"
API = "/api/documents/v1/publications"
router = APIRouter(prefix=HERE, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
Cursor = Annotated[str, Query(max_length=64)]
Done = Annotated[str, Query(max_length=32)]
CONTENT = ("title", "body", "correction")
WRITERS = frozenset({"clerk", "handler", "leader"})
# what a form does: the end of the interface's path, and which of its fields go there
Act = Literal["explanations", "submission", "flag", "decisions", "withdrawal"]
TAKES: dict[Act, tuple[str, ...]] = {
    "explanations": ("mark", "reason"), "submission": ("version",), "flag": (),
    "decisions": ("round", "step", "decision", "reason"), "withdrawal": ("reason",),
}  # fmt: skip


async def _lists(
    request: Request, visit: Visit, cursor: str = "", case: str = "", case_paper: str = "", paper: str = ""
) -> dict[str, Any]:
    """Raises Declined."""
    calls, more = calls_of(request), {"cursor": cursor} if cursor else {}
    turn = await calls.get(API, visit.token, params={"turn": True, "limit": 50})
    found = await calls.get(API, visit.token, params={"limit": 50, **more})
    return {
        "turn": turn["items"], "rows": found["items"], "more": found["next"], "first": not cursor,
        "may_write": bool(WRITERS & set(visit.account.roles)), "case": case, "case_paper": case_paper, "paper": paper,
    }  # fmt: skip


@router.get("")
async def publications(
    request: Request, visit: Visiting, cursor: Cursor = "", case: UUID | None = None, case_paper: UUID | None = None,
    paper: UUID | None = None,
) -> Response:  # fmt: skip
    """The list; case, case_paper, paper: what is to be published, where a page of those led here."""
    chosen = [str(each or "") for each in (case, case_paper, paper)]
    return page(request, "publications.html", **await _lists(request, visit, cursor, *chosen))


@router.post("")
async def begin(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """Begin a draft, with what was typed or with what is there already."""
    body: dict[str, Any] = form.chosen(("kind", "petition_id", "case_paper_id", "paper_id", "supersedes"))
    if written := form.chosen(CONTENT):
        body["content"] = written
    try:
        begun = await calls_of(request).post(API, form.key, body, visit.token)
    except Declined as error:
        given = [form.text(name) for name in ("petition_id", "case_paper_id", "paper_id")]
        content = {**await _lists(request, visit, "", *given), "typed": form.typed()}
        return refused(
            request, "publications.html", error.problem, strip="body.content.", key=key_after(form, error.problem),
            **content,
        )  # fmt: skip
    return RedirectResponse(f"{HERE}/{begun['id']}", status_code=303)


async def _content(request: Request, visit: Visit, publication_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    found = await calls_of(request).get(f"{API}/{publication_id}", visit.token)
    typed = {name: found[name] or "" for name in CONTENT}
    return {"publication": found, "here": f"{HERE}/{publication_id}", "typed": typed, "done": None}


@router.get("/{publication_id}")
async def publication_page(request: Request, visit: Visiting, publication_id: UUID, done: Done = "") -> Response:
    return page(request, "publication.html", **{**await _content(request, visit, publication_id), "done": done})


@router.post("/{publication_id}")
async def save(request: Request, visit: Visiting, publication_id: UUID, form: StaffForm) -> Response:
    body = {
        "version": whole(form.text("version")), "content": form.chosen(CONTENT), **form.chosen(("paper_id",)),
    }  # fmt: skip
    try:
        await calls_of(request).replace(f"{API}/{publication_id}", body, visit.token)
    except Declined as error:
        return await _declined(request, visit, publication_id, error.problem, form)
    return RedirectResponse(f"{HERE}/{publication_id}?done=saved", status_code=303)


@router.post("/{publication_id}/{act}")
async def do(request: Request, visit: Visiting, publication_id: UUID, act: Act, form: StaffForm) -> Response:
    """Explain a hit, send, flag, approve or return, withdraw; what makes public or hides asks for the password."""
    back, decision = f"{HERE}/{publication_id}", form.text("decision")
    if decision == "approve" or act == "withdrawal":
        what = "publish" if act == "decisions" else "withdraw-publication"
        if asked := await unless_confirmed(request, visit, form, what, publication_id, back=back):
            return asked
    body: dict[str, Any] = form.chosen(TAKES[act])
    body |= {name: whole(body[name]) for name in ("version", "round") if name in body}
    try:
        await calls_of(request).post(f"{API}/{publication_id}/{act}", form.key, body, visit.token)
    except Declined as error:
        return await _declined(request, visit, publication_id, error.problem)
    return RedirectResponse(f"{back}?done={decision or act}", status_code=303)


async def _declined(
    request: Request, visit: Visit, publication_id: UUID, problem: dict[str, Any], form: Form | None = None
) -> Response:
    """As it stands now; with what was typed, which nobody has to type again."""
    content = await _content(request, visit, publication_id)
    if form is not None:
        content["typed"] = {name: form.text(name) for name in CONTENT}
    return refused(request, "publication.html", problem, strip="body.content.", **content)
