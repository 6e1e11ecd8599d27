"""How a page tells a time limit."""

from datetime import UTC, datetime
from typing import Any

import pytest

from portal.limits import days_left, limits_of
from portal.wording import Wording, deadline

NOON = datetime(2026, 1, 15, 4, tzinfo=UTC)  # noon in China


def clock(**more: Any) -> dict[str, Any]:
    return {
        "name": "handling", "title_zh": "办理期限", "title_en": "Handling", "article": "Art 34",
        "started_at": "2026-01-05T01:00:00Z", "due_at": "2026-03-06T16:00:00Z", "stopped_at": None, "paused": False,
        "extended": 0, "level": "green", "why_zh": "因为。", "why_en": "Because.", "why": {}, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "standing"),
    [
        ({}, "green"),
        ({"level": "yellow"}, "yellow"),
        ({"level": "red"}, "red"),
        ({"paused": True, "level": "yellow"}, "paused"),
        ({"due_at": None}, "open"),
        ({"due_at": "2026-01-15T03:59:59Z"}, "lapsed"),
        ({"stopped_at": "2026-01-06T00:00:00Z"}, "done"),
        ({"stopped_at": "2026-04-06T00:00:00Z", "level": "red"}, "late"),
    ],
)
def test_a_limit_stands_as_its_clock_and_its_colour_say(told: dict[str, Any], standing: str) -> None:
    running, ended = limits_of([clock(**told)], NOON, "zh")
    assert [each.standing for each in (*running, *ended)] == [standing]
    assert Wording("zh").knows("level", standing)


@pytest.mark.parametrize(
    ("due_at", "left"),
    [
        ("2026-01-15T16:00:00Z", 0),  # 24:00 of today
        ("2026-01-16T16:00:00Z", 1),
        ("2026-01-14T16:00:00Z", -1),  # 24:00 of yesterday
        ("2026-01-15T15:59:59Z", 0),
        (None, None),
    ],
)
def test_days_are_counted_to_the_last_day_in_china(due_at: str | None, left: int | None) -> None:
    assert days_left(due_at, NOON) == left


def test_running_limits_stand_by_their_end_and_ended_ones_apart() -> None:
    told = [
        clock(title_zh="丙", due_at=None),
        clock(title_zh="过", due_at="2026-01-10T16:00:00Z"),
        clock(title_zh="乙", due_at="2026-02-01T16:00:00Z"),
        clock(title_zh="甲", due_at="2026-01-20T16:00:00+00:00"),
        clock(title_zh="先", stopped_at="2026-01-06T00:00:00Z"),
        clock(title_zh="后", stopped_at="2026-01-07T00:00:00Z"),
    ]
    running, ended = limits_of(told, NOON, "zh")
    assert [each.title for each in running] == ["甲", "乙", "丙", "过"]
    assert [each.title for each in ended] == ["后", "先"]


def test_limits_speak_the_language_of_the_page() -> None:
    [limit], _ = limits_of([clock()], NOON, "en")
    assert (limit.title, limit.why) == ("Handling", "Because.")


def test_the_end_of_a_day_is_told_as_its_24_oclock() -> None:
    assert deadline("2026-01-15T16:00:00Z") == "2026-01-15 24:00"
    assert deadline("2026-01-15T15:59:59Z") == "2026-01-15 23:59"
    assert deadline("2026-01-15T01:30:00Z") == "2026-01-15 09:30"
    assert deadline(None) == ""


def test_articles_are_cited_as_people_do() -> None:
    assert Wording("zh").article("Art 22, 23") == "《信访工作条例》第22、23条"
    assert Wording("en").article("Art 22, 23") == "Regulations, Art 22, 23"
    assert Wording("zh").article("GB/T 33358") == "GB/T 33358"
