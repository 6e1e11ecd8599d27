"""Every page has a policy, and every form its check."""

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from kit.app import build_app
from kit.auth import Policy, Public, policy_of
from kit.idempotency import keyed
from portal import forms
from portal.main import service
from portal.visits import StaffPolicy

CHECKS = {forms.public_form, forms.staff_form, keyed}
# they parse their forms themselves, bounded by their own sizes
OWN_CHECK = {
    "/staff/cases/{case_id}/files", "/staff/cases/{case_id}/drafts/{draft_id}/docx",
    "/staff/office/drafts/{draft_id}/docx", "/staff/dispatches/{dispatch_id}/files",
}  # fmt: skip


def routes(app: FastAPI) -> list[APIRoute]:
    return [route for route in app.routes if isinstance(route, APIRoute)]


def is_checked(dependant: Dependant) -> bool:
    return any(each.call in CHECKS or is_checked(each) for each in dependant.dependencies)


def unchecked(app: FastAPI) -> list[str]:
    """Forms that another site could send."""
    posts = [route for route in routes(app) if "POST" in (route.methods or set())]
    return [route.path for route in posts if not is_checked(route.dependant) and route.path not in OWN_CHECK]


def open_to_strangers(app: FastAPI) -> list[str]:
    """Staff pages that do not ask for a session."""
    found = [route for route in routes(app) if route.path.startswith("/staff")]
    return [r.path for r in found if not isinstance(policy_of(r.dependant.dependencies), StaffPolicy)]


def test_every_route_says_who_may_come() -> None:
    found = routes(build_app(service))
    assert len(found) > 20
    assert all(isinstance(policy_of(route.dependant.dependencies), Policy | Public) for route in found)


def test_staff_pages_ask_for_a_session_and_forms_for_their_token() -> None:
    app = build_app(service)
    assert open_to_strangers(app) == []
    assert unchecked(app) == []


def test_a_page_without_a_session_and_a_form_without_a_token_are_noticed() -> None:
    router = APIRouter()
    router.add_api_route("/staff/open", lambda: None, methods=["POST"])
    app = FastAPI(openapi_url=None)
    app.router.routes.extend(router.routes)
    assert open_to_strangers(app) == ["/staff/open"]
    assert unchecked(app) == ["/staff/open"]


def test_only_the_interfaces_for_programs_are_described() -> None:
    assert set(build_app(service).openapi()["paths"]) == {"/api/portal/v1/tokens", "/.well-known/jwks.json"}
