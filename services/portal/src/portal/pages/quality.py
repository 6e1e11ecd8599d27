"""Case quality review (案件评查): rounds, the checklist of a case, what was found in it and what follows."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.calls import Declined
from portal.deciding import whole
from portal.forms import Form, StaffForm, key_after
from portal.pages.files import passed_on
from portal.rendering import page, refused, wording_of
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
QUALITY = "/api/documents/v1/quality"
HERE = f"{STAFF}/quality"
CASE = "/quality/rounds/{round_id}/cases/{case_id}"
LEADING = frozenset({"leader", "supervisor"})
MOST = 200
Cursor = Annotated[str, Query(max_length=64)]


async def _list(request: Request, visit: Visit, cursor: str = "") -> dict[str, Any]:
    """Raises Declined."""
    held = resources.of(runtime_of(request))
    asked = {"limit": held.settings.rows_a_page, **({"cursor": cursor} if cursor else {})}
    found = await held.calls.get(f"{QUALITY}/rounds", visit.token, params=asked)
    leads = bool(LEADING & set(visit.account.roles))
    checklists = await held.calls.get(f"{QUALITY}/checklists", visit.token) if leads else []
    near = [
        unit for unit in held.units.units.values()
        if unit.node == runtime_of(request).node and f"{unit.region}.".startswith(f"{visit.account.region}.")
    ]  # fmt: skip
    return {
        "rounds": found["items"], "more": found["next"], "first": not cursor, "leads": leads,
        "checklists": checklists, "near": near,
    }  # fmt: skip


@router.get("/quality")
async def rounds_page(request: Request, visit: Visiting, cursor: Cursor = "") -> Response:
    return page(request, "quality-rounds.html", **await _list(request, visit, cursor))


@router.post("/quality")
async def open_round(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """Draw the cases of a round."""
    share = form.text("share") or "percent"
    body: dict[str, Any] = {
        **form.chosen(("title", "checklist", "begins", "ends")), "units": form.every("units"),
        "reviewers": form.every("reviewers"), "size" if share == "size" else "percent": whole(form.text("number")),
    }  # fmt: skip
    try:
        made = await resources.of(runtime_of(request)).calls.post(f"{QUALITY}/rounds", form.key, body, visit.token)
    except Declined as error:
        content = {**await _list(request, visit), "typed": form.typed(), "key": key_after(form, error.problem)}
        return refused(request, "quality-rounds.html", error.problem, **content)
    return RedirectResponse(f"{HERE}/rounds/{made['round_id']}", status_code=303)


async def _round(request: Request, visit: Visit, round_id: UUID, cursor: str = "") -> dict[str, Any]:
    """Raises Declined."""
    calls = resources.of(runtime_of(request)).calls
    path = f"{QUALITY}/rounds/{round_id}"
    found = await calls.get(path, visit.token)
    asked = {"limit": MOST, **({"cursor": cursor} if cursor else {})}
    cases = await calls.get(f"{path}/cases", visit.token, params=asked)
    language = wording_of(request).language
    lists = await calls.get(f"{QUALITY}/checklists", visit.token)
    names = {item["item"]: item[language] for each in lists for item in each["items"]}
    return {
        "round": found, "cases": cases["items"], "more": cases["next"], "first": not cursor, "names": names,
        "figures": await calls.get(f"{path}/figures", visit.token),
        "closes": found["unit"] == visit.account.unit and bool(LEADING & set(visit.account.roles)),
    }  # fmt: skip


@router.get("/quality/rounds/{round_id}")
async def round_page(request: Request, visit: Visiting, round_id: UUID, cursor: Cursor = "") -> Response:
    return page(request, "quality-round.html", **await _round(request, visit, round_id, cursor))


@router.post("/quality/rounds/{round_id}/closing")
async def close_round(request: Request, visit: Visiting, round_id: UUID, form: StaffForm) -> Response:
    calls = resources.of(runtime_of(request)).calls
    try:
        await calls.post(f"{QUALITY}/rounds/{round_id}/closing", form.key, {}, visit.token)
    except Declined as error:
        return refused(request, "quality-round.html", error.problem, **await _round(request, visit, round_id))
    return RedirectResponse(f"{HERE}/rounds/{round_id}", status_code=303)


@router.get("/quality/rounds/{round_id}/report.pdf")
async def report(request: Request, visit: Visiting, round_id: UUID) -> Response:
    """The report of the round; documents records the reading."""
    return await passed_on(request, visit, f"{QUALITY}/rounds/{round_id}/report.pdf")


@router.post("/quality/rounds/{round_id}/report")
async def draft_report(request: Request, visit: Visiting, round_id: UUID, form: StaffForm) -> Response:
    """Begin a paper of the unit with the report: it is approved by somebody else, numbered and sealed there."""
    calls = resources.of(runtime_of(request)).calls
    try:
        told = await calls.get(f"{QUALITY}/rounds/{round_id}/report", visit.token)
        draft = await calls.post("/api/documents/v1/office-drafts", form.key, told, visit.token)
    except Declined as error:
        return refused(request, "quality-round.html", error.problem, **await _round(request, visit, round_id))
    return RedirectResponse(f"{STAFF}/office/drafts/{draft['draft_id']}", status_code=303)


@router.get("/quality/rounds/{round_id}/findings.csv")
async def findings(request: Request, visit: Visiting, round_id: UUID) -> Response:
    """What was found, line by line; documents records who took it."""
    return await passed_on(request, visit, f"{QUALITY}/rounds/{round_id}/report.csv")


def _of(round_id: UUID, case_id: UUID, what: str = "") -> str:
    return f"{QUALITY}/rounds/{round_id}/cases/{case_id}{what}"


async def _case(request: Request, visit: Visit, round_id: UUID, case_id: UUID) -> dict[str, Any]:
    """Raises Declined."""
    case = await resources.of(runtime_of(request)).calls.get(_of(round_id, case_id), visit.token)
    findings = [item for item in case["items"] if item["answer"] == "fail"]
    return {
        "case": case, "round_id": round_id, "case_id": case_id, "findings": findings, "open_form": "answers",
        "answers": case["may_review"] and case["state"] == "open",
        "orders": case["may_decide"] and case["state"] == "open" and not case["unanswered"] and findings,
        "concludes": case["may_decide"] and case["state"] in {"open", "rectified"} and not case["unanswered"],
    }  # fmt: skip


@router.get(CASE)
async def case_page(request: Request, visit: Visiting, round_id: UUID, case_id: UUID) -> Response:
    """The checklist of a case; documents records the reading."""
    return page(request, "quality-case.html", **await _case(request, visit, round_id, case_id))


def answered_in(form: Form) -> list[dict[str, Any]]:
    """Items for which something was chosen. A severity counts only where something is wrong."""
    found = []
    for name in form.data:
        kind, _, item = name.partition(":")
        answer = form.text(name)
        if kind == "answer" and answer:
            more = form.chosen((f"note:{item}", f"severity:{item}"))
            told = {"item": item, "answer": answer, "note": more.get(f"note:{item}")}
            severity = more.get(f"severity:{item}") if answer == "fail" else None
            found.append({key: value for key, value in {**told, "severity": severity}.items() if value})
        elif kind == "remark" and answer:
            found.append({"item": item, "answer": "note", "note": answer})
    return found


@router.post(CASE + "/answers")
async def save_answers(request: Request, visit: Visiting, round_id: UUID, case_id: UUID, form: StaffForm) -> Response:
    body = {"version": whole(form.text("version")), "answers": answered_in(form)}
    try:
        await resources.of(runtime_of(request)).calls.replace(_of(round_id, case_id, "/answers"), body, visit.token)
    except Declined as error:
        return await _declined(request, visit, round_id, case_id, "answers", form, error.problem)
    return _back(round_id, case_id)


@router.post(CASE + "/rectification")
async def order(request: Request, visit: Visiting, round_id: UUID, case_id: UUID, form: StaffForm) -> Response:
    """Order the unit to put findings right (整改)."""
    body = {"version": whole(form.text("version")), "items": form.every("items"), **form.chosen(("due_on", "demand"))}
    return await _posted(request, visit, round_id, case_id, "rectification", form, body)


@router.post(CASE + "/conclusion")
async def conclude(request: Request, visit: Visiting, round_id: UUID, case_id: UUID, form: StaffForm) -> Response:
    body = {"version": whole(form.text("version")), **form.chosen(("grade", "text"))}
    return await _posted(request, visit, round_id, case_id, "conclusion", form, body)


async def _posted(
    request: Request, visit: Visit, round_id: UUID, case_id: UUID, what: str, form: Form, body: dict[str, Any]
) -> Response:
    calls = resources.of(runtime_of(request)).calls
    try:
        await calls.post(_of(round_id, case_id, f"/{what}"), form.key, body, visit.token)
    except Declined as error:
        return await _declined(request, visit, round_id, case_id, what, form, error.problem)
    return _back(round_id, case_id)


def _back(round_id: UUID, case_id: UUID) -> Response:
    return RedirectResponse(f"{HERE}/rounds/{round_id}/cases/{case_id}", status_code=303)


async def _declined(
    request: Request, visit: Visit, round_id: UUID, case_id: UUID, what: str, form: Form, problem: dict[str, Any]
) -> Response:
    """The case as it stands, with what was typed into the form that was refused."""
    content = {**await _case(request, visit, round_id, case_id), "open_form": what, "typed": form.typed()}
    return refused(request, "quality-case.html", problem, key=key_after(form, problem), **content)
