"""What a reader states before an identity paper is opened: in headers, for addresses end up in logs."""

from collections.abc import Collection
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import Depends, Header, Request
from pydantic import TypeAdapter, ValidationError

from documents import resources
from documents.faces import runtime_of
from documents.identity import store
from documents.identity.domain import LONGEST, Purpose, fits
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime
from kit.texts import Line

WORDS = TypeAdapter(Line)


async def stated(
    request: Request,
    code: Annotated[
        str | None, Header(alias="Reading-Purpose", max_length=40, description="a code of reading-purposes")
    ] = None,
    words: Annotated[
        str | None, Header(alias="Reading-Purpose-Words", max_length=2000, description="UTF-8, percent-encoded")
    ] = None,
) -> Purpose | None:
    """Raises Refused: "purpose-unknown", "invalid-input"."""
    if code is None:
        return None
    return purpose_of(runtime_of(request), code, _clear(words), "header.Reading-Purpose-Words")


def purpose_of(runtime: Runtime, code: str, words: str | None, field: str) -> Purpose:
    """Raises Refused: "purpose-unknown", "invalid-input"."""
    try:
        said = WORDS.validate_python(words) if words else None
    except ValidationError:
        raise _bad(field) from None
    if said is not None and len(said) > LONGEST:
        raise _bad(field)
    purpose = Purpose(code, said)
    if not fits(purpose, {each.code: each.words for each in resources.of(runtime).settings.identity.purposes}):
        raise Refused("purpose-unknown", purposes=_choices(runtime))
    return purpose


def _clear(words: str | None) -> str | None:
    try:
        return None if words is None else unquote(words, errors="strict")
    except UnicodeDecodeError:
        raise _bad("header.Reading-Purpose-Words") from None


def _bad(field: str) -> Refused:
    reason = f"one line of at most {LONGEST} letters (一行,不超过 {LONGEST} 字)"
    return Refused("invalid-input", errors=[{"field": field, "reason": reason}])


Stated = Annotated[Purpose | None, Depends(stated)]


def needed(runtime: Runtime) -> Refused:
    """Says what to do, with the purposes to choose from."""
    return Refused("purpose-needed", purposes=_choices(runtime))


def _choices(runtime: Runtime) -> list[dict[str, Any]]:
    return [each.model_dump() for each in resources.of(runtime).settings.identity.purposes]


async def check(runtime: Runtime, session: Session, digests: Collection[str], purpose: Purpose | None) -> None:
    """Before bytes, pictures or texts of these contents are shown. Raises Refused("purpose-needed")."""
    if purpose is None and await store.marks(session, digests):
        raise needed(runtime)
