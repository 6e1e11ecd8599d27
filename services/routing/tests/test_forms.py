"""What a caller sends with an action is checked against the form, everything at once, and no value is repeated."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.procedures.domain import ActionRule
from routing.procedures.filled import filled
from routing.procedures.forms import check_form
from routing.procedures.library import Library

ACTIONS = Library.shipped().get("ordinary-petition/1").actions

NOTICE = {"notice_method": "post", "notice_at": "2026-03-02T09:00:00+08:00"}


def wrong(action: str, fields: dict[str, Any], note: str | None = None) -> list[tuple[str, str]]:
    return [(error.pointer, error.rule) for error in check_form(ACTIONS[action], fields, note)]


def test_fields_as_the_form_asks_are_right() -> None:
    assert wrong("serve", {"method": "post", "receipt": "EX-1"}) == []
    assert wrong("start-hearing", {"held_at": "2026-03-02T09:00:00+08:00", "place": "会议室", "public": True}) == []
    assert wrong("accept", NOTICE) == []
    assert wrong("transfer", {}) == []


def test_all_that_is_missing_or_wrong_is_told_at_once() -> None:
    sent = {"held_at": "tomorrow", "public": "yes", "a/b~c": 1}
    assert wrong("start-hearing", sent) == [
        ("/a~1b~0c", "unexpected"), ("/held_at", "format"), ("/place", "required"), ("/public", "type"),
    ]  # fmt: skip
    assert wrong("export", {}) == [("/organ", "required"), ("/organ_name", "required")]


def test_a_moment_needs_its_time_zone() -> None:
    assert wrong("accept", {**NOTICE, "notice_at": "2026-03-02T09:00:00"}) == [("/notice_at", "format")]
    assert wrong("accept", {**NOTICE, "notice_at": "2026-03-02T09:00:00Z"}) == []


def test_what_was_done_was_not_done_later_than_now() -> None:
    for now, found in (("2026-03-02T08:59:59+08:00", ["past"]), ("2026-03-02T09:00:00+08:00", [])):
        errors = check_form(ACTIONS["accept"], NOTICE, now=datetime.fromisoformat(now))
        assert [error.rule for error in errors] == found
    for broken in ("", "2026-03-02", 7):
        assert check_form(ACTIONS["accept"], {**NOTICE, "notice_at": broken}, now=datetime.now(UTC))


def test_an_action_without_a_form_takes_no_fields() -> None:
    assert [error.rule for error in check_form(ActionRule(), {"anything": 1})] == ["unexpected"]
    assert check_form(ActionRule(), {}) == []


def test_reasons_are_demanded_where_the_law_demands_them() -> None:
    assert wrong("object", {}, "  ") == [("/note", "required")]
    assert wrong("object", {}, "该路段由市政管理") == []
    assert wrong("lift-bar", {}, "") == [("/note", "required")]
    assert wrong("accept", NOTICE, "") == []


def test_what_is_said_is_bilingual_and_names_the_field_but_not_the_value() -> None:
    (error,) = check_form(ACTIONS["export"], {"organ": "discipline", "organ_name": "王五" * 200})
    assert (error.zh, error.en) == ("机关名称:不得超过 200 个字", "Name of the organ: has at most 200 characters")
    (choice,) = check_form(ACTIONS["serve"], {"method": "王五"})
    assert choice.en == "How it was served: is one of in-person, post, electronic, other"
    assert "王五" not in f"{error}{choice}"


JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(ACTIONS)), st.data())
def test_whatever_is_sent_is_right_or_told(action: str, data: st.DataObject) -> None:
    names = sorted((ACTIONS[action].form or {}).get("properties", {})) or ["x"]
    sent = data.draw(st.dictionaries(st.sampled_from(names) | st.text(max_size=8), JSON, max_size=4))
    for error in check_form(ACTIONS[action], sent):
        assert error.pointer.startswith("/")
        assert error.zh
        assert error.en


@pytest.mark.parametrize("procedure", Library.shipped().newest(), ids=lambda each: each.key)
def test_the_shortest_way_needs_an_opinion_and_how_the_petitioner_was_told(procedure: Any) -> None:
    """register, transfer, receive, accept, submit, approve, close; or where nothing is accepted, an answer."""
    way = (
        ("transfer", "accept", "submit", "approve", "close") if "accept" in procedure.actions else ("transfer", "guide")
    )
    rules = {action: procedure.asks(action, served=False) for action in way}
    assert {kind for rule in rules.values() for kind in rule.papers} <= {"opinion"}
    told = {action: (rule.form or {}).get("required") for action, rule in rules.items()}
    asked = {"accept": ["notice_method", "notice_at"], "close": ["method"], "guide": ["to"]}
    if procedure.name == "simple":  # by word of mouth
        del asked["accept"]
    assert {action: names for action, names in told.items() if names} == {
        action: names for action, names in asked.items() if action in way
    }


def test_what_was_filled_in_is_told_in_the_order_and_the_words_of_the_form() -> None:
    form = {
        "properties": {
            "public": {"type": "boolean", "title": "公开", "title_en": "Public"},
            "heads": {"type": "integer", "title": "人数", "title_en": "Heads"},
            "organ": {"title": "机关", "title_en": "Organ", "enum": ["court"], "labels": {"court": ["法院", "Court"]}},
        }
    }
    told = list(filled(form, {"left_out_since": "x", "organ": "court", "heads": 12, "public": False}))
    assert [(each.title_zh, each.zh, each.en) for each in told] == [
        ("公开", "否", "no"), ("人数", "12", "12"), ("机关", "法院", "Court"), ("left_out_since", "x", "x"),
    ]  # fmt: skip
    assert list(filled(None, {})) == []
