"""Message centres that misbehave, or go away, seen from the whole node: it stays up, says so, and all arrives once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from kit.testing import eventually
from tests.resilience.texts.agreement import (
    agree_but_for_doubts,
    handed_over,
    none_twice,
    records,
    settled_by_receipts,
)
from tests.resilience.texts.stand import ONE, TWO, WEIGHTS, WINDOW, Stand

pytestmark = pytest.mark.timeout(600)
SUBMITS, UP, RECONNECTS = "xinqiao_sms_submits_total", "xinqiao_sms_line_up", "xinqiao_sms_reconnects_total"
SHARED, FAILING = 400, 300


@asynccontextmanager
async def watched(stand: Stand) -> AsyncIterator[list[int]]:
    """What every process has answered at /readyz meanwhile, again and again."""
    answers: list[int] = []

    async def watch() -> None:
        while True:
            answers.extend(await stand.readiness())
            await asyncio.sleep(0.2)

    watching = asyncio.create_task(watch())
    try:
        yield answers
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def misbehaves(stand: Stand, result: str, many: int, **how: Any) -> list[UUID]:
    """Some messages while the centre does so, until it did and the metrics tell of it; some when it behaves again."""
    before = await stand.metric(SUBMITS, gateway=ONE, result=result)
    stand.one.behave(receipts="held", **how)
    ids = await stand.queue(many)

    async def done_and_told() -> bool:
        done = any(pdu.get("mode") == how["mode"] for pdu in await stand.pdus())
        return done and await stand.metric(SUBMITS, gateway=ONE, result=result) > before

    await eventually(done_and_told, within=60)
    stand.one.behave(receipts="held")
    return [*ids, *await stand.queue(many // 2)]


async def drops_again_and_again(stand: Stand) -> list[UUID]:
    ids = await stand.queue(60)
    await stand.line_up(ONE)
    before = await stand.metric(RECONNECTS, gateway=ONE)
    await stand.drop(3)
    assert await stand.metric(RECONNECTS, gateway=ONE) >= before + 3
    return ids


async def silence_takes_the_line_down(stand: Stand) -> list[UUID]:
    """It is bound, and takes whatever comes, and answers nothing."""
    stand.one.behave(receipts="held", mode="silent")
    ids = await stand.queue(80)

    async def down() -> bool:
        return await stand.metric(UP, gateway=ONE) == 0

    await eventually(down, within=60)
    assert await stand.left(ids, "queued"), "all went to a centre that does not answer"
    stand.one.behave(receipts="held")
    return ids


async def test_a_centre_that_misbehaves_loses_nothing_and_the_node_stays_ready(texts_stand: Stand) -> None:
    stand = texts_stand
    await stand.begin()
    async with watched(stand) as answers:
        silent = await silence_takes_the_line_down(stand)
        ids = [
            *silent,
            *await misbehaves(stand, "throttled", 60, mode="throttle", next=30),
            *await misbehaves(stand, "taken", 60, mode="double", next=40),
            *await misbehaves(stand, "in-doubt", 60, mode="disconnect", next=2),
            *await misbehaves(stand, "in-doubt", 60, mode="malformed", next=2),
            *await drops_again_and_again(stand),
        ]
        await handed_over(stand, ids)
        found = await agree_but_for_doubts(stand, ids)
        assert "unknown" in {found.states[each] for each in silent}
        await the_figures_tell_of(stand, found.doubted)
        after = await settled_by_receipts(stand, ids)
    assert len(answers) > 4
    assert set(answers) == {200}
    assert {after.states[each] for each in silent} == {"delivered"}
    await only_what_never_arrived_is_left_in_doubt(stand, after.states, after.phones, after.rows)


async def the_figures_tell_of(stand: Stand, doubted: int) -> None:
    async def told() -> bool:
        return await stand.metric("xinqiao_messages_unknown") >= doubted

    await eventually(told, within=60)


async def only_what_never_arrived_is_left_in_doubt(
    stand: Stand, states: dict[UUID, str], phones: dict[bytes, str], rows: Sequence[Any]
) -> None:
    """What was answered by octets that are no answer, or was under way on a line that broke."""
    number = {row["id"]: phones[row["phone_key"]] for row in rows}
    left = {number[each] for each, state in states.items() if state == "unknown"}
    broken = {pdu["to"] for pdu in await stand.pdus() if pdu.get("took") == "submit_sm" and pdu["mode"] == "malformed"}
    assert broken
    assert broken <= left
    ended = sum("closed" in pdu for pdu in await stand.pdus())
    assert len(left) <= ended * WINDOW, "more than was under way on lines that broke"


async def test_two_centres_share_by_weight_and_when_one_goes_away_the_rest_goes_by_the_other(
    texts_stand: Stand,
) -> None:
    stand = texts_stand
    one, two = stand.centres[ONE], stand.centres[TWO]
    two.start()
    await stand.begin()
    shared = await stand.queue(SHARED)
    await handed_over(stand, shared)
    ways = Counter(gateway for gateway, _ in (await agree_but_for_doubts(stand, shared)).taken)
    expected = SHARED * WEIGHTS[TWO] / sum(WEIGHTS.values())
    assert abs(ways[TWO] - expected) < 60, ways  # seven standard deviations
    assert ways.total() == SHARED

    before = (await stand.status(ONE))["taken"]
    first = await stand.queue(FAILING)

    async def begun() -> bool:
        return (await stand.status(ONE))["taken"] >= before + 20

    await eventually(begun, within=60)
    one.stop()  # it writes its log to the end
    ids = [*first, *await stand.queue(FAILING)]
    await handed_over(stand, ids)
    one.start()
    await stand.line_up(ONE)
    found = await agree_but_for_doubts(stand, ids)
    ways = Counter(gateway for gateway, _ in found.taken)
    assert ways[ONE] >= 20
    assert ways[TWO] >= FAILING
    doubts = {row["gateway"] for row in found.rows if row["state"] == "unknown"}
    assert doubts <= {ONE}, "only what was under way there is in doubt"
    again = await stand.queue(100)
    await handed_over(stand, again)
    assert {gateway for gateway, _ in (await agree_but_for_doubts(stand, again)).taken} == {ONE, TWO}
    none_twice(await records(stand, [*shared, *ids, *again]))
