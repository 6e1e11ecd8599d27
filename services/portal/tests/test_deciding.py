"""What is typed into a form becomes the body that routing takes."""

from typing import Any

import pytest
from starlette.datastructures import FormData

from portal.deciding import body_of
from portal.forms import Form

CASE = "01a20085-0915-70bc-9751-2ae764ee693c"


def typed(action: str, *pairs: tuple[str, str]) -> dict[str, Any]:
    return body_of(Form("a-key-of-the-form", FormData([("csrf", "x"), ("key", "y"), ("version", "7"), *pairs])), action)


def test_every_action_takes_version_and_note() -> None:
    assert typed("accept", ("note", " 已电话告知 ")) == {"version": 7, "note": "已电话告知"}
    assert typed("accept", ("note", " ")) == {"version": 7}


def test_only_what_the_action_takes_is_sent() -> None:
    assert typed("receive", ("to_unit", "330225-xf"), ("outcome", "support")) == {"version": 7}


@pytest.mark.parametrize(
    ("action", "name", "text", "sent"),
    [
        ("screen", "route", "6", 6),
        ("extend", "days", "30", 30),
        ("extend", "days", "-1", -1),
        ("assign", "due_at", "2026-01-05", "2026-01-05T23:59:59+08:00"),
        ("serve", "served_at", "2026-01-05T09:30", "2026-01-05T09:30:00+08:00"),
        ("merge", "lead", f"https://node.example/staff/cases/{CASE.upper()}?done=accept", CASE),
        ("merge", "lead", CASE, CASE),
    ],
)
def test_a_field_is_sent_as_its_type(action: str, name: str, text: str, sent: object) -> None:
    assert typed(action, (name, text))[name] == sent


@pytest.mark.parametrize(
    ("action", "name", "text"),
    [("extend", "days", "viele"), ("extend", "days", "٣"), ("serve", "served_at", "soon"), ("merge", "lead", "XF33")],
)
def test_what_cannot_be_read_is_sent_as_typed_for_routing_to_refuse(action: str, name: str, text: str) -> None:
    assert typed(action, (name, text))[name] == text


def test_fields_of_the_procedure_are_sent_as_their_types_and_empty_ones_not_at_all() -> None:
    body = typed(
        "start-hearing",
        ("fields.date-time.held_at", "2026-01-05T09:30"),
        ("fields.string.place", "镇政府二楼"),
        ("fields.boolean.public", "false"),
        ("fields.integer.heads", "12"),
        ("fields.date.told", "2026-01-05"),
        ("fields.string.other", ""),
        ("fields.object.evil", "{}"),
        ("fields.string.__proto__", "x"),
    )
    assert body["fields"] == {
        "held_at": "2026-01-05T09:30:00+08:00",
        "place": "镇政府二楼",
        "public": False,
        "heads": 12,
        "told": "2026-01-05",
    }


def test_papers_that_were_chosen_are_sent_and_none_is_an_empty_list() -> None:
    assert typed("submit", ("papers", "a"), ("papers", "b"), ("outcome", "support"))["papers"] == ["a", "b"]
    assert typed("submit")["papers"] == []
