"""The fields that an action takes: checking what a caller sent against the form of the procedure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from routing.procedures.domain import ActionRule

NO_FIELDS: Mapping[str, Any] = {"type": "object", "additionalProperties": False}
_FORMATS = FormatChecker(formats=["date"])

_TYPES = {
    "string": ("须为文字", "must be text"),
    "integer": ("须为整数", "must be a whole number"),
    "boolean": ("须为是或否", "must be true or false"),
}
_SAID = {
    "required": ("必填", "is required"),
    "unexpected": ("本操作没有此项", "is not asked for here"),
    "minLength": ("至少 {limit} 个字", "needs at least {limit} characters"),
    "maxLength": ("不得超过 {limit} 个字", "has at most {limit} characters"),
    "minimum": ("不得小于 {limit}", "is at least {limit}"),
    "maximum": ("不得大于 {limit}", "is at most {limit}"),
    "enum": ("须为以下之一:{limit}", "is one of {limit}"),
    "past": ("不得晚于现在", "is not later than now"),
    "pattern": ("格式不符", "does not have the right form"),
}
_WRITTEN = {
    "date": ("须为日期,如 2026-01-31", "must be a date such as 2026-01-31"),
    "date-time": ("须为带时区的时间", "must be a time with its time zone"),
}
_OTHERWISE = ("不符合要求", "is not valid")


@dataclass(frozen=True, slots=True, order=True)
class FieldError:
    """What is wrong with one field, never the value itself: it may be personal data.

    pointer: JSON Pointer (RFC 6901) into the fields; rule: the JSON Schema keyword that is not met, or "unexpected".
    """

    pointer: str
    rule: str
    zh: str
    en: str


@_FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def check_form(
    rule: ActionRule, fields: Mapping[str, Any], note: str | None = None, now: datetime | None = None
) -> list[FieldError]:
    """All that is wrong with the fields at once, in the order of their names; an empty list when nothing is.

    note: the note that comes with the action, where the caller has one: some actions must give reasons (Art 23).
    now: what is recorded as done is not later.
    """
    form = rule.form or NO_FIELDS
    validator = Draft202012Validator(form, format_checker=_FORMATS)
    found = {error for each in validator.iter_errors(dict(fields)) for error in _told(each, form)}
    for name, field in form.get("properties", {}).items():
        if now is not None and field.get("past") and _is_later(fields.get(name), now):
            found.add(_error(f"/{_escaped(name)}", "past", field))
    if rule.note and note is not None and not note.strip():
        found.add(_error("/note", "required", {"title": "说明", "title_en": "Note"}))
    return sorted(found)


def _is_later(value: object, now: datetime) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) > now
    except (TypeError, ValueError):
        return False  # not a moment: that is told already


def _told(error: ValidationError, form: Mapping[str, Any]) -> Iterator[FieldError]:
    """One error of the library as the fields it is about."""
    keyword = str(error.validator)
    limit: Any = error.validator_value
    instance: Any = error.instance
    properties = form.get("properties", {})
    if keyword == "required":
        names = [name for name in limit if name not in instance]
    elif keyword == "additionalProperties":
        keyword, names = "unexpected", [name for name in instance if name not in properties]
    else:
        names = [str(error.absolute_path[0])]
    for name in names:
        yield _error(f"/{_escaped(name)}", keyword, properties.get(name, {}), limit)


def _error(pointer: str, keyword: str, field: Mapping[str, Any], limit: Any = None) -> FieldError:
    if keyword == "type":
        said = _TYPES.get(str(limit), _OTHERWISE)
    elif keyword == "format":
        said = _WRITTEN.get(str(limit), _OTHERWISE)
    else:
        said = _SAID.get(keyword, _OTHERWISE)
    shown = ", ".join(limit) if keyword == "enum" else limit
    zh, en = (text.format(limit=shown) for text in said)
    name = pointer[1:101]
    return FieldError(pointer, keyword, f"{field.get('title', name)}:{zh}", f"{field.get('title_en', name)}: {en}")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
