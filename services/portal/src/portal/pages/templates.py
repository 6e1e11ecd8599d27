"""What text messages can say (短信模板): every text by its use, and as how many short messages each goes out."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from kit.errors import Refused
from portal import resources
from portal.calls import Declined
from portal.forms import StaffForm, key_after
from portal.pages.notices import TEMPLATES as API
from portal.pages.notices import of_unit, spoken
from portal.rendering import page, refused, wording_of
from portal.routes import STAFF, PageRoute
from portal.usecases import Visit
from portal.visits import OPERATORS, Visiting, runtime_of, staff

HERE = f"{STAFF}/templates"
router = APIRouter(prefix=HERE, route_class=PageRoute, include_in_schema=False, dependencies=[staff(*OPERATORS)])
USES = ("notice", "answer", "mass")
TYPED = ("number", "query_code", "stage", "date", "until")  # what a preview may be given
DAYS = ("date", "until")
Language = Annotated[str, Query(max_length=2)]
Name = Annotated[str, Path(max_length=64)]


def said_in(request: Request, language: str) -> str:
    """The language of the texts; that of the page where none was chosen."""
    return language if language in {"zh", "en"} else wording_of(request).language


async def _texts(request: Request, visit: Visit, language: str) -> list[dict[str, Any]]:
    """Raises Declined."""
    calls = resources.of(runtime_of(request)).calls
    found: list[dict[str, Any]] = await calls.get(API, visit.token, params={"language": language})
    return found


@router.get("")
async def templates(request: Request, visit: Visiting, language: Language = "") -> Response:
    chosen = said_in(request, language)
    texts = await _texts(request, visit, chosen)
    by_use = [(use, [each for each in texts if each["use"] == use]) for use in USES]
    return page(request, "message-templates.html", by_use=by_use, language=chosen, spoken=spoken(request))


async def _content(request: Request, visit: Visit, name: str, language: str) -> dict[str, Any]:
    """As the person's unit says it. Raises Declined, Refused("not-found")."""
    texts = of_unit(await _texts(request, visit, language), visit.account.unit)
    text = next((each for each in texts if each["name"] == name), None)
    if text is None:
        raise Refused("not-found")
    fields = [field for field in TYPED if field in text["fields"]]
    return {"text": text, "fields": fields, "days": DAYS, "spoken": spoken(request), "shown": None}


@router.get("/{name}")
async def template(request: Request, visit: Visiting, name: Name, language: Language = "") -> Response:
    return page(request, "message-template.html", **await _content(request, visit, name, said_in(request, language)))


@router.post("/{name}")
async def preview(request: Request, visit: Visiting, name: Name, form: StaffForm) -> Response:
    """Where it is divided with these values, and what it costs; nothing is sent."""
    language = said_in(request, form.text("language"))
    content = await _content(request, visit, name, language)
    body = {"template": name, "language": language, "values": form.chosen(content["fields"])}
    calls = resources.of(runtime_of(request)).calls
    try:
        shown = await calls.post(f"{API}/preview", form.key, body, visit.token)
    except Declined as error:
        content |= {"typed": form.typed(), "key": key_after(form, error.problem)}
        return refused(request, "message-template.html", error.problem, strip="body.values.", **content)
    return page(request, "message-template.html", **{**content, "shown": shown, "typed": form.typed()})
