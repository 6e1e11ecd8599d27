"""Bulletins (信访信息) go up, are adopted or not, passed on, and counted; and what is urged and measured by itself."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from services.documents.tests.exchanging import (
    BUILDERS,
    CITY,
    CITY_OFFICE,
    COUNTY_OFFICE,
    TOWN_OFFICE,
    VILLAGE,
    Exchange,
    slug_of,
)

from contracts.examples import COUNTY, TOWNSHIP
from documents.exchange.sending import _superior
from documents.exchange.watching import EXCHANGE_FIGURES, URGING
from documents.main import service
from kit.app import Job
from kit.auth import Principal
from kit.clock import ManualClock
from kit.errors import Refused

PERIOD = {"since": "2026-01-01", "until": "2026-01-31"}


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def exchange(start: Any, clock: ManualClock) -> Exchange:
    return Exchange({path: await start(service, path=path, clock=clock) for path in (CITY, COUNTY, TOWNSHIP)})


async def counts(exchange: Exchange, unit: str, **period: str) -> dict[str, list[int]]:
    """sent, adopted, by instruction, merged, not adopted; by who sent it."""
    found = await exchange.ask(unit, "GET", "/bulletin-counts", params={**PERIOD, **period})
    assert found.status_code == 200, found.text
    names = ("sent", "adopted", "by_instruction", "merged", "not_adopted")
    return {
        f"{'own' if row['own'] else row['unit']['code']}": [row[name] for name in names] for row in found.json()["rows"]
    }


async def test_a_bulletin_goes_to_the_office_above_which_adopts_it_and_passes_it_on(exchange: Exchange) -> None:
    first = await exchange.sent(TOWN_OFFICE, kind="bulletin", title="我镇化解一批积案")
    second = await exchange.sent(TOWN_OFFICE, kind="bulletin", title="本周动态")
    beside = await exchange.sent(BUILDERS, kind="bulletin", title="住建动态")
    await exchange.carry()
    listed = await exchange.listed(COUNTY_OFFICE, "received", kind="bulletin")
    assert {row["unit"] for row in listed} == {TOWN_OFFICE, BUILDERS}
    assert slug_of(await exchange.post(COUNTY_OFFICE, first, "adoption", {"mark": "adopted"})) == "dispatch-unread"
    for dispatch_id in (first, second, beside):
        await exchange.post(COUNTY_OFFICE, dispatch_id, "signature")
    await exchange.post(COUNTY_OFFICE, first, "adoption", {"mark": "adopted"})
    await exchange.post(COUNTY_OFFICE, first, "adoption", {"mark": "leader-instruction", "note": "县领导批示转发"})
    await exchange.post(COUNTY_OFFICE, second, "adoption", {"mark": "not-adopted", "note": "内容重复"})
    marked = [event for event in await exchange.services[COUNTY].events() if event.type.endswith("marked.v1")]
    assert [(event.data.unit, event.data.adoption) for event in marked] == [
        (TOWN_OFFICE, "adopted"), (TOWN_OFFICE, "leader-instruction"), (TOWN_OFFICE, "not-adopted"),
    ]  # fmt: skip
    await exchange.carry()
    (copy,) = (await exchange.get(TOWN_OFFICE, first))["copies"]
    assert (copy["adoption"], copy["note"]) == ("leader-instruction", "县领导批示转发")
    assert await counts(exchange, COUNTY_OFFICE) == {TOWN_OFFICE: [2, 1, 1, 0, 1], BUILDERS: [1, 0, 0, 0, 0]}
    assert await counts(exchange, TOWN_OFFICE) == {"own": [2, 1, 1, 0, 1]}
    assert await counts(exchange, TOWN_OFFICE, since="2026-01-06") == {}

    passed_on, file_id = await exchange.draft(COUNTY_OFFICE, "丙县化解一批积案", kind="bulletin", source=first)
    files = [item["item_id"] for item in (await exchange.get(COUNTY_OFFICE, first))["items"]]
    assert (
        await exchange.post(COUNTY_OFFICE, passed_on, "enclosures", {"of": first, "files": files})
    ).status_code == 200
    assert (await exchange.post(COUNTY_OFFICE, passed_on, "sending", {"body": file_id})).status_code == 200
    await exchange.carry()
    shown = (await exchange.post(CITY_OFFICE, passed_on, "signature")).json()
    assert (shown["unit"], shown["source_unit"]["code"]) == (COUNTY_OFFICE, TOWN_OFFICE)
    assert [item["here"] for item in shown["items"]] == [True, True]
    await exchange.post(CITY_OFFICE, passed_on, "adoption", {"mark": "merged"})
    assert (await counts(exchange, CITY_OFFICE)) == {COUNTY_OFFICE: [1, 1, 0, 1, 0]}
    await exchange.carry()
    assert (await counts(exchange, COUNTY_OFFICE))["own"] == [1, 1, 0, 1, 0]


async def test_what_is_no_bulletin_is_not_adopted_and_nothing_goes_above_the_top(exchange: Exchange) -> None:
    paper = await exchange.sent(COUNTY_OFFICE, BUILDERS)
    await exchange.post(BUILDERS, paper, "signature")
    assert slug_of(await exchange.post(BUILDERS, paper, "adoption", {"mark": "adopted"})) == "not-a-bulletin"
    refused = await exchange.ask(
        BUILDERS, "POST", "/dispatches", json={"kind": "bulletin", "title": "x", "source": paper}
    )
    assert slug_of(refused) == "not-a-bulletin"
    top = Principal("x", "330000-xf", "33", frozenset({"clerk"}), 0.0, ())
    with pytest.raises(Refused, match="no-superior-office"):
        _superior(exchange.services[COUNTY].runtime, top)
    wrong = await exchange.ask(COUNTY_OFFICE, "GET", "/bulletin-counts", params={**PERIOD, "until": "2025-12-31"})
    assert slug_of(wrong) == "invalid-input"


async def run(exchange: Exchange, job: Job) -> Any:
    runtime = exchange.services[COUNTY].runtime
    async with runtime.database.transaction() as session:
        return await job.run(runtime, session)


def measured(what: str, side: str) -> float | None:
    return REGISTRY.get_sample_value(f"xinqiao_dispatch_copies_{what}", {"side": side})


async def test_who_has_not_signed_is_urged_by_hand_and_by_policy_until_it_has(
    exchange: Exchange, clock: ManualClock
) -> None:
    due = (clock.now() + timedelta(days=3)).isoformat()
    dispatch_id = await exchange.sent(COUNTY_OFFICE, BUILDERS, TOWN_OFFICE, VILLAGE, urgency="urgent", answer_by=due)
    await exchange.carry()
    await exchange.post(BUILDERS, dispatch_id, "signature")
    urged = await exchange.post(COUNTY_OFFICE, dispatch_id, "urging", {"units": [TOWN_OFFICE]})
    assert {each["unit"]: each["urged"] for each in urged.json()["copies"]} == {
        BUILDERS: 0, TOWN_OFFICE: 1, VILLAGE: 0,
    }  # fmt: skip
    assert slug_of(await exchange.post(COUNTY_OFFICE, dispatch_id, "urging", {"units": [BUILDERS]})) == "nothing-unread"
    assert slug_of(await exchange.post(COUNTY_OFFICE, dispatch_id, "urging", {"units": ["x"]})) == "unknown-unit"
    assert await run(exchange, URGING) == 0
    for hours, times in ((8, (2, 1)), (7, (2, 1)), (1, (3, 2))):
        clock.advance(timedelta(hours=hours))
        await run(exchange, URGING)
        await exchange.carry()
        found = [(await exchange.listed(unit, "received"))[0]["urged"] for unit in (TOWN_OFFICE, VILLAGE)]
        assert tuple(found) == times, hours
    await run(exchange, EXCHANGE_FIGURES)
    assert [measured("unread", "sent"), measured("overdue", "sent")] == [2, 0]
    clock.advance(timedelta(days=4))
    for _ in range(9):  # no more than five by the system
        await run(exchange, URGING)
        clock.advance(timedelta(hours=9))
    await exchange.carry()
    copies = {each["unit"]: each for each in (await exchange.get(COUNTY_OFFICE, dispatch_id))["copies"]}
    assert (copies[TOWN_OFFICE]["urged"], copies[VILLAGE]["urged"], copies[BUILDERS]["urged"]) == (5, 5, 0)
    assert [copies[unit]["overdue"] for unit in (BUILDERS, TOWN_OFFICE)] == [True, True]
    await run(exchange, EXCHANGE_FIGURES)
    assert [measured("overdue", "sent"), measured("overdue", "received")] == [3, 1]
    await exchange.post(TOWN_OFFICE, dispatch_id, "signature")
    await exchange.carry()
    row = (await exchange.services[COUNTY].rows(
        "SELECT urge_next_at FROM copies WHERE dispatch_id = $1 AND to_unit = $2", uuid.UUID(dispatch_id), TOWN_OFFICE
    ))[0]  # fmt: skip
    assert row["urge_next_at"] is None
