"""HTTP face of the texts that go out: what they say, and what they will be."""

from typing import Annotated

from fastapi import APIRouter, Request

from kit.auth import Principal, allow
from kit.db import LateDb
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.runtime import Runtime
from notify import resources
from notify.domain import Template
from notify.outbound.models import PartOut, PreviewIn, PreviewOut, TemplateOut
from notify.outbound.parts import Alphabet, split, units_of
from notify.outbound.previews import preview, sample
from notify.resources import Resources

router = APIRouter(prefix="/api/notify/v1", route_class=IdempotentRoute, tags=["templates"])
Office = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor", "operator")]


@router.get("/templates")
async def list_templates(request: Request, _: Office) -> list[TemplateOut]:
    """What petitioners are told, in the words of this node and of its units."""
    held = resources.of(request.app.state.runtime)
    common = [_shown(held, each, None) for each in held.templates.values()]
    return common + [_shown(held, each, unit) for (unit, _, _), each in held.templates.own.items() if unit != "all"]


def _shown(held: Resources, template: Template, unit: str | None) -> TemplateOut:
    return TemplateOut(
        name=template.name,
        language=template.language,
        unit=unit,
        version=template.version,
        text=template.text,
        fields=sorted(template.fields),
        statutory=template.name in held.settings.outbound.statutory,
        parts=len(split(sample(template, _of_node(held)))),
    )


def _of_node(held: Resources) -> dict[str, str]:
    return {"office": held.office, "link": held.link}


@router.post("/templates/preview", dependencies=[Idempotent])
async def preview_text(request: Request, _: LateDb, who: Office, body: PreviewIn) -> PreviewOut:
    """As how many short messages it goes out, where they are divided, and what they cost. Nothing is sent."""
    runtime: Runtime = request.app.state.runtime
    held = resources.of(runtime)
    shown = preview(_text(held, who.unit, body), held.settings.gateways)
    alphabet = shown.parts.alphabet
    return PreviewOut(
        text=shown.text,
        alphabet="gsm-7" if alphabet is Alphabet.GSM else "ucs-2",
        units=shown.parts.units,
        room=shown.room,
        parts=[PartOut(text=each, units=sum(units_of(one, alphabet) for one in each)) for each in shown.parts.texts],
        costs=dict(shown.costs),
    )


def _text(held: Resources, unit: str, body: PreviewIn) -> str:
    """Raises Refused: "no-such-template", "not-a-lawful-text"."""
    if (body.text is None) == (body.template is None):
        raise Refused("not-a-lawful-text")
    if body.text is not None:
        return body.text
    try:
        template = held.templates.of(unit, body.template or "", body.language)
    except KeyError:
        raise Refused("no-such-template") from None
    try:
        return sample(template, _of_node(held) | dict(body.values.items()))
    except ValueError:
        raise Refused("not-a-lawful-text") from None
