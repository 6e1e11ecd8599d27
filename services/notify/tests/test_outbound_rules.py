"""Which way a message takes, how much may leave, and when: the rules, without a gateway or a database."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.outbound.domain import (
    BURST,
    SEND,
    Allowance,
    Facts,
    Lane,
    Policy,
    Quiet,
    Way,
    choose,
    judge,
    look_again,
    state_of,
)

NOON = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)  # 12:00 in China
NIGHT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # 23:00
HOUR = timedelta(hours=1)
ways = st.lists(
    st.builds(Way, st.sampled_from("abcdef"), st.integers(0, 20), st.booleans()),
    min_size=1, max_size=6, unique_by=lambda way: way.name,
)  # fmt: skip


@given(ways)
def test_of_many_messages_each_way_gets_its_share(found: list[Way]) -> None:
    free = [Way(way.name, way.weight) for way in found]
    points = 2000
    counts = Counter(choose(free, (), point / points) for point in range(points))
    weights = {way.name: way.weight for way in free}
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    for name, weight in weights.items():
        assert abs(counts[name] - points * weight / sum(weights.values())) <= 2, "a weight of 0 is for need only"


@given(ways, st.sets(st.sampled_from("abcdef")), st.floats(0, 1, exclude_max=True))
def test_a_way_that_did_not_take_it_is_not_asked_again_while_another_is_up(
    found: list[Way], tried: set[str], point: float
) -> None:
    chosen = choose(found, tried, point)
    untried = [way for way in found if way.name not in tried]
    allowed = [way for way in untried or found if way.room]
    if chosen is None:
        weighty = [way for way in untried or found if way.weight] or untried or found
        assert not [way for way in weighty if way.room]
    else:
        assert chosen in {way.name for way in allowed}


def test_no_way_none_chosen() -> None:
    assert choose([], (), 0.5) is None
    assert choose([Way("a", 1, room=False)], (), 0.5) is None


@given(
    st.floats(0.1, 500),
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 5), st.booleans()), max_size=60),
)
def test_no_more_leaves_than_the_rate_allows(rate: float, tries: list[tuple[float, int, bool]]) -> None:
    allowance, taken, passed, largest = Allowance(rate, float("inf")).refilled(0), 0, 0.0, 0
    for seconds, parts, mass in tries:
        passed += seconds
        allowance = allowance.refilled(seconds)
        if allowance.allows(mass=mass):
            allowance, taken, largest = allowance.take(parts), taken + parts, max(largest, parts)
        assert taken <= max(rate, BURST) + rate * passed + largest + 1e-6


@given(st.floats(0.1, 500))
def test_mass_notices_leave_the_others_a_part_of_the_allowance(rate: float) -> None:
    allowance = Allowance(rate, float("inf")).refilled(0)
    while allowance.allows(mass=True):
        allowance = allowance.take(1)
    assert allowance.left >= max(rate, BURST) * 0.25 - 1e-9 or allowance.allows(mass=False)
    assert Allowance(None).allows(mass=True)


def policy(**more: object) -> Policy:
    told: dict[str, object] = {
        "quiet": Quiet(time(22), time(8)), "statutory_ignores_quiet": False, "statutory_ignores_opt_out": False,
        "to_a_number": 3, "number_time": HOUR, "expiry": (HOUR, 3 * HOUR, 2 * HOUR),
    }  # fmt: skip
    return Policy(**(told | more))  # type: ignore[arg-type]  # each test names what it changes


def facts(**more: object) -> Facts:
    told: dict[str, object] = {
        "lane": Lane.NOTICE, "statutory": False, "opted_out": False, "lately": 0, "created_at": NOON,
        "expires_at": None,
    }  # fmt: skip
    return Facts(**(told | more))  # type: ignore[arg-type]  # each test names what it changes


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (NIGHT, datetime(2026, 1, 6, 0, 0, tzinfo=UTC)),
        (datetime(2026, 1, 5, 23, 59, tzinfo=UTC), datetime(2026, 1, 6, 0, 0, tzinfo=UTC)),
        (datetime(2026, 1, 6, 0, 0, tzinfo=UTC), None),
        (NOON, None),
        (datetime(2026, 1, 5, 14, 0, tzinfo=UTC), datetime(2026, 1, 6, 0, 0, tzinfo=UTC)),
    ],
)
def test_quiet_hours_are_those_of_china(now: datetime, until: datetime | None) -> None:
    assert Quiet(time(22), time(8)).until(now) == until


def test_quiet_hours_within_a_day() -> None:
    assert Quiet(time(12), time(14)).until(NOON) == NOON + 2 * HOUR
    assert Quiet(time(13), time(14)).until(NOON) is None


@pytest.mark.parametrize("ignores", [True, False])
def test_at_night_only_answers_leave_and_statutory_notices_if_policy_says_so(*, ignores: bool) -> None:
    at_night = {"created_at": NIGHT}
    rules = policy(statutory_ignores_quiet=ignores)
    assert judge(facts(lane=Lane.ANSWER, **at_night), rules, NIGHT) == SEND
    assert judge(facts(**at_night), rules, NIGHT).reason == "quiet-hours"
    assert (judge(facts(statutory=True, **at_night), rules, NIGHT) == SEND) is ignores


@pytest.mark.parametrize("ignores", [True, False])
def test_who_wants_no_messages_gets_answers_and_statutory_notices_if_policy_says_so(*, ignores: bool) -> None:
    rules = policy(statutory_ignores_opt_out=ignores)
    assert judge(facts(opted_out=True, lane=Lane.ANSWER), rules, NOON) == SEND
    assert judge(facts(opted_out=True), rules, NOON).kind == "cancelled"
    assert judge(facts(opted_out=True, lane=Lane.MASS), rules, NOON).kind == "cancelled"
    assert (judge(facts(opted_out=True, statutory=True), rules, NOON) == SEND) is ignores


def test_a_number_gets_no_more_notices_than_policy_says() -> None:
    verdict = judge(facts(lately=3), policy(), NOON)
    assert (verdict.reason, verdict.until) == ("number-limit", NOON + HOUR / 3)
    assert judge(facts(lately=2), policy(), NOON) == SEND
    assert judge(facts(lately=3, lane=Lane.ANSWER), policy(), NOON) == SEND


@pytest.mark.parametrize(("lane", "hours"), [(Lane.ANSWER, 1), (Lane.NOTICE, 3), (Lane.MASS, 2)])
def test_each_lane_has_its_time(lane: Lane, hours: int) -> None:
    just = NOON + hours * HOUR
    assert judge(facts(lane=lane), policy(quiet=None), just - timedelta(seconds=1)) == SEND
    assert judge(facts(lane=lane), policy(quiet=None), just).kind == "expired"
    assert judge(facts(lane=lane, expires_at=just + HOUR), policy(quiet=None), just) == SEND


def test_what_has_left_by_half_is_finished() -> None:
    assert judge(facts(begun=True, opted_out=True, lately=9, created_at=NIGHT), policy(), NIGHT) == SEND


@given(st.lists(st.sampled_from(["sent", "unknown", "delivered", "failed", "expired"]), max_size=4), st.integers(1, 4))
def test_a_message_is_what_its_parts_are(parts: list[str], total: int) -> None:
    state = state_of(parts, total)
    assert (state == "failed") is ("failed" in parts)
    assert (state == "delivered") is (len(parts) >= total and set(parts) == {"delivered"})
    if len(parts) < total and not {"failed", "expired"} & set(parts):
        assert state == "queued"


def test_the_longer_it_waits_the_more_seldom_a_gateway_is_asked() -> None:
    now, gaps = NOON, []
    while now < NOON + timedelta(hours=72):
        after = look_again(NOON, now, timedelta(minutes=10))
        gaps.append(after - now)
        now = after
    assert gaps == sorted(gaps)
    assert len(gaps) < 12
