"""HTTP face of the texts that can go out: what they say, and what they will be."""

from typing import Annotated

from fastapi import APIRouter, Request

from kit.auth import Principal, allow
from kit.db import LateDb
from kit.errors import Refused
from kit.idempotency import Idempotent, IdempotentRoute
from kit.runtime import Runtime
from notify import resources
from notify.outbound.parts import Alphabet, TooLong, split, units_of
from notify.resources import Resources
from notify.words.domain import Text
from notify.words.models import Language, PartOut, PreviewIn, PreviewOut, TemplateOut, Use
from notify.words.previews import preview, sample

router = APIRouter(prefix="/api/notify/v1", route_class=IdempotentRoute, tags=["templates"])
Office = Annotated[Principal, allow("clerk", "handler", "leader", "supervisor", "operator")]


@router.get("/templates")
async def list_templates(
    request: Request, _: Office, use: Use | None = None, language: Language | None = None
) -> list[TemplateOut]:
    """Every text that can go out, in the words of this node and of its units."""
    held = resources.of(request.app.state.runtime)
    wanted = ((unit, text) for unit, text in held.words.listed() if use in {None, text.use})
    return [_shown(held, text, unit) for unit, text in wanted if language in {None, text.language}]


def _shown(held: Resources, text: Text, unit: str | None) -> TemplateOut:
    said = sample(text, _of_node(held))
    return TemplateOut.model_validate({
        "use": text.use, "name": text.name, "language": text.language, "unit": unit, "version": text.version,
        "text": text.text, "fields": sorted(text.fields), "statutory": text.name in held.settings.outbound.statutory,
        "sample": said, "parts": len(split(said)),
    })  # fmt: skip


def _of_node(held: Resources) -> dict[str, str]:
    return {"office": held.office, "link": held.link}


@router.post("/templates/preview", dependencies=[Idempotent])
async def preview_text(request: Request, _: LateDb, who: Office, body: PreviewIn) -> PreviewOut:
    """As how many short messages it goes out, where they are divided, and what they cost. Nothing is sent."""
    runtime: Runtime = request.app.state.runtime
    held = resources.of(runtime)
    try:
        shown = preview(_text(held, who.unit, body), held.settings.gateways)
    except TooLong:
        raise Refused("not-a-lawful-text") from None
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
        text = held.words.of(unit, body.template or "", body.language)
    except KeyError:
        raise Refused("no-such-template") from None
    try:
        return sample(text, _of_node(held) | dict(body.values.items()))
    except ValueError:
        raise Refused("not-a-lawful-text") from None
