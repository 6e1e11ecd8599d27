"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from kit.auth import public
from kit.errors import Refused
from portal import usecases
from portal.forms import PublicForm, staff_form
from portal.rendering import page, refused
from portal.routes import STAFF, PageRoute, local, refused_by
from portal.visits import end_session, runtime_of, session_id_of, staff, start_session

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Next = Annotated[str, Query(alias="next", max_length=200)]


@router.get("/sign-in", dependencies=[public()])
async def sign_in_form(request: Request, next_page: Next = STAFF) -> Response:
    usecases.built_in(runtime_of(request))
    return page(request, "sign-in.html", next_page=local(next_page), ended=next_page != STAFF)


@router.post("/sign-in", dependencies=[public()])
async def sign_in(request: Request, form: PublicForm) -> Response:
    """Start a session. A form sent twice starts a second one and ends the first: nothing to remember a key for."""
    runtime, next_page = runtime_of(request), local(form.text("next"))
    try:
        account = await usecases.authenticate(runtime, form.text("username"), form.secret("password"))
    except Refused as error:
        problem = refused_by(error)
        return refused(request, "sign-in.html", problem, typed=form.typed(), next_page=next_page, ended=False)
    session_id = await usecases.open_session(runtime, account, session_id_of(request))
    response = RedirectResponse(next_page, status_code=303)
    start_session(request, response, session_id)
    return response


@router.post("/sign-out", dependencies=[staff(), Depends(staff_form, scope="function")])
async def sign_out(request: Request) -> Response:
    await usecases.close_session(runtime_of(request), session_id_of(request) or "")
    response = RedirectResponse("/", status_code=303)
    end_session(request, response)
    return response
