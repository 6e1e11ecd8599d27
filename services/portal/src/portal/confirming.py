"""Asking for the password again, before what a stranger at an open desk must not do (审批、转送、导出、查看身份)."""

from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from kit.errors import Refused
from portal import usecases
from portal.forms import Form
from portal.rendering import page, refused
from portal.routes import STAFF, refused_by
from portal.usecases import Visit
from portal.visits import runtime_of, session_id_of

ACTIONS = frozenset({"approve", "transfer", "assign", "export"})
IDENTITY = "identity"
LEDGER = "ledger"


async def unless_confirmed(
    request: Request, visit: Visit, form: Form, what: str, *subjects: UUID, back: str | None = None
) -> Response | None:
    """None when the form may have its effect; else the page that asks for the password and sends the form on.

    The form keeps its key: sent on, it is the same one. subjects: the cases it is about; back: the page it came from,
    if that is not the case's.
    """
    if visit.confirmed:
        return None
    back = back or f"{STAFF}/cases/{subjects[0]}"
    kept: dict[str, Any] = {"sends": form.kept(), "key": form.key, "what": what, "back": back}
    password = form.secret("password")
    if not password:
        return page(request, "confirm.html", **kept)
    try:
        session_id = session_id_of(request) or ""
        await usecases.confirm(runtime_of(request), session_id, visit.account, password, what=what, subjects=subjects)
    except Refused as error:
        return refused(request, "confirm.html", refused_by(error), **kept)
    return None
