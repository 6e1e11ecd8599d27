"""Processes that send at the same time: none waits for another, limits hold for all of them together."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.notify.tests.sms import numbers, queue, states
from tests.support.running import Running

from kit.db import Session
from notify import resources
from notify.main import service
from notify.outbound import settling
from notify.outbound.claiming import Claim, Exit, claim
from notify.outbound.outgoing import Lane

ONE = "13800000001"


async def claimed(notify: Running, session: Session, *, free: int, to_a_number: int = 20) -> Claim:
    """As a process does that has room for so many."""
    settings = resources.of(notify.runtime).settings
    policy = replace(settings.policy, to_a_number=to_a_number)
    return await claim(
        session, exits=[Exit("one", 1, None, free)], lanes=(Lane.NOTICE,), limit=settings.batch,
        now=notify.runtime.clock.now(), lease=settings.lease, policy=policy, journal="",
    )  # fmt: skip


def ids_of(claim: Claim) -> set[UUID]:
    return {each.row["id"] for each in claim.claimed}


async def test_a_process_claims_while_another_has_not_committed(start: Any) -> None:
    notify = await start(service)
    ids = await queue(notify, *numbers(10))
    transaction = notify.runtime.database.transaction
    async with transaction() as one:
        first = ids_of(await claimed(notify, one, free=4))
        async with transaction() as other:
            await other.raw.execute("SET LOCAL lock_timeout = '5s'")
            second = ids_of(await claimed(notify, other, free=6))
    assert (len(first), len(second)) == (4, 6)
    assert first | second == set(ids), "none is taken twice"


async def test_the_limit_of_a_number_holds_for_claims_at_the_same_time(start: Any) -> None:
    notify = await start(service)
    to_one = await queue(notify, *[ONE] * 8)
    others = await queue(notify, "13800000002", "13800000003")
    transaction = notify.runtime.database.transaction
    async with transaction() as one:
        first = await claimed(notify, one, free=3, to_a_number=4)
        assert ids_of(first) < set(to_one)
        async with transaction() as other:
            second = await claimed(notify, other, free=9, to_a_number=4)
            assert ids_of(second) == set(others), "nobody knows yet how many the first one claims"
    async with transaction() as other:
        third = await claimed(notify, other, free=9, to_a_number=4)
    assert (len(third.claimed), third.decided) == (1, 5), "the others wait"
    assert (await states(notify, to_one)).count("sending") == 4


async def test_settling_looks_at_nothing_but_its_messages_however_wrong_the_counts_are(start: Any) -> None:
    notify = await start(service)
    ids = await queue(notify, *numbers(3000))
    await notify.rows("ANALYZE messages")  # none is being sent, as far as the database knows from now on
    await notify.rows("UPDATE messages SET state = 'sending', gateway = 'one', attempts = 1")
    plan = await _plan(notify, ids[:300])
    assert "ix_messages_awaited" not in _all(plan, "Index Name"), "that is all that is under way, from end to end"
    assert sum(_all(plan, "Rows Removed by Join Filter")) < 3000


async def _plan(notify: Running, ids: Sequence[UUID]) -> Any:
    now, count = notify.runtime.clock.now(), len(ids)
    heads: list[Any] = [ids, [1] * count, ["sent"] * count, [None] * count, [now] * count]
    heads += [[""] * count, [1] * count, [True] * count]
    parts: list[Any] = [[] for _ in range(7)]
    ((plan,),) = await notify.rows(f"EXPLAIN (ANALYZE, FORMAT JSON) {settling.SETTLE}", now, *heads, *parts)
    return plan[0]["Plan"]


def _all(plan: Any, name: str) -> list[Any]:
    """Of every step that says it."""
    found = [plan[name]] if name in plan else []
    return found + [value for each in plan.get("Plans", ()) for value in _all(each, name)]
