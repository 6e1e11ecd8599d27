"""What is claimed when: refused messages stand before nobody, back-off lasts, rates hold where clocks differ."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from services.notify.tests.sms import Peer, numbers, queue, send_all, states
from services.notify.tests.stories import Story, hear
from services.notify.tests.test_outbound_ways import set_up

from kit.clock import ManualClock
from kit.testing import eventually
from notify import resources
from notify.gateways.interface import NotSent, Part, Throttled
from notify.main import service
from notify.outbound import claiming, replaying
from notify.outbound.sending import send_due
from notify.settings import Settings

# of two releases ago, word for word
OLD_CLAIM = """
WITH due AS (
  SELECT id, state FROM messages WHERE state IN ('queued', 'sending') AND due_at <= $1
  ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
UPDATE messages SET state = 'sending', due_at = $1 + $3::interval, attempts = attempts + 1
FROM due, petitions WHERE messages.id = due.id AND petitions.id = messages.petition_id
RETURNING messages.id, messages.petition_id, template, text, phone, attempts, messages.traceparent, created_at,
  due.state = 'sending' AS in_doubt
"""


async def test_what_one_gateway_refused_stands_before_nobody_while_the_rate_of_the_other_is_spent(start: Any) -> None:
    notify = await start(service, clock=ManualClock())
    bad = set(numbers(40))
    one = Peer("one", answers=lambda part: NotSent("no") if part.phone in bad else None)
    two = Peer("two")
    set_up(notify, one, two, one={"weight": 1000}, two={"weight": 0, "rate": 2})
    held = resources.of(notify.runtime)
    held.settings = held.settings.model_copy(update={"batch": 20})
    await queue(notify, *sorted(bad))
    async with asyncio.timeout(60):  # who stands before all others would do so for ever
        await send_all(notify)
        assert len(two.taken) == 2
        good = await queue(notify, *(f"139{place:08d}" for place in range(40)))
        await send_all(notify)
    assert await states(notify, good) == ["sent"] * 40
    assert len(two.taken) == 2


async def test_a_gateway_that_asked_for_rest_undoes_nobodys_back_off(start: Any) -> None:
    notify = await start(service, clock=ManualClock())
    asked: Counter[str] = Counter()

    def answer(part: Part) -> object:
        asked[part.phone] += 1
        return NotSent("away") if part.phone == "13800000000" else Throttled(timedelta(seconds=0.2))

    peer = Peer("one", answers=answer)
    set_up(notify, peer)
    for number in numbers(2):  # both are left for a second, by a clock that stands
        await queue(notify, number)
        await send_all(notify)
    outlet = resources.of(notify.runtime).outlets.of({"one": peer})["one"]

    async def rested() -> bool:
        await send_due(notify.runtime)
        return not outlet.resting

    assert outlet.resting
    await eventually(rested, every=0.01)
    await send_all(notify)
    assert asked == {"13800000000": 1, "13800000001": 1}


async def test_when_a_line_comes_up_all_that_waited_is_due_also_if_the_first_try_to_say_so_fails(
    start: Any, monkeypatch: Any
) -> None:
    notify = await start(service, clock=ManualClock())
    peer = Peer("one", answers=lambda _: NotSent("away"))
    set_up(notify, peer)
    ids = await queue(notify, *numbers(7))
    await send_all(notify)
    peer.up = False
    await send_due(notify.runtime)
    peer.up, peer.answers = True, lambda _: None
    monkeypatch.setattr(replaying, "AT_ONCE", 2)
    whole = notify.runtime.database.transaction

    def away(**_: Any) -> Any:
        raise ConnectionError("the database is away")

    monkeypatch.setattr(notify.runtime.database, "transaction", away)
    with pytest.raises(ConnectionError):
        await send_due(notify.runtime)
    monkeypatch.setattr(notify.runtime.database, "transaction", whole)
    await send_all(notify)
    assert await states(notify, ids) == ["sent"] * 7


async def test_a_clock_that_lags_does_not_make_a_rate_larger_and_one_that_is_wrong_holds_up_nobody(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    peer = Peer("one")
    set_up(notify, peer, one={"rate": 20})

    async def sends(count: int, *, step: float) -> int:
        clock.advance(timedelta(seconds=step))
        await queue(notify, *numbers(count))
        await send_due(notify.runtime)
        await send_due(notify.runtime)
        await eventually(nothing_under_way)
        return len(peer.taken)

    async def nothing_under_way() -> bool:
        await send_due(notify.runtime)
        return "sending" not in await states(notify)

    assert await sends(10, step=0) == 10
    assert await sends(5, step=-10) == 15  # another machine, ten seconds behind
    assert await sends(30, step=10) == 20, "as if ten seconds had passed"
    await notify.rows("UPDATE allowances SET at = at + interval '1 hour' RETURNING 1")  # a machine of another time
    assert await sends(1, step=0.1) == 40


def test_a_lease_outlasts_the_wait_for_a_place_and_the_wait_for_the_answer() -> None:
    line = {"kind": "smpp", "name": "m", "host": "h", "port": 1, "account": "a", "secret_file": "s"}
    Settings.model_validate({"gateways": [line]})
    with pytest.raises(ValueError, match="lease_seconds"):
        Settings.model_validate({"gateways": [line | {"seconds": 90}]})
    assert Settings.model_validate({"gateways": [line]}).begin_within(60) == 102


async def test_nothing_is_begun_when_its_lease_would_end_before_its_answer(start: Any, monkeypatch: Any) -> None:
    """The lease begins with the claim: however long that takes, the time is not the message's."""
    notify = await start(service, clock=ManualClock())
    peer = Peer("one")
    set_up(notify, peer)
    held = resources.of(notify.runtime)
    held.settings = held.settings.model_copy(update={"lease_seconds": 0.05})
    await queue(notify, *numbers(3))
    whole = claiming.claim

    async def slow(*given: Any, **named: Any) -> Any:
        found = await whole(*given, **named)
        await asyncio.sleep(0.1)
        return found

    monkeypatch.setattr("notify.outbound.sender.claim", slow)
    await send_due(notify.runtime)

    async def given_back() -> bool:
        return await states(notify) == ["queued"] * 3

    await eventually(given_back, every=0.005)
    assert peer.taken == []


OLD = """
INSERT INTO messages (id, phone_key, template, template_version, language, state, traceparent, created_at, due_at,
  state_at, sent_at)
SELECT gen_random_uuid(), (SELECT key FROM phones LIMIT 1), 'accepted', 1, 'zh', 'sent', '', $1, 'infinity', $1, $1
FROM generate_series(1, 3000)
"""


async def test_what_a_number_got_lately_is_counted_without_what_it_got_before(start: Any) -> None:
    notify = await start(service)
    (message_id,) = await queue(notify, "13800000001")
    now = notify.runtime.clock.now()
    async with notify.runtime.database.transaction() as session:
        await session.raw.execute(OLD, now - timedelta(days=1))
        await session.raw.execute("UPDATE messages SET state = 'sending', gateway = 'one' WHERE id = $1", message_id)
    await notify.rows("ANALYZE messages")
    async with notify.runtime.database.transaction() as session:
        keys = [row["key"] for row in await session.raw.fetch("SELECT key FROM phones")]
        found = await session.raw.fetch(claiming.LATELY, keys, now - timedelta(hours=1))
        plan = await session.raw.fetch("EXPLAIN " + claiming.LATELY, keys, now - timedelta(hours=1))
    assert [row["count"] for row in found] == [1]
    shown = "\n".join(row[0] for row in plan)
    assert "ix_messages_lately" in shown
    assert "Filter" not in shown, shown


async def test_a_sender_of_two_releases_ago_waits(start: Any) -> None:
    notify = await start(service, clock=ManualClock())
    story = Story()
    await hear(notify, story.contact())
    now = notify.runtime.clock.now()
    with pytest.raises(asyncpg.CheckViolationError):
        async with notify.runtime.database.transaction() as session:
            await session.raw.fetch(OLD_CLAIM, now, 50, timedelta(seconds=60))
    peer = Peer("one")
    set_up(notify, peer)
    await send_all(notify)
    assert (await states(notify), len(peer.taken) > 0) == (["sent"], True)
