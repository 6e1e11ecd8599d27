"""The sections of a paper, checked against the schema of its template: all that is wrong at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from pydantic import TypeAdapter

from documents.papers.domain import FromTemplate
from documents.papers.library import Template
from kit.auth import Principal
from kit.errors import Refused
from kit.texts import Prose

LONGEST = 100_000  # characters of one paper; laying them out takes seconds
_PROSE = TypeAdapter(Prose)
_FORMATS = FormatChecker(formats=())
_SAID = {
    "required": ("必填", "is required"),
    "additionalProperties": ("该文书没有此项", "is not a section of this paper"),
    "maxLength": ("不得超过 {limit} 个字", "has at most {limit} characters"),
    "maxItems": ("不得超过 {limit} 项", "has at most {limit} lines"),
    "minimum": ("不得小于 {limit}", "is at least {limit}"),
    "maximum": ("不得大于 {limit}", "is at most {limit}"),
    "enum": ("须为以下之一:{limit}", "is one of {limit}"),
    "format": ("须为日期,如 2026-01-31", "must be a date such as 2026-01-31"),
    "control": ("不允许控制字符", "must have no control characters"),
    "whole": ("全文不得超过 {limit} 个字", "all sections together have at most {limit} characters"),
}
_TYPES = {
    "string": ("须为文字", "must be text"),
    "integer": ("须为整数", "must be a whole number"),
    "array": ("须为若干行文字", "must be lines of text"),
}
_OTHERWISE = ("不符合要求", "is not valid")


@dataclass(frozen=True, slots=True, order=True)
class SectionError:
    """What is wrong with one section, never what was written: it may be personal data."""

    section: str
    rule: str
    zh: str
    en: str


@_FORMATS.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or (len(value) == 10 and date.fromisoformat(value) is not None)


def tidied(sections: Mapping[str, Any]) -> dict[str, Any]:
    """Without spaces around texts, without empty lines in lists, without sections in which nothing is written."""
    found: dict[str, Any] = {}
    for name, value in sections.items():
        if isinstance(value, str):
            value = value.strip().replace("\r\n", "\n")  # noqa: PLW2901 - the same value, tidied
        elif isinstance(value, list):
            value = [line.strip() if isinstance(line, str) else line for line in value]  # noqa: PLW2901
            value = [line for line in value if line != ""]  # noqa: PLW2901
        if value not in ("", [], None):
            found[name] = value
    return found


def check(template: Template, sections: Mapping[str, Any]) -> tuple[list[SectionError], list[SectionError]]:
    """What is wrong with what was written, and what is missing before the paper can be filed, each by section."""
    wrong: set[SectionError] = set()
    missing: set[SectionError] = set()
    for error in Draft202012Validator(template.schema, format_checker=_FORMATS).iter_errors(dict(sections)):
        for each in _told(error, template):
            (missing if each.rule == "required" else wrong).add(each)
    wrong.update(_unprintable(template, sections))
    if sum(map(_length, sections.values())) > LONGEST:
        wrong.add(_error("", "whole", template, LONGEST))
    return sorted(wrong), sorted(missing)


def check_complete(template: Template, sections: Mapping[str, Any], where: str = "body.sections") -> None:
    """Raises Refused("invalid-input") with everything that is wrong or missing."""
    wrong, missing = check(template, sections)
    if wrong or missing:
        raise Refused("invalid-input", errors=told([*wrong, *missing], where))


def written(
    template: Template, sections: Mapping[str, Any], writer: Principal, where: str = "body.sections"
) -> FromTemplate:
    """The paper, complete. Raises Refused: "not-allowed", "invalid-input"."""
    if not writer.roles & template.drafted_by:
        raise Refused("not-allowed")
    tidy = tidied(sections)
    check_complete(template, tidy, where)
    return FromTemplate(template.files_as, template.key, tidy)


def told(errors: list[SectionError], where: str) -> list[dict[str, str]]:
    """As problems list them."""
    said = [(f"{where}.{each.section}".rstrip("."), each.zh, each.en) for each in errors]
    return [{"field": section, "reason": f"{zh} ({en})", "zh": zh, "en": en} for section, zh, en in said]


def _length(value: object) -> int:
    if isinstance(value, list):
        return sum(map(_length, value))
    return len(value) if isinstance(value, str) else 0


def _unprintable(template: Template, sections: Mapping[str, Any]) -> Iterator[SectionError]:
    for name, value in sections.items():
        lines = value if isinstance(value, list) else [value]
        try:
            for line in lines:
                _PROSE.validate_python(line if isinstance(line, str) else "-")
        except ValueError:
            yield _error(name, "control", template)


def _told(error: ValidationError, template: Template) -> Iterator[SectionError]:
    """One error of the library as the sections it is about."""
    limit: Any = error.validator_value
    instance: Any = error.instance
    rule = str(error.validator)
    if rule == "required" and not error.absolute_path:
        names = [name for name in limit if name not in instance]
    elif rule == "additionalProperties":
        names = [name for name in instance if name not in template.schema["properties"]]
    else:
        names = [str(error.absolute_path[0])] if error.absolute_path else [""]
    for name in names:
        yield _error(name[:100], rule, template, limit)


def _error(name: str, rule: str, template: Template, limit: Any = None) -> SectionError:
    field = template.schema["properties"].get(name, {})
    zh, en = _TYPES.get(str(limit), _OTHERWISE) if rule == "type" else _SAID.get(rule, _OTHERWISE)
    shown = [", ".join(limit)] * 2 if rule == "enum" else [limit, limit]
    said_zh = f"{field.get('title', name)}:{zh.format(limit=shown[0])}".lstrip(":")
    said_en = f"{field.get('title_en', name)}: {en.format(limit=shown[1])}".lstrip(": ")
    return SectionError(name, rule, said_zh, said_en)
