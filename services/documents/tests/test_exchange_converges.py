"""Receipts, recalls and urges that cross, come late, twice and in any order: both sides agree in the end."""

import random
import uuid
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from services.documents.tests.exchanging import (
    BUILDERS,
    CITY,
    CITY_OFFICE,
    COUNTY_OFFICE,
    TOWN_OFFICE,
    VILLAGE,
    Exchange,
)
from tests.support.running import Running

from contracts.examples import COUNTY, TOWNSHIP
from documents.exchange.domain import TABLE, Action, State, after
from documents.main import service
from kit.errors import Refused

RECIPIENTS = (BUILDERS, TOWN_OFFICE, VILLAGE, CITY_OFFICE)
STEP = st.one_of(
    st.tuples(st.just("carry"), st.integers(0, 2**31)),
    st.tuples(st.sampled_from(("signature", "return")), st.sampled_from(RECIPIENTS)),
    st.tuples(st.sampled_from(("recall", "urging")), st.sets(st.sampled_from(RECIPIENTS), max_size=2)),
)


async def act(exchange: Exchange, dispatch_id: str, what: str, of: Any) -> None:
    """Refused or not: what counts is how it ends."""
    if what in {"signature", "return"}:
        await exchange.post(of, dispatch_id, what, {"reason": "不属本单位"} if what == "return" else {})
    else:
        await exchange.post(COUNTY_OFFICE, dispatch_id, what, {"units": sorted(of)})


async def some(exchange: Exchange, seed: int) -> None:
    """A part of what waits is brought, in some order, some of it twice; the rest later."""
    await exchange.collect()
    chance = random.Random(seed)
    chance.shuffle(exchange.waiting)
    cut = chance.randint(0, len(exchange.waiting))
    now, exchange.waiting = exchange.waiting[:cut], exchange.waiting[cut:]
    again = chance.sample(now, chance.randint(0, len(now)))
    exchange.waiting += again
    await exchange.bring(now + chance.sample(now, len(now) // 2))


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=(Phase.explicit, Phase.generate),
)  # fmt: skip
@given(steps=st.lists(STEP, min_size=2, max_size=9), seed=st.integers(0, 2**31))
async def test_whatever_the_order_both_sides_agree_and_a_recall_wins_only_before_it_was_read(
    start: Any, steps: list[tuple[str, Any]], seed: int
) -> None:
    exchange = Exchange(await start_once(start))
    dispatch_id = await exchange.sent(COUNTY_OFFICE, *RECIPIENTS)
    for what, of in steps:
        await (some(exchange, of) if what == "carry" else act(exchange, dispatch_id, what, of))
    await exchange.carry(random.Random(seed), twice=True)
    await agreed(exchange, dispatch_id)


async def start_once(start: Any) -> dict[str, Running]:
    """The nodes of all examples; each has a dispatch of its own."""
    begun: dict[str, Running] | None = getattr(start, "begun", None)
    if begun is None:
        begun = start.begun = {path: await start(service, path=path) for path in (CITY, COUNTY, TOWNSHIP)}
    return begun


async def agreed(exchange: Exchange, dispatch_id: str) -> None:
    told = await exchange.copies(COUNTY, dispatch_id)
    asked = {each["unit"]: each for each in (await exchange.get(COUNTY_OFFICE, dispatch_id))["copies"]}
    assert {*told} == {*RECIPIENTS}
    for unit in RECIPIENTS:
        there = await exchange.copies({BUILDERS: COUNTY, CITY_OFFICE: CITY}.get(unit, TOWNSHIP), dispatch_id)
        assert there[unit] == told[unit], unit
        assert there[unit]["state"] != "sent"
        if there[unit]["state"] == "recalled":
            assert there[unit]["signed_at"] is None
        assert asked[unit]["recall"] != "asked"  # every recall was answered
        rows = await exchange.at(unit).rows(
            "SELECT 1 FROM copies WHERE dispatch_id = $1 AND to_unit = $2", uuid.UUID(dispatch_id), unit
        )
        assert len(rows) == 1
        opened = await exchange.ask(unit, "GET", f"/petitions/{dispatch_id}/files")
        assert opened.status_code == (200 if there[unit]["state"] == "signed" else 404)
        if opened.status_code == 200:
            assert [file["here"] for file in opened.json()["items"]] == [True]


def test_every_pair_of_state_and_action_that_is_not_in_the_table_is_refused() -> None:
    for state in get_args(State):
        for action in get_args(Action):
            if (state, action) in TABLE:
                assert after(state, action) == TABLE[state, action]
                continue
            with pytest.raises(Refused, match="dispatch-"):
                after(state, action)
    assert len(TABLE) == 6
