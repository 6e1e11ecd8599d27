"""Which days people work, as published and as an operator says; and why a date is what it is."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from routing.procedures.domain import ClockRule
from routing.timing.calendars import BadCalendar, Day, WorkingDays
from routing.timing.clocks import Clock, CountingPolicy, apply
from routing.timing.counting import CHINA
from routing.timing.explaining import Explanation, Skipped, explain

PUBLISHED = WorkingDays.read()
RULE = ClockRule(
    name="objection", length=5, unit="working-day", article="Art 23", zh="提出异议期限", en="Objection",
    starts=frozenset({"receive"}), stops=frozenset(), pauses=frozenset({"suspend"}), resumes=frozenset({"resume"}),
    extends=frozenset({"extend"}), longest=30,
)  # fmt: skip


def explained(
    rule: ClockRule, start: str, calendar: WorkingDays = PUBLISHED, by: WorkingDays = PUBLISHED
) -> Explanation:
    at = datetime.fromisoformat(start).replace(tzinfo=CHINA)
    policy = CountingPolicy()
    clock, = apply((), [rule], "receive", "handling", at, by, policy, due_at=at + timedelta(days=9))  # fmt: skip
    return explain(clock, rule, PUBLISHED, policy)


def changed(**what: object) -> ClockRule:
    return replace(RULE, **what)  # type: ignore[arg-type]  # any field of the rule


def test_holidays_weekends_and_made_up_days_are_told_apart() -> None:
    assert [PUBLISHED.holiday(date(2025, 9, day)) for day in (26, 27, 28)] == [None, "周六", None]
    assert PUBLISHED.holiday(date(2025, 10, 6)) == "中秋"
    assert PUBLISHED.working(date(2025, 10, 11))


def test_years_without_a_list_have_weekends_and_say_that_they_are_provisional() -> None:
    day = date(2031, 10, 1)  # a Wednesday
    assert PUBLISHED.working(day)
    assert PUBLISHED.provisional(day)
    assert not PUBLISHED.provisional(date(2026, 10, 1))
    told = explained(RULE, "2031-09-29 10:00")
    assert told.provisional
    assert "暂按周末推算" in told.sentence_zh


def overrides(tmp_path: Path, *lines: str) -> Path:
    file = tmp_path / "days.csv"
    file.write_text("\n".join(("date,day,name", *lines)) + "\n", encoding="utf-8")
    return file


def test_an_operators_days_come_before_the_published_ones(tmp_path: Path) -> None:
    own = WorkingDays.read(overrides(tmp_path, "2026-04-20,holiday,三月三", "2031-10-01,holiday,国庆节"))
    assert own.holiday(date(2026, 4, 20)) == "三月三"
    assert not own.provisional(date(2031, 10, 1))
    assert own.version != PUBLISHED.version
    assert WorkingDays.read().version == PUBLISHED.version


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2026-13-01,holiday,x", "no date"),
        ("2026-04-20,free,x", "neither working nor holiday"),
        ("2026-04-20,holiday,", "a name"),
        ("2026-04-20,holiday", "a name"),
        ("2026-04-20,holiday,x,y", "a name"),
        ("2026-04-19,holiday,x", "twice"),
    ],
)
def test_a_bad_line_is_named_with_its_number_and_reason(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(BadCalendar, match=rf"days\.csv:3: .*{reason}"):
        WorkingDays.read(overrides(tmp_path, "2026-04-19,holiday,x", line))


def test_a_file_with_other_columns_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "days.csv"
    file.write_text("day,kind\n", encoding="utf-8")
    with pytest.raises(BadCalendar, match=":1: the columns"):
        WorkingDays.read(file)


def test_each_day_that_did_not_count_is_named_with_its_reason() -> None:
    told = explained(RULE, "2025-09-29 11:00")
    assert (told.first_day, told.last_day) == (date(2025, 9, 30), date(2025, 10, 13))
    assert told.skipped[0] == Skipped(date(2025, 10, 1), "国庆节")
    assert told.skipped[5] == Skipped(date(2025, 10, 6), "中秋")
    assert told.skipped[-1] == Skipped(date(2025, 10, 12), "周日")
    assert told.made_up == (date(2025, 10, 11),)
    assert told.sentence_zh == (
        "提出异议期限(《信访工作条例》第23条):自2025年9月29日起算,当日不计入,首日为2025年9月30日,期限5个工作日,"
        "2025年10月1日至2025年10月8日(国庆节、中秋)、2025年10月12日(周日)不计,2025年10月11日调休上班,计入,"
        "至2025年10月13日24时届满。"
    )


def test_a_date_that_was_moved_says_over_which_days() -> None:
    told = explained(changed(unit="day", length=15), "2025-09-16 10:00")
    assert [each.day.day for each in told.rolled] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert "顺延至其后首个工作日" in told.sentence_zh
    assert told.sentence_en == (
        "Objection (Art 23): begins 2025-09-16, that day not counted, first day 2025-09-17, 15 days, "
        "moved over 2025-10-01 to 2025-10-08(国庆节、中秋), ends 2025-10-09 at 24:00."
    )


def test_a_date_set_by_hand_says_so() -> None:
    told = explained(changed(unit="day", length=None), "2025-09-16 10:00")
    assert told.kind == "set"
    assert "期限由交办单位指定,至2025年9月25日 10:00届满" in told.sentence_zh


def test_a_limit_in_hours_says_the_minute() -> None:
    told = explained(changed(unit="hour", length=24), "2025-09-16 10:00")
    assert "期限24小时,至2025年9月17日 10:00届满" in told.sentence_zh


def test_extensions_and_pauses_are_told() -> None:
    policy, start = CountingPolicy(), datetime(2025, 8, 4, 10, tzinfo=CHINA)
    rule = changed(unit="day", length=15)
    clocks = apply((), [rule], "receive", "handling", start, PUBLISHED, policy)
    for hours, action, days in ((30, "suspend", 0), (40, "resume", 0), (50, "extend", 3), (60, "suspend", 0)):
        at = start + timedelta(hours=hours)
        clocks = apply(clocks, [rule], action, "handling", at, PUBLISHED, policy, extend_days=days)
    told = explain(clocks[0], rule, PUBLISHED, policy)
    assert (told.extended, told.paused, told.paused_now) == (3, 2, True)
    assert "延长3日,另有2日暂停不计" in told.sentence_zh
    assert told.sentence_zh.endswith("现暂停计算。")


def test_a_clock_that_still_stands_by_an_older_calendar_says_so() -> None:
    older = WorkingDays.of({})
    told = explained(RULE, "2025-09-29 11:00", by=older)
    assert not told.current
    assert "待重新计算" in told.sentence_zh


def lived(*steps: tuple[str, str], rule: ClockRule) -> Clock:
    """The clock of a rule after these actions at these moments in China."""
    clocks: tuple[Clock, ...] = ()
    for action, moment in steps:
        at = datetime.fromisoformat(moment).replace(tzinfo=CHINA)
        clocks = apply(clocks, [rule], action, "handling", at, PUBLISHED, CountingPolicy())
    return clocks[0]


def test_a_pause_on_a_day_to_which_the_end_was_moved_is_told_apart_from_the_move() -> None:
    rule = changed(unit="day", length=15)
    steps = [("receive", "2025-09-16 10:00"), ("suspend", "2025-10-09 09:00"), ("resume", "2025-10-09 17:00")]
    told = explain(lived(*steps, rule=rule), rule, PUBLISHED, CountingPolicy())
    assert (told.paused, told.moved, told.last_day) == (1, 8, date(2025, 10, 10))
    assert [(pause.by, pause.days) for pause in told.pauses] == [("suspend", 1)]
    assert "另有1日暂停不计(2025年10月9日 中止),暂停时末日已顺延8日,一并后推" in told.sentence_zh
    assert "1 paused days not counted (2025-10-09 suspended)" in told.sentence_en


def test_each_pause_is_told_with_its_days_and_its_reason() -> None:
    rule = replace(
        changed(unit="day", length=60), pauses=frozenset({"suspend", "merge"}), resumes=frozenset({"resume", "unmerge"})
    )
    steps = [
        ("receive", "2025-08-01 10:00"), ("suspend", "2025-08-05 09:00"), ("resume", "2025-08-06 17:00"),
        ("merge", "2025-08-11 09:00"), ("unmerge", "2025-08-11 10:00"),
    ]  # fmt: skip
    told = explain(lived(*steps, rule=rule), rule, PUBLISHED, CountingPolicy())
    assert told.paused == 3
    assert "(2025年8月5日至2025年8月6日 中止、2025年8月11日 并案)" in told.sentence_zh


def test_a_clock_that_stopped_keeps_its_own_date_whatever_changes_later() -> None:
    rule = changed(unit="day", length=15, stops=frozenset({"object"}))
    clock = lived(("receive", "2025-09-01 10:00"), ("object", "2025-09-10 10:00"), rule=rule)
    same = explain(clock, rule, PUBLISHED, CountingPolicy())
    assert same.kind == "counted"
    assert same.sentence_zh.endswith("至2025年9月16日24时届满,已于2025年9月10日 10:00终止计算。")
    other = WorkingDays.of({**PUBLISHED.days, date(2025, 9, 16): Day(False, "另定")})
    for calendar, policy in ((other, CountingPolicy()), (PUBLISHED, CountingPolicy(exclude_first_day=False))):
        told = explain(clock, rule, calendar, policy)
        assert (told.kind, told.current, told.due_at) == ("past", True, same.due_at)
        assert "待重新计算" not in told.sentence_zh
        assert "期限15日,按当时的日历和计算方法,至2025年9月16日24时届满" in told.sentence_zh
