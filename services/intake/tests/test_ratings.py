"""Ratings: once, after the answer, in time, with number and query code; and told when nobody rated."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from services.intake.tests.linked import act, hear_state, register, status
from tests.support.nodes import token
from tests.support.running import Running

from intake import evaluation
from intake.main import service
from kit.clock import ManualClock

SERVED = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
GOOD = {"office": "satisfied", "unit": "fairly"}


async def rate(intake: Running, receipt: dict[str, Any], **body: Any) -> Any:
    path = f"/api/intake/v1/public/petitions/{receipt['number']}/ratings"
    headers = {"Query-Code": body.pop("code", receipt["query_code"])}
    return await intake.request("POST", path, who=None, json={**GOOD, **body}, headers=headers)


async def answered(start: Any) -> tuple[Running, dict[str, Any], ManualClock]:
    clock = ManualClock(SERVED)
    intake = await start(service, clock=clock)
    receipt = await register(intake)
    await hear_state(intake, receipt, "served", served_at=SERVED)
    return intake, receipt, clock


async def expire(intake: Running) -> None:
    job = next(job for job in service.jobs if job.name == "intake.ratings-expired")
    async with intake.runtime.database.transaction() as session:
        await job.run(intake.runtime, session)


async def told(intake: Running) -> list[str]:
    return [event.type for event in await intake.events() if "rating" in event.type]


async def test_office_and_unit_are_rated_apart_and_the_words_stay_encrypted_here(start: Any) -> None:
    intake, receipt, _ = await answered(start)
    assert (await status(intake, receipt)).json()["may_rate_until"].startswith("2026-02-04T16:00")
    answer = await rate(intake, receipt, comment="答复及时")
    assert (answer.status_code, answer.json()["review"]) == (201, None)
    event = (await intake.events())[-1]
    assert (event.data.office_rating, event.data.unit_rating, event.data.holder_unit) == (
        "satisfied", "fairly", "330225100-cj",
    )  # fmt: skip
    (row,) = await intake.rows("SELECT comment FROM ratings")
    assert "答复及时".encode() not in row["comment"]
    assert all("答复及时".encode() not in sent["body"] for sent in await intake.sent())
    shown = (await intake.request("GET", f"/api/intake/v1/petitions/{receipt['id']}/rating")).json()
    assert (shown["outcome"], shown["office"], shown["comment"]) == ("rated", "satisfied", "答复及时")
    assert (await status(intake, receipt)).json()["may_rate_until"] is None


async def test_who_is_not_satisfied_is_offered_review_with_its_last_date(start: Any) -> None:
    intake, receipt, _ = await answered(start)
    review = (await rate(intake, receipt, unit="not")).json()["review"]
    assert review["until"] == "2026-02-04"
    assert "2026年2月4日" in review["zh"]


async def test_nothing_is_rated_before_the_answer_twice_or_with_a_wrong_code(start: Any) -> None:
    intake = await start(service, clock=ManualClock(SERVED))
    receipt = await register(intake)
    assert (await rate(intake, receipt)).json()["type"].endswith(":not-answered-yet")
    await hear_state(intake, receipt, "served", served_at=SERVED)
    assert (await rate(intake, receipt, code="AAAAAAAAAA")).status_code == 404
    assert (await rate(intake, receipt, office="perfect")).status_code == 422
    first, second = await asyncio.gather(rate(intake, receipt), rate(intake, receipt, unit="not"))
    assert sorted([first.status_code, second.status_code]) == [201, 409]
    assert await told(intake) == ["intake.rating.given.v1"]


async def test_guessing_codes_at_ratings_is_stopped_as_at_the_look_up(start: Any) -> None:
    intake, receipt, _ = await answered(start)
    for n in range(10):
        await rate(intake, receipt, code=f"AAAAAAAA{n:02d}")
    assert (await rate(intake, receipt)).status_code == 429


async def test_the_time_for_rating_ends_with_its_last_day_and_is_told_once(start: Any) -> None:
    intake, receipt, clock = await answered(start)
    other = await register(intake)
    await hear_state(intake, other, "served", served_at=SERVED)
    clock.advance(datetime(2026, 2, 4, 15, 59, tzinfo=UTC) - SERVED)
    await expire(intake)
    assert (await rate(intake, other)).status_code == 201
    clock.advance(timedelta(minutes=1))
    assert (await rate(intake, receipt)).json()["type"].endswith(":rating-expired")
    await asyncio.gather(*(expire(intake) for _ in range(4)))
    assert await told(intake) == ["intake.rating.given.v1", "intake.rating.expired.v1"]
    assert (await rate(intake, receipt)).json()["type"].endswith(":rating-expired")
    shown = (await intake.request("GET", f"/api/intake/v1/petitions/{receipt['id']}/rating")).json()
    assert (shown["outcome"], shown["office"]) == ("expired", None)


async def test_later_and_repeated_events_do_not_open_the_window_again(start: Any) -> None:
    intake, receipt, clock = await answered(start)
    clock.advance(timedelta(days=31))
    await expire(intake)
    await hear_state(intake, receipt, "closed", 6, served_at=SERVED, closed_at=SERVED + timedelta(days=31))
    await hear_state(intake, receipt, "served", served_at=SERVED)
    await expire(intake)
    assert await told(intake) == ["intake.rating.expired.v1"]


async def test_each_petitioner_of_a_merged_matter_rates_for_himself(start: Any) -> None:
    intake = await start(service, clock=ManualClock(SERVED))
    lead, member = await register(intake), await register(intake)
    await act(intake, member, "merge", lead=lead["id"])
    await hear_state(intake, lead, "served", served_at=SERVED)
    assert [(await rate(intake, each)).status_code for each in (lead, member)] == [201, 201]


async def test_a_window_that_the_lead_opened_goes_with_the_lead(start: Any) -> None:
    intake = await start(service, clock=ManualClock(SERVED))
    lead, member = await register(intake), await register(intake)
    await act(intake, member, "merge", lead=lead["id"])
    await hear_state(intake, lead, "served", served_at=SERVED)
    await act(intake, member, "unmerge")
    assert (await rate(intake, member)).json()["type"].endswith(":not-answered-yet")


async def test_the_rating_is_shown_within_the_scope_only(start: Any) -> None:
    intake, receipt, _ = await answered(start)
    path = f"/api/intake/v1/petitions/{receipt['id']}/rating"
    assert (await intake.request("GET", path, who=token("330225101-xf", "33.02.25.101"))).status_code == 404
    assert (await intake.request("GET", path)).json()["outcome"] == "open"


def test_the_days_are_counted_in_china_and_the_first_is_not_one_of_them() -> None:
    late = datetime(2026, 1, 5, 15, 59, tzinfo=UTC)
    assert evaluation.last_day(late, 30).isoformat() == "2026-02-04"
    assert evaluation.last_day(late + timedelta(minutes=1), 30).isoformat() == "2026-02-05"
    assert evaluation.review_until(late, 30, late + timedelta(days=31)) is None
    assert evaluation.review_until(None, 30, late) is None
