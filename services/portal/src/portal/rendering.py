"""Pages: Jinja2 templates, escaped, with headers that let nothing foreign run or look in."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from kit.health import simulated
from portal import resources, wording
from portal.forms import fresh_key
from portal.usecases import Visit
from portal.visits import ANALYSTS, OPERATORS, READERS, cookie_name, csrf_for, runtime_of, set_cookie, visitor_of
from portal.wording import DEFAULT, LANGUAGES, Wording

HERE = Path(__file__).parent
STATIC = HERE / "static"
A_YEAR = 31_536_000  # seconds
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # pages show personal data and query codes: a shared computer must not keep them
    "Cache-Control": "no-store",
}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": wording.moment, "deadline": wording.deadline, "size": wording.size}
    kept = b"".join(file.read_bytes() for file in sorted(STATIC.iterdir()))
    environment.globals["style"] = hashlib.sha256(kept).hexdigest()[:12]
    return environment


def language_of(request: Request) -> str:
    """Chosen with ?lang=, remembered in a cookie; Chinese otherwise."""
    for choice in (request.query_params.get("lang"), request.cookies.get("lang")):
        if choice in LANGUAGES:
            return choice
    return DEFAULT


def wording_of(request: Request) -> Wording:
    return Wording(language_of(request))


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """A page of the portal. `values` are the template's own; what every page needs is added here."""
    shared = _shared(request)
    text = _environment().get_template(template).render(**{**shared, **values})
    response = HTMLResponse(text, status, headers=HEADERS)
    if request.query_params.get("lang") in LANGUAGES:
        response.set_cookie(
            "lang", language_of(request), max_age=31_536_000, httponly=True, samesite="strict", path="/"
        )
    if cookie_name(request, "visitor") not in request.cookies:
        set_cookie(request, response, "visitor", visitor_of(request))
    return response


def _shared(request: Request) -> dict[str, Any]:
    runtime = runtime_of(request)
    visit: Visit | None = getattr(request.state, "visit", None)
    wording_ = wording_of(request)
    other = "en" if wording_.language == "zh" else "zh"
    roles = set(visit.account.roles) if visit else set()
    return {
        "t": wording_,
        "node_name": runtime.settings.node.name,
        "simulated": simulated(runtime.clock).get("simulated_time", {}).get("now"),
        "office_name": _unit_name(request, runtime.settings.node.office_unit),
        "visit": visit,
        "unread": getattr(request.state, "unread", None),
        "reads_cases": bool(roles & set(READERS)),
        "registers": bool(roles & {"clerk", "handler"}),
        "approves": "leader" in roles,
        "reads_statistics": bool(roles & set(ANALYSTS)),
        "answers_texts": bool(roles & set(OPERATORS)),
        "reads_gateways": bool(roles & {*OPERATORS, "supervisor", "analyst"}),
        "unit_name": lambda code: _unit_name(request, code),
        "csrf": csrf_for(request),
        "fresh_key": fresh_key,
        "path": request.url.path,
        # a page that answers a form cannot be asked for again in another language
        "other_language": _in_language(request, other) if request.method == "GET" else None,
        "typed": {},
        "errors": {},
        "problem": None,
        "key": None,
    }


def _in_language(request: Request, language: str) -> str:
    """This page's address in another language, without a host: a proxy may stand in between."""
    url = request.url.include_query_params(lang=language)
    return f"{url.path}?{url.query}"


def _unit_name(request: Request, code: str) -> str:
    unit = resources.of(runtime_of(request)).units.units.get(code)
    return unit.name if unit else code


def mark_of(field: str, strip: str) -> str:
    """The name of a field on the page: of a procedure's form, told as JSON Pointer, `fields.<name>`."""
    return field.removeprefix(strip).replace("/", ".")


def refused(
    request: Request, template: str, problem: dict[str, Any], *, strip: str = "body.", **values: Any
) -> Response:
    """A form again, with what was typed, what was wrong as a whole, and what is wrong with each field."""
    told = wording_of(request)
    named = {mark_of(str(item["field"]), strip): item for item in problem.get("errors", [])}
    if "field" in problem:
        named.setdefault(mark_of(str(problem["field"]), strip), {"reason": told.told(problem, "title")})
    errors = {name: told.reason(name, said) for name, said in named.items()}
    return page(request, template, status=int(problem["status"]), problem=problem, errors=errors, **values)
