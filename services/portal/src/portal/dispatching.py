"""Forms about dispatches (公文) as bodies of requests to documents."""

import hashlib
from collections.abc import Mapping
from typing import Any

from contracts.units import UnitDirectory
from kit.errors import Refused
from portal.forms import Form
from portal.wording import at_china_clock

# a step of the page -> the part of documents' interface
STEPS: Mapping[str, str] = {
    "send": "sending", "enclose": "enclosures", "sign": "signature", "return": "return", "recall": "recall",
    "urge": "urging", "adopt": "adoption",
}  # fmt: skip


def body_of(form: Form, step: str) -> dict[str, Any]:
    """Raises Refused("invalid-input") for a date that is none."""
    if step == "send":
        body: dict[str, Any] = {**form.chosen(("title", "urgency")), "body": form.text("body") or None}
        if form.text("answer_by"):
            body["answer_by"] = _moment(form.text("answer_by"))
        return {**body, "recipients": form.every("recipients")}
    if step == "enclose":
        return {"of": form.text("of"), "files": form.every("lent"), "sealed_papers": form.every("sealed_papers")}
    if step in {"recall", "urge"}:
        return {"units": form.every("unit")}
    return form.chosen({"return": ("reason",), "adopt": ("mark", "note")}.get(step, ()))


def letter_in(form: Form, units: UnitDirectory) -> tuple[str, dict[str, Any]]:
    """The letter that was typed, and the key it is filed under: the same letter once, another one anew.

    Raises Refused("invalid-input") where nothing was typed.
    """
    if not form.text("text"):
        raise Refused("invalid-input", errors=[{"field": "body.text", "reason": "nothing is written (没有写正文)"}])
    sections: dict[str, Any] = {"title": form.text("title"), "text": form.text("text")}
    if form.text("kind") != "bulletin":
        named = [units.units[code].name if code in units.units else code for code in form.every("recipients")]
        sections["to_units"] = named[:29] + (["等单位"] if len(named) > 29 else [])
    digest = hashlib.sha256(repr(sections).encode()).hexdigest()[:16]
    return f"{form.key[:80]}-{digest}", {"sections": sections}


def _moment(text: str) -> str:
    try:
        return at_china_clock(text)
    except ValueError as error:
        wrong = {"field": "body.answer_by", "reason": "not a date (须为日期)"}
        raise Refused("invalid-input", errors=[wrong]) from error
