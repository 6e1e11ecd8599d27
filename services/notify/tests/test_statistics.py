"""Figures of gateways: what left, what arrived and how soon, by day; they add up."""

import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.nodes import token
from tests.support.running import Running

from kit.clock import ManualClock
from notify.main import service
from notify.statistics.domain import CHINA, MOST_DAYS, STATES, Counts, moments, period

PATH = "/api/notify/v1/gateway-statistics"
NOW = datetime(2026, 1, 20, 12, tzinfo=CHINA)


async def left(notify: Running, gateway: str, state: str, at: datetime, seconds: float | None = None) -> None:
    settled = None if seconds is None else at + timedelta(seconds=seconds)
    await notify.rows(
        "INSERT INTO parts (message_id, number, gateway, state, sent_at, settled_at) VALUES ($1, 1, $2, $3, $4, $5)"
        " RETURNING 1",
        uuid.uuid4(), gateway, state, at, settled,
    )  # fmt: skip


async def test_figures_by_gateway_and_day_with_rate_and_latency(start: Any) -> None:
    notify = await start(service, clock=ManualClock(NOW))
    midnight = datetime(2026, 1, 20, tzinfo=CHINA)
    for place in range(1, 20):
        await left(notify, "old-line", "delivered", midnight + timedelta(minutes=place), place)
    await left(notify, "old-line", "failed", midnight - timedelta(seconds=1), 101)
    await left(notify, "old-line", "unknown", midnight)
    await left(notify, "old-line", "delivered", midnight - timedelta(days=30), 1)
    await left(notify, "console", "sent", midnight)
    found = (await notify.request("GET", PATH)).json()
    assert (found["begins"], found["ends"]) == ("2026-01-14", "2026-01-20")
    console, old = found["gateways"]
    assert (console["gateway"], console["state"], console["left"]) == ("console", "unknown", 1)
    assert console["delivery_rate"] is None
    assert (old["gateway"], old["state"], old["left"], old["delivered"], old["unknown"]) == (
        "old-line", "removed", 21, 19, 1
    )  # fmt: skip
    assert (old["delivery_rate"], old["p50"]) == (0.95, 10.5)
    assert [(day["day"], day["left"], day["p50"]) for day in old["days"]] == [
        ("2026-01-19", 1, 101.0), ("2026-01-20", 20, 10.0)
    ]  # fmt: skip
    for state in STATES:
        assert sum(day[state] for day in old["days"]) == old[state]
    none = (await notify.request("GET", PATH, params={"begins": "2025-01-01", "ends": "2025-01-02"})).json()
    assert [each["left"] for each in none["gateways"]] == [0]


@pytest.mark.parametrize(("begins", "ends"), [("2026-01-02", "2026-01-01"), ("2020-01-01", "2026-01-01"), ("x", "y")])
async def test_a_period_that_is_none_or_too_long_is_refused(start: Any, begins: str, ends: str) -> None:
    notify = await start(service)
    answer = await notify.request("GET", PATH, params={"begins": begins, "ends": ends})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:xinqiao:problem:invalid-input")


async def test_handlers_see_no_figures(start: Any) -> None:
    notify = await start(service)
    assert (await notify.request("GET", PATH, who=token(roles=["handler"]))).status_code == 403


@given(st.lists(st.builds(Counts, *(st.integers(0, 1000) for _ in STATES)), max_size=5))
def test_counts_of_days_add_up(days: list[Counts]) -> None:
    whole = sum(days, Counts())
    assert whole.left == sum(day.left for day in days)
    assert whole.rate is None or 0 <= whole.rate <= 1


@given(
    st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.none() | st.dates(date(2020, 1, 1), date(2030, 1, 1))
)
def test_a_period_is_whole_days_in_order_and_not_too_long(begins: date | None, ends: date | None) -> None:
    try:
        first, last = period(begins, ends, date(2026, 1, 20))
    except ValueError:
        return
    since, before = moments(first, last)
    assert timedelta(days=1) <= before - since <= timedelta(days=MOST_DAYS)
