"""Who is at the page: cookies, the policy of staff pages, and the secret that a visitor's forms carry."""

import secrets
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import Response

from kit.auth import Policy, Principal
from kit.errors import Refused
from kit.runtime import Runtime
from portal import resources, usecases
from portal.usecases import Visit

READERS = ("clerk", "handler", "leader", "supervisor")
ANALYSTS = ("analyst", *READERS)
OPERATORS = ("clerk", "leader")  # of text messages


def runtime_of(request: Request) -> Runtime:
    runtime: Runtime = request.app.state.runtime
    return runtime


def cookie_name(request: Request, kind: str) -> str:
    """Named by node: browsers do not keep cookies of different ports apart, and a desk may use several nodes."""
    return f"{kind}-{runtime_of(request).node}"


def set_cookie(request: Request, response: Response, kind: str, value: str) -> None:
    """A cookie no script can read and no other site can send; it ends with the browser."""
    secure = runtime_of(request).settings.node.public_url.startswith("https://")
    response.set_cookie(cookie_name(request, kind), value, httponly=True, samesite="strict", secure=secure, path="/")


def session_id_of(request: Request) -> str | None:
    return request.cookies.get(cookie_name(request, "session"))


def start_session(request: Request, response: Response, session_id: str) -> None:
    set_cookie(request, response, "session", session_id)


def end_session(request: Request, response: Response) -> None:
    response.delete_cookie(cookie_name(request, "session"), path="/", httponly=True, samesite="strict")


async def signed_in_visit(request: Request) -> Visit:
    """The person whose session this is. Raises Refused("not-signed-in")."""
    session_id = session_id_of(request)
    if session_id is None:
        raise Refused("not-signed-in")
    visit = await usecases.visit_of(runtime_of(request), session_id)
    request.state.visit = visit
    return visit


async def _principal(visit: Annotated[Visit, Depends(signed_in_visit)]) -> Principal:
    account = visit.account
    # pages read nothing themselves: the services, asked with a token, know which units are above
    return Principal(account.username, account.unit, account.region, frozenset(account.roles), expires=0, above=())


class StaffPolicy(Policy):
    """The rule of a staff page: the person behind the session cookie holds one of the roles."""

    def __str__(self) -> str:
        return f"session: {super().__str__()}"

    async def __call__(self, request: Request, principal: Annotated[Principal, Depends(_principal)]) -> Principal:
        if request.method == "GET" and principal.roles & set(READERS):
            held, visit = resources.of(runtime_of(request)), request.state.visit
            request.state.unread = await held.bells.count(held.calls, visit.account.username, visit.token)
        return self.check(principal)


def staff(*roles: str) -> Any:
    """Dependency for staff pages; with no role it asks only for a session."""
    return Depends(StaffPolicy(*roles))


Visiting = Annotated[Visit, Depends(signed_in_visit)]


def visitor_of(request: Request) -> str:
    """The random value that ties the public forms of one browser together; new when it has none."""
    known: str | None = getattr(request.state, "visitor", None) or request.cookies.get(cookie_name(request, "visitor"))
    request.state.visitor = known or secrets.token_urlsafe(24)
    visitor: str = request.state.visitor
    return visitor


def csrf_for(request: Request) -> str:
    """What forms of this page must bring back: of the session on staff pages, of the browser on public ones."""
    visit: Visit | None = getattr(request.state, "visit", None)
    return visit.csrf if visit else usecases.csrf_of(runtime_of(request), visitor_of(request))
