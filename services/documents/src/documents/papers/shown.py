"""The sections of a paper as people read them."""

from collections.abc import Mapping
from typing import Any

from documents.papers.library import Template
from documents.papers.models import PartOut


def parts(template: Template | None, sections: Mapping[str, Any]) -> list[PartOut]:
    """In the order of the template; by their names where this node does not have it."""
    known = {} if template is None else template.schema["properties"]
    order = (*known, *(name for name in sections if name not in known))
    return [_part(name, known.get(name, {}), sections[name]) for name in order if sections.get(name)]


def _part(name: str, field: Mapping[str, Any], value: Any) -> PartOut:
    plain = "\n".join(map(str, value)) if isinstance(value, list) else str(value)
    zh, en = field.get("labels", {}).get(plain, (plain, plain))
    return PartOut(section=name, title=field.get("title", name), title_en=field.get("title_en", name), zh=zh, en=en)
