"""The desk of text messages (短信坐席): what nobody could parse, conversations, answers, petitions made by hand."""

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.calls import Calls, Declined
from portal.choices import units_near
from portal.deciding import whole
from portal.forms import Form, StaffForm, key_after
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import OPERATORS, Visiting, runtime_of, staff

HERE = f"{STAFF}/texts"
API = "/api/notify/v1"
router = APIRouter(prefix=HERE, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*OPERATORS)])
Cursor = Annotated[str, Query(max_length=64)]
Done = Annotated[str, Query(max_length=32)]
# what a form of the page asks notify for: the last part of the path, and the fields it takes
STEPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "take": ("taking", ()), "reply": ("replies", ("text",)), "hand": ("handing", ("unit", "operator", "seen")),
    "close": ("closing", ()), "block": ("block", ("hours", "reason")), "unblock": ("unblocking", ()),
    "decide": ("objection", ("decision",)),
    "convert": ("petition", ("text_id", "name", "address", "content")),
    "supplement": ("supplement", ("text_id", "number")),
}  # fmt: skip
OF_A_TEXT = ("convert", "supplement")  # steps of the page of one text
FORM = re.compile("[#＃]")
REFRESH = "15"  # seconds


def _calls(request: Request) -> Calls:
    return resources.of(runtime_of(request)).calls


def _asked(request: Request, cursor: str, **more: Any) -> dict[str, Any]:
    shown = {"limit": resources.of(runtime_of(request)).settings.rows_a_page, **more}
    return {**shown, "cursor": cursor} if cursor else shown


async def _queue(request: Request, visit: Visit, cursor: str) -> dict[str, Any]:
    """Raises Declined."""
    found = await _calls(request).get(f"{API}/texts/queue", visit.token, params=_asked(request, cursor))
    return {"texts": found["items"], "more": found["next"], "first": not cursor, "watch": False}


@router.get("")
async def queue(request: Request, visit: Visiting, cursor: Cursor = "", *, watch: bool = False) -> Response:
    """What waits for a person, with how long it may still wait. watch: the page loads itself again."""
    answer = page(request, "texts.html", **{**await _queue(request, visit, cursor), "watch": watch})
    if watch:
        answer.headers["Refresh"] = f"{REFRESH}; url={HERE}?watch=true"
    return answer


@router.post("")
async def find(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """The conversation with a number, which is in no address."""
    try:
        found = await _calls(request).post(
            f"{API}/conversations/search", form.key, form.chosen(("phone",)), visit.token
        )
    except Declined as error:
        kept = await _queue(request, visit, "")
        return refused(request, "texts.html", error.problem, key=key_after(form, error.problem), **kept)
    return RedirectResponse(f"{HERE}/{found['conversation']}", status_code=303)


@router.get("/conversations")
async def conversations(
    request: Request, visit: Visiting, cursor: Cursor = "", *, mine: bool = False, closed: bool = False
) -> Response:
    """mine: what the person works on; closed: also those that are dealt with."""
    chosen = {"mine": mine, "open": not closed}
    found = await _calls(request).get(f"{API}/conversations", visit.token, params=_asked(request, cursor, **chosen))
    return page(
        request, "conversations.html", rows=found["items"], more=found["next"], first=not cursor, mine=mine,
        closed=closed,
    )  # fmt: skip


@router.get("/of-case/{case_id}")
async def of_case(request: Request, visit: Visiting, case_id: UUID) -> Response:
    """The conversation with the petitioner of a case."""
    found = await _calls(request).get(f"{API}/conversations/of-petition/{case_id}", visit.token)
    return RedirectResponse(f"{HERE}/{found['conversation']}", status_code=303)


async def _content(request: Request, visit: Visit, conversation_id: UUID, before: str = "") -> dict[str, Any]:
    """Raises Declined."""
    params = {"before": before} if before else {}
    told = await _calls(request).get(f"{API}/conversations/{conversation_id}", visit.token, params=params)
    held, node = resources.of(runtime_of(request)), runtime_of(request).node
    near = units_near(held.units, visit.account, leave_out=[told["unit"]])
    here = {group: own for group, units in near.items() if (own := [each for each in units if each.node == node])}
    return {"told": told, "near": here, "open_form": "reply", "done": None, "first": not before}


@router.get("/{conversation_id}")
async def conversation(
    request: Request, visit: Visiting, conversation_id: UUID, before: Annotated[str, Query(max_length=36)] = "",
    done: Done = "",
) -> Response:  # fmt: skip
    """What went to and fro; notify records the reading."""
    content = await _content(request, visit, conversation_id, before)
    return page(request, "conversation.html", **{**content, "done": done})


def prefilled(text: str) -> dict[str, str]:
    """The parts of a text that was almost as it should be; else all of it is what it is about."""
    parts = [part.strip() for part in FORM.split(text, maxsplit=2)]
    if len(parts) == 3:
        return dict(zip(("name", "address", "content"), parts, strict=True))
    return {"name": parts[0], "content": parts[1]} if len(parts) == 2 else {"content": text}


@router.get("/{conversation_id}/convert/{text_id}")
async def convert_page(request: Request, visit: Visiting, conversation_id: UUID, text_id: UUID) -> Response:
    """A text beside what can be made of it by hand: a petition, or more to one that the telephone raised before."""
    return page(request, "convert.html", **await _converting(request, visit, conversation_id, str(text_id)))


async def _converting(request: Request, visit: Visit, conversation_id: UUID, text_id: str) -> dict[str, Any]:
    """Raises Declined."""
    before = UUID(int=UUID(text_id).int + 1)  # the page that begins with it
    told = await _calls(request).get(
        f"{API}/conversations/{conversation_id}", visit.token, params={"before": str(before)}
    )
    text = next((each for each in told["said"] if each["id"] == text_id), None)
    said = "" if text is None or text["text"] is None else text["text"]
    return {"told": told, "text": text, "text_id": text_id, "typed": prefilled(said), "open_form": "convert"}


@router.post("/{conversation_id}/{step}")
async def act(request: Request, visit: Visiting, conversation_id: UUID, step: str, form: StaffForm) -> Response:
    """One step of the desk."""
    if step not in STEPS:
        return RedirectResponse(f"{HERE}/{conversation_id}", status_code=303)
    last, fields = STEPS[step]
    body: dict[str, Any] = dict(form.chosen(fields))
    if "hours" in body:
        body["hours"] = whole(body["hours"])
    try:
        await _calls(request).post(f"{API}/conversations/{conversation_id}/{last}", form.key, body, visit.token)
    except Declined as error:
        return await _declined(request, visit, conversation_id, step, form, error.problem)
    # what is handed on is another's, and what a unit has finished the office's again
    ours = visit.account.unit == runtime_of(request).settings.node.office_unit
    left = step == "hand" or (step == "close" and not ours)
    return RedirectResponse(HERE if left else f"{HERE}/{conversation_id}?done={step}", status_code=303)


async def _declined(
    request: Request, visit: Visit, conversation_id: UUID, step: str, form: Form, problem: dict[str, Any]
) -> Response:
    """What was typed is not lost."""
    key = key_after(form, problem)
    if step in OF_A_TEXT:
        content = await _converting(request, visit, conversation_id, form.text("text_id"))
        typed = form.typed() if step == "convert" else content["typed"]
        return refused(request, "convert.html", problem, key=key, **{**content, "typed": typed, "open_form": step})
    content = {**await _content(request, visit, conversation_id), "open_form": step, "typed": form.typed()}
    return refused(request, "conversation.html", problem, key=key, **content)
