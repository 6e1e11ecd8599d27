"""Spot-check call-backs: each petition counts once, for its unit, in all regions above, in the period of its answer."""

import uuid
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from services.analytics.tests.stories import Story, hear
from tests.support.nodes import token
from tests.support.running import Running, told

from analytics import usecases
from analytics.callbacks import figures
from analytics.main import service
from contracts.callbacks import CallbackState
from contracts.envelope import Envelope

PATH = "/api/analytics/v1/callbacks"
NOW = datetime(2026, 1, 12, 4, tzinfo=UTC)
OFFICE, STATION, COUNTY = "330225100-xf", "330225100-cj", "330225-js"
REGION = {OFFICE: "33.02.25.100", STATION: "33.02.25.100", COUNTY: "33.02.25"}


def answered(unit: str, answer: str | None, at: datetime = NOW, subject: uuid.UUID | None = None) -> Envelope:
    state = CallbackState(
        number="XF1", unit=unit, region=REGION[unit], ended_at=NOW, asked_at=NOW, answer=answer, at=at
    )
    kind = "notify.callback.answered.v1" if answer else "notify.callback.unanswered.v1"
    return told(kind, state, subject=subject or uuid.uuid4(), node=REGION[unit])


async def counted(analytics: Running, who: str = "", **query: Any) -> dict[str, Any]:
    who = who or token("330225-xf", "33.02.25", ["analyst"])
    answer = await analytics.request("GET", PATH, params=query, who=who)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_units_and_regions_add_up_with_their_rates(start: Any) -> None:
    analytics = await start(service, path="33.02.25")
    events = [answered(OFFICE, "satisfied"), answered(OFFICE, "not"), answered(OFFICE, None),
              answered(STATION, "fairly"), answered(COUNTY, "satisfied")]  # fmt: skip
    doubled = events * 3
    Random(3).shuffle(doubled)
    await hear(analytics, doubled)
    whole = await counted(analytics)
    assert [whole[name] for name in ("asked", "answered", "satisfied", "fairly", "not_satisfied", "satisfaction")] == [
        5, 4, 2, 1, 1, 75.0,
    ]  # fmt: skip
    assert [(each["unit"], each["asked"]) for each in whole["units"]] == [(COUNTY, 1)]
    assert [(each["region"], each["asked"]) for each in whole["children"]] == [("33.02.25.100", 4)]
    below = await counted(analytics, region="33.02.25.100")
    shown = {each["unit"]: (each["asked"], each["answered"], each["satisfaction"]) for each in below["units"]}
    assert shown == {OFFICE: (3, 2, 50.0), STATION: (1, 1, 100.0)}
    assert below["children"] == []


async def test_a_period_is_of_days_in_china(start: Any) -> None:
    analytics = await start(service, path="33.02.25")
    midnight = datetime(2026, 1, 12, 16, tzinfo=UTC)  # the 13th begins in China
    await hear(analytics, [answered(OFFICE, "not", midnight), answered(OFFICE, "not", midnight - timedelta(seconds=1))])
    for since, until, asked in ((13, 13, 1), (12, 12, 1), (12, 13, 2), (14, 31, 0)):
        days = {"since": date(2026, 1, since).isoformat(), "until": date(2026, 1, until).isoformat()}
        assert (await counted(analytics, **days))["asked"] == asked
    assert (await counted(analytics))["asked"] == 2


async def test_what_accuses_a_unit_is_not_counted_for_it(start: Any) -> None:
    analytics = await start(service, path="33.02.25")
    kept = Story(kind="accusation", accused=(OFFICE,))
    await hear(analytics, [*kept.events(), answered(STATION, "not", subject=kept.id), answered(STATION, "satisfied")])
    for unit, asked in ((OFFICE, 1), (STATION, 1), ("330225-xf", 2)):
        assert (await counted(analytics, token(unit, "33.02.25", ["analyst"])))["asked"] == asked


async def test_they_are_made_anew_from_the_log(start: Any) -> None:
    analytics = await start(service, path="33.02.25")
    await hear(analytics, [answered(OFFICE, "satisfied"), *Story().events()])
    await analytics.rows("DELETE FROM callbacks RETURNING 1")
    await usecases.rebuild(analytics.runtime)
    assert (await counted(analytics))["asked"] == 1


async def test_other_regions_are_refused(start: Any) -> None:
    analytics = await start(service, path="33.02.25")
    answer = await analytics.request("GET", PATH, params={"region": "33.03"}, who=token(region="33.02.25"))
    assert answer.json()["type"].endswith(":region-outside-scope")


SAID = st.sampled_from(["satisfied", "not", "unanswered", "new"])
COUNTS = st.lists(st.tuples(st.sampled_from([None, "a", "b"]), st.just("x"), SAID, st.integers(1, 9)), max_size=12)


@given(counts=COUNTS)
def test_units_and_children_add_up_to_the_region(counts: list[Any]) -> None:
    found = figures(counts)
    parts = [*found.units.values(), *found.children.values()]
    assert found.whole.asked == sum(part.asked for part in parts) == sum(n for *_, n in counts)
    assert found.whole.answered == sum(part.answered for part in parts)
    assert all(part.satisfied + part.fairly + part.not_satisfied <= part.answered <= part.asked for part in parts)
