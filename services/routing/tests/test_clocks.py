"""What holds for every clock, whatever the rule, the calendar and the moment."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kit.errors import Refused
from routing.procedures.domain import ClockRule
from routing.timing.calendars import Day, WorkingDays
from routing.timing.clocks import Clock, CountingPolicy, alarms, apply, due, foremost, level, redated, too_many_returns
from routing.timing.counting import CHINA, DAY, china_day, midnight

PUBLISHED = WorkingDays.read()
RULE = ClockRule(
    name="handling", length=60, unit="day", article="Art 34", zh="办理期限", en="Handling",
    starts=frozenset({"accept"}), stops=frozenset({"serve"}), pauses=frozenset({"start-hearing", "suspend"}),
    resumes=frozenset({"end-hearing", "resume"}), extends=frozenset({"extend"}), longest=30,
)  # fmt: skip
POLICY = CountingPolicy()
START = datetime(2025, 9, 1, 9, 30, tzinfo=CHINA)

moments = st.datetimes(datetime(2019, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - as bounds
rules = st.builds(
    lambda length, unit: replace(RULE, length=length, unit=unit),
    st.integers(0, 90), st.sampled_from(["day", "working-day", "hour"]),
)  # fmt: skip
policies = st.builds(CountingPolicy, st.booleans(), st.booleans())
added = st.integers(0, 30)


def with_days(**changes: bool) -> WorkingDays:
    """The published calendar with other days: d2025_09_30=False."""
    own = {date.fromisoformat(name[1:].replace("_", "-")): Day(works, "另定") for name, works in changes.items()}
    return WorkingDays.of({**PUBLISHED.days, **own})


def accepted(rule: ClockRule = RULE, at: datetime = START, policy: CountingPolicy = POLICY) -> tuple[Clock, ...]:
    return apply((), [rule], "accept", "handling", at, PUBLISHED, policy)


def after(
    clocks: tuple[Clock, ...], action: str, at: datetime, rule: ClockRule = RULE, *, days: int = 0,
    policy: CountingPolicy = POLICY,
) -> tuple[Clock, ...]:  # fmt: skip
    return apply(clocks, [rule], action, "handling", at, PUBLISHED, policy, extend_days=days)


@given(rules, moments, policies)
def test_nothing_is_due_before_it_starts(rule: ClockRule, start: datetime, policy: CountingPolicy) -> None:
    ends = due(rule, start, PUBLISHED, policy)
    assert ends >= start
    assert rule.unit == "hour" or ends == midnight(china_day(ends))


@given(rules, moments, moments, policies)
def test_what_starts_later_is_not_due_earlier(
    rule: ClockRule, one: datetime, other: datetime, policy: CountingPolicy
) -> None:
    first, second = sorted((one, other))
    assert due(rule, first, PUBLISHED, policy) <= due(rule, second, PUBLISHED, policy)


@given(rules, moments, policies, added, added)
def test_an_extension_adds_its_days_and_no_fewer(
    rule: ClockRule, start: datetime, policy: CountingPolicy, fewer: int, more: int
) -> None:
    ends = due(rule, start, PUBLISHED, policy, extended=fewer)
    longer = due(rule, start, PUBLISHED, policy, extended=fewer + more)
    assert longer >= ends
    exact = replace(policy, roll_to_next_working_day=False)
    if rule.unit != "working-day" and rule.length:
        assert due(rule, start, PUBLISHED, exact, extended=more) - due(rule, start, PUBLISHED, exact) == more * DAY


@given(rules, moments, policies, added)
def test_a_paused_day_counts_as_a_day_more(rule: ClockRule, start: datetime, policy: CountingPolicy, days: int) -> None:
    paused = due(rule, start, PUBLISHED, policy, paused_seconds=days * 86_400)
    assert paused == due(rule, start, PUBLISHED, policy, extended=days)


@given(st.integers(1, 60), moments, st.booleans())
def test_working_days_are_counted_as_one_would_on_a_wall_calendar(length: int, start: datetime, exclude: bool) -> None:
    rule = replace(RULE, length=length, unit="working-day")
    last = china_day(due(rule, start, PUBLISHED, CountingPolicy(exclude))) - DAY
    first = china_day(start) + exclude * DAY
    crossed = [first + n * DAY for n in range((last - first).days + 1) if PUBLISHED.working(first + n * DAY)]
    assert len(crossed) == length
    assert crossed[-1] == last


@given(rules, moments, policies, st.integers(0, 40_000), st.integers(1, 40_000))
def test_no_limit_runs_out_while_it_is_paused(
    rule: ClockRule, start: datetime, policy: CountingPolicy, wait: int, pause: int
) -> None:
    paused_at = start + timedelta(minutes=wait)
    resumed_at = paused_at + timedelta(minutes=pause)
    before = accepted(rule, start, policy)
    assume(before[0].due_at is not None and paused_at < before[0].due_at)
    paused = after(before, "suspend", paused_at, rule, policy=policy)
    clock, = after(paused, "resume", resumed_at, rule, policy=policy)  # fmt: skip
    assert clock.due_at is not None
    assert before[0].due_at is not None
    assert clock.due_at > resumed_at
    assert clock.due_at >= before[0].due_at
    assert clock.paused_at is None


def test_a_pause_within_a_pause_ends_with_the_outer_one() -> None:
    clocks = after(accepted(), "start-hearing", START + 2 * DAY)
    clocks = after(clocks, "suspend", START + 3 * DAY)
    clocks = after(clocks, "resume", START + 5 * DAY)
    assert clocks[0].paused_at == START + 2 * DAY
    clocks = after(clocks, "end-hearing", START + 6 * DAY)
    assert (clocks[0].paused_at, clocks[0].paused_seconds) == (None, 5 * 86_400)


def test_a_pause_on_a_day_to_which_the_end_was_moved_leaves_one_whole_day() -> None:
    rule = replace(RULE, length=15)
    clocks = accepted(rule, datetime(2025, 9, 16, 10, tzinfo=CHINA))  # 1 October, moved to the 9th
    clocks = after(clocks, "suspend", datetime(2025, 10, 9, 10, tzinfo=CHINA), rule)
    clocks = after(clocks, "resume", datetime(2025, 10, 15, 10, tzinfo=CHINA), rule)
    assert clocks[0].due_at == midnight(date(2025, 10, 17))


def test_a_working_day_limit_loses_no_working_day_to_a_weekend_in_a_pause() -> None:
    rule = replace(RULE, length=5, unit="working-day")
    clocks = accepted(rule, datetime(2025, 8, 14, 10, tzinfo=CHINA))  # Thursday: 15, 18 … 21
    clocks = after(clocks, "suspend", datetime(2025, 8, 15, 10, tzinfo=CHINA), rule)
    clocks = after(clocks, "resume", datetime(2025, 8, 18, 10, tzinfo=CHINA), rule)
    assert clocks[0].due_at == midnight(date(2025, 8, 26))  # 19, 20, 21, 22, 25


def test_hours_are_added_exactly_and_so_are_their_pauses() -> None:
    rule = replace(RULE, length=24, unit="hour")
    clocks = after(accepted(rule), "suspend", START + timedelta(hours=1), rule)
    clocks = after(clocks, "resume", START + timedelta(hours=1, minutes=90), rule)
    assert clocks[0].due_at == START + timedelta(hours=25, minutes=30)


def test_a_clock_that_stops_while_it_is_paused_is_no_longer_paused() -> None:
    clock, = after(after(accepted(), "suspend", START + DAY), "serve", START + 3 * DAY)  # fmt: skip
    assert (clock.stopped_at, clock.paused_at, clock.pauses) == (START + 3 * DAY, None, 0)


def test_a_clock_that_starts_again_takes_the_place_of_the_stopped_one() -> None:
    clocks = after(accepted(), "serve", START + DAY)
    again = after(clocks, "accept", START + 2 * DAY)
    assert [clock.started_at for clock in again] == [START + 2 * DAY]


def test_a_clock_that_runs_does_not_begin_anew() -> None:
    assert after(accepted(), "accept", START + 2 * DAY) == accepted()


def test_a_clock_that_the_procedure_does_not_know_any_longer_stops() -> None:
    clock, = apply(accepted(), [], "screen", "handling", START + DAY, PUBLISHED, POLICY)  # fmt: skip
    assert clock.stopped_at == START + DAY


def test_a_clock_of_another_stage_does_not_start() -> None:
    assert apply((), [RULE], "accept", "review", START, PUBLISHED, POLICY) == ()


@pytest.mark.parametrize(("days", "slug"), [(0, "invalid-input"), (31, "extension-too-long")])
def test_an_extension_by_no_day_or_too_many_is_refused(days: int, slug: str) -> None:
    with pytest.raises(Refused, match=slug):
        after(accepted(), "extend", START + DAY, days=days)


def test_a_paused_clock_can_still_be_extended_after_its_old_end() -> None:
    clocks = after(accepted(), "suspend", START + DAY)
    clocks = after(clocks, "extend", START + 100 * DAY, days=10)
    assert clocks[0].extended == 10


def test_the_warning_comes_five_days_before_the_end_or_with_three_quarters_used() -> None:
    sixty, = accepted()  # fmt: skip
    assert alarms(sixty, RULE) == [("yellow", START + 0.75 * (midnight(date(2025, 11, 1)) - START)),
                                   ("red", midnight(date(2025, 11, 1)))]  # fmt: skip
    short = replace(RULE, length=15)
    fifteen, = accepted(short)  # fmt: skip
    assert alarms(fifteen, short)[0] == ("yellow", midnight(date(2025, 9, 12)))


def test_a_limit_no_longer_than_the_warning_is_warned_of_by_its_share() -> None:
    rule = replace(RULE, length=24, unit="hour")
    clock, = accepted(rule)  # fmt: skip
    assert alarms(clock, rule)[0] == ("yellow", START + timedelta(hours=18))


@given(rules, moments, policies)
def test_levels_rise_at_the_alarms(rule: ClockRule, start: datetime, policy: CountingPolicy) -> None:
    clock, = accepted(rule, start, policy)  # fmt: skip
    told = alarms(clock, rule)
    assert [at for _, at in told] == sorted(at for _, at in told)
    for name, at in told:
        assert level(clock, rule, at) == name
        assert level(clock, rule, at - timedelta(microseconds=1)) != name


def test_of_a_right_nobody_is_warned() -> None:
    right = replace(RULE, right=frozenset({"request-review"}))
    clock, = accepted(right)  # fmt: skip
    assert alarms(clock, right) == []
    assert level(clock, right, START + 100 * DAY) == "green"
    assert foremost([clock], [right]) is None


def test_the_foremost_clock_is_the_duty_that_runs_and_ends_first() -> None:
    short = replace(RULE, name="short", length=3, pauses=frozenset({"suspend"}))
    long = replace(RULE, pauses=frozenset())
    clocks = apply((), [short, long], "accept", "handling", START, PUBLISHED, POLICY)
    assert foremost(clocks, [short, long]) == clocks[0]
    paused = apply(clocks, [short, long], "suspend", "handling", START + DAY, PUBLISHED, POLICY)
    assert foremost(paused, [short, long]) == clocks[1]


def test_open_clocks_follow_a_calendar_that_changes_and_stopped_ones_do_not() -> None:
    rule = replace(RULE, length=15)
    clocks = accepted(rule)  # ends on 16 September
    changed = with_days(d2025_09_16=False)
    assert redated(clocks, [rule], changed, POLICY)[0].due_at == midnight(date(2025, 9, 18))
    stopped = after(clocks, "serve", START + DAY, rule)
    assert redated(stopped, [rule], changed, POLICY) == stopped
    assert redated(clocks, [rule], PUBLISHED, POLICY) == clocks


def test_the_limit_of_returns_is_the_number_that_is_one_too_many() -> None:
    assert [too_many_returns(count, 2) for count in (0, 1, 2, 3)] == [False, False, True, True]
