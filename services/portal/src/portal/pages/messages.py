"""The inbox (站内消息): what happened that the unit and role of this person are told."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from portal import resources
from portal.forms import StaffForm
from portal.rendering import page
from portal.routes import STAFF, PageRoute
from portal.visits import READERS, Visiting, runtime_of, staff

router = APIRouter(prefix=STAFF, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*READERS)])
INBOX = "/api/notify/v1/inbox"
PATH = f"{STAFF}/messages"


@router.get("/messages")
async def messages(
    request: Request, visit: Visiting, unread: Annotated[str, Query(max_length=4)] = "",
    cursor: Annotated[str, Query(max_length=64)] = "",
) -> Response:  # fmt: skip
    """unread: "yes", only those that this person has not read."""
    held = resources.of(runtime_of(request))
    asked: dict[str, Any] = {"limit": held.settings.rows_a_page, **({"cursor": cursor} if cursor else {})}
    if unread:
        asked["unread"] = "true"
    found = await held.calls.get(INBOX, visit.token, params=asked)
    return page(
        request, "messages.html", items=found["items"], more=found["next"], first=not cursor, only_unread=bool(unread)
    )


@router.post("/messages/read")
async def read(request: Request, visit: Visiting, form: StaffForm) -> Response:
    """One item, and on to its case, or to the texts that it is about; or all up to the newest that was shown."""
    held = resources.of(runtime_of(request))
    body = {"items": form.every("item")} if form.text("item") else {"until": form.text("until")}
    await held.calls.post(f"{INBOX}/read", form.key, body, visit.token)
    held.bells.forget(visit.account.username)
    return RedirectResponse(_on_to(form.text("case"), form.text("texts")), status_code=303)


def _on_to(case: str, texts: str) -> str:
    """texts: a conversation, or any other word for all that wait at the desk."""
    if texts:
        return f"{STAFF}/texts/{texts}" if _is_id(texts) else f"{STAFF}/texts"
    return f"{STAFF}/cases/{case}" if _is_id(case) else PATH


def _is_id(text: str) -> bool:
    return len(text) == 36 and set(text) <= set("0123456789abcdef-")
