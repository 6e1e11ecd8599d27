"""What was filled into the form of an action, as people read it, in both languages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

YES_NO = {True: ("是", "yes"), False: ("否", "no")}


@dataclass(frozen=True, slots=True)
class Filled:
    """One field. value: as it was sent; zh, en: as it is read."""

    name: str
    title_zh: str
    title_en: str
    value: Any
    zh: str
    en: str


def filled(form: Mapping[str, Any] | None, fields: Mapping[str, Any]) -> Iterator[Filled]:
    """The fields in the order of the form; what a form of today does not know keeps its name and comes last."""
    known = (form or {}).get("properties", {})
    for name in (*(name for name in known if name in fields), *(name for name in fields if name not in known)):
        schema, value = known.get(name, {}), fields[name]
        zh, en = _read(schema, value)
        yield Filled(name, schema.get("title", name), schema.get("title_en", name), value, zh, en)


def _read(schema: Mapping[str, Any], value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        return YES_NO[value]
    zh, en = schema.get("labels", {}).get(str(value), (str(value), str(value)))
    return zh, en
