"""Ratings: once, after the answer, in time, with number and query code; and told when nobody rated."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from services.intake.tests.linked import hear_merge, hear_state, register, running, status
from tests.support.nodes import token
from tests.support.running import Running

from intake.main import service
from kit.clock import ManualClock

SERVED = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
CLOCKS = running(SERVED, "ask-review")
GOOD = {"office": "satisfied", "unit": "fairly"}


async def rate(intake: Running, receipt: dict[str, Any], **body: Any) -> Any:
    path = f"/api/intake/v1/public/petitions/{receipt['number']}/ratings"
    headers = {"Query-Code": body.pop("code", receipt["query_code"])}
    return await intake.request("POST", path, who=None, json={**GOOD, **body}, headers=headers)


async def answered(start: Any) -> tuple[Running, dict[str, Any], ManualClock]:
    clock = ManualClock(SERVED)
    intake = await start(service, clock=clock)
    receipt = await register(intake)
    await hear_state(intake, receipt, "served", served_at=SERVED, clocks=CLOCKS)
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
    await hear_state(intake, receipt, "served", served_at=SERVED, clocks=CLOCKS)
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
    await hear_state(intake, other, "served", served_at=SERVED, clocks=CLOCKS)
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
    await hear_state(intake, receipt, "closed", 6, clocks=CLOCKS, closed_at=SERVED + timedelta(days=31))
    await hear_state(intake, receipt, "served", served_at=SERVED, clocks=CLOCKS)
    await expire(intake)
    assert await told(intake) == ["intake.rating.expired.v1"]


async def test_each_petitioner_of_a_merged_matter_rates_for_himself_who_answered(start: Any) -> None:
    intake = await start(service, clock=ManualClock(SERVED))
    lead, member = await register(intake), await register(intake)
    await hear_merge(intake, member, lead)
    await hear_state(intake, lead, "served", served_at=SERVED, clocks=CLOCKS)
    assert (await rate(intake, member)).json()["type"].endswith(":not-answered-yet")
    led = {"merged_into": lead["id"], "handler_unit": "330225-js"}
    await hear_state(intake, member, "served", 3, clocks=CLOCKS, **led)
    assert [(await rate(intake, each)).status_code for each in (lead, member)] == [201, 201]
    rated = [event.data.holder_unit for event in await intake.events() if "rating" in event.type]
    assert rated == ["330225100-cj", "330225-js"]


async def test_the_rating_is_shown_within_the_scope_only(start: Any) -> None:
    intake, receipt, _ = await answered(start)
    path = f"/api/intake/v1/petitions/{receipt['id']}/rating"
    assert (await intake.request("GET", path, who=token("330225101-xf", "33.02.25.101"))).status_code == 404
    assert (await intake.request("GET", path)).json()["outcome"] == "open"


async def test_while_a_review_is_under_way_nobody_rates_and_its_opinion_opens_the_time_again(start: Any) -> None:
    intake, receipt, clock = await answered(start)
    asked = [{**each, "stopped_at": SERVED + timedelta(days=3)} for each in CLOCKS]
    await hear_state(intake, receipt, "offered", 7, stage="review", clocks=asked)
    assert (await rate(intake, receipt)).json()["type"].endswith(":not-answered-yet")
    clock.advance(timedelta(days=40))
    await expire(intake)
    assert await told(intake) == []
    again = running(clock.now(), "ask-re-review")
    await hear_state(intake, receipt, "served", 11, stage="review", served_at=clock.now(), clocks=again)
    await hear_state(intake, receipt, "offered", 7, stage="review", clocks=asked)
    review = (await rate(intake, receipt, unit="not")).json()["review"]
    assert (review["kind"], "复核" in review["zh"], "36" in review["en"]) == ("re-review", True, True)


async def test_a_time_that_expired_opens_again_by_the_opinion_of_a_review(start: Any) -> None:
    intake, receipt, clock = await answered(start)
    clock.advance(timedelta(days=31))
    await expire(intake)
    await hear_state(intake, receipt, "served", 11, stage="review", clocks=running(clock.now()))
    assert (await rate(intake, receipt)).status_code == 201
    given, expired = [event for event in await intake.events() if "rating" in event.type][::-1]
    assert given.version > expired.version


async def test_no_review_is_offered_where_the_procedure_has_none_or_its_time_is_over(start: Any) -> None:
    intake = await start(service, clock=ManualClock(SERVED))
    over = [*running(SERVED), {"name": "ask-review", "started_at": SERVED, "due_at": SERVED}]
    for clocks in (running(SERVED), over):
        receipt = await register(intake)
        await hear_state(intake, receipt, "served", served_at=SERVED, clocks=clocks)
        answer = await rate(intake, receipt, unit="not")
        assert (answer.status_code, answer.json()["review"]) == (201, None)
