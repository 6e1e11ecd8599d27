"""What was typed into the form of an action, as the body that routing takes.

What cannot be read as the type that is asked for is passed on as it was typed: routing refuses it and names the field.
"""

import re
from collections.abc import Callable
from typing import Any

from portal.actions import OWN
from portal.forms import Form
from portal.wording import at_china_clock

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SEVERAL = frozenset({"papers", "accused_units"})
WHOLE = re.compile(r"-?[0-9]{1,18}")
OF_PROCEDURE = re.compile(r"fields\.(string|integer|boolean|date|date-time|array)\.([a-z][a-z0-9_]{0,39})")


def whole(text: str) -> int | str:
    return int(text) if text.isascii() and WHOLE.fullmatch(text) else text


def moment(text: str) -> str:
    try:
        return at_china_clock(text)
    except ValueError:
        return text


def lead_case(text: str) -> str:
    """The case whose page was pasted, or whose id."""
    found = re.search(UUID, text.lower())
    return found[0] if found else text


def _yes(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text, text)


READ: dict[str, Callable[[str], Any]] = {
    "version": whole, "route": whole, "days": whole, "due_at": moment, "served_at": moment, "requested_at": moment,
    "lead": lead_case, "integer": whole, "boolean": _yes, "date-time": moment,
    "array": str.splitlines,
}  # fmt: skip


def read(kind: str, text: str) -> Any:
    return READ.get(kind, str)(text)


def body_of(form: Form, action: str) -> dict[str, Any]:
    """The decision: version seen, note, what the action takes, and the fields of the procedure that were filled."""
    names = ("note", *(name for name in OWN.get(action, ()) if name not in SEVERAL))
    given = {name: read(name, text) for name, text in form.chosen(names).items()}
    body: dict[str, Any] = {"version": whole(form.text("version")), **given}
    body |= {name: form.every(name) for name in OWN.get(action, ()) if name in SEVERAL}
    return {**body, "fields": fields} if (fields := fields_in(form)) else body


def fields_in(form: Form) -> dict[str, Any]:
    """What was typed into the fields of a JSON Schema, by their names."""
    asked = [found for name in form.data if (found := OF_PROCEDURE.fullmatch(name))]
    return {each[2]: read(each[1], text) for each in asked if (text := form.text(each[0]))}
