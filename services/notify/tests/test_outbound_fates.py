"""What becomes of messages: receipts early, late, twice or never, doubts, senders that died; how long it is kept."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from services.notify.tests.sms import LONG, Peer, look, numbers, queue, receipt, send_all, states, use
from services.notify.tests.stories import Story, hear
from tests.support.running import Running

from kit.clock import ManualClock
from kit.testing import eventually
from notify import resources
from notify.gateways.interface import Has, InDoubt, Late, NotSent
from notify.main import service
from notify.outbound import late, records
from notify.outbound.outgoing import Lane
from notify.outbound.receipts import take
from notify.outbound.sender import Sender
from notify.taking import Together, taking_of

LEASE = timedelta(seconds=181)
PHONE = "13800000000"


async def told(notify: Running, *named: tuple[str, str]) -> None:
    """(gateway_id, state), of gateway "peer"."""
    await take(notify.runtime, [("peer", receipt(gateway_id, state, PHONE)) for gateway_id, state in named])


async def one_sent(start: Any, text: str = "hello", **peer: Any) -> tuple[Running, ManualClock, Peer]:
    clock = ManualClock()
    notify, gateway = await start(service, clock=clock), Peer(**peer)
    use(notify, gateway)
    await queue(notify, PHONE, text=text)
    await send_all(notify)
    return notify, clock, gateway


@pytest.mark.parametrize("state", ["delivered", "failed", "expired"])
async def test_a_receipt_tells_the_fate_of_a_message_and_only_the_first_counts(start: Any, state: str) -> None:
    notify, _, _ = await one_sent(start)
    await told(notify, ("peer-1", state), ("peer-1", "failed"))
    await told(notify, ("peer-1", "delivered"))
    assert await states(notify) == [state]


async def test_a_message_has_arrived_when_all_its_parts_have(start: Any) -> None:
    notify, _, _ = await one_sent(start, LONG)
    await told(notify, ("peer-1", "delivered"), ("peer-3", "delivered"))
    assert await states(notify) == ["sent"]
    await told(notify, ("peer-2", "delivered"))
    assert await states(notify) == ["delivered"]


async def test_receipts_of_two_parts_at_the_same_time_miss_nothing(start: Any) -> None:
    notify, _, peer = await one_sent(start)
    await queue(notify, *numbers(30), text=LONG)
    await send_all(notify)
    ids = [f"peer-{place}" for place in range(1, len(peer.taken) + 1)]
    await asyncio.gather(*(told(notify, *((each, "delivered") for each in ids[turn::3])) for turn in range(3)))
    assert await states(notify) == ["delivered"] * 31


async def test_it_has_failed_when_one_part_has(start: Any) -> None:
    notify, _, _ = await one_sent(start, LONG)
    await told(notify, ("peer-1", "delivered"), ("peer-2", "failed"))
    assert await states(notify) == ["failed"]


async def test_a_receipt_that_comes_before_the_answer_waits_for_it(start: Any) -> None:
    gate = asyncio.Event()
    clock = ManualClock()
    notify, peer = await start(service, clock=clock), Peer(gate=gate)
    use(notify, peer)
    await queue(notify, PHONE)
    await resources.of(notify.runtime).sender.step(notify.runtime)
    await told(notify, ("peer-1", "delivered"))
    await told(notify, ("peer-1", "delivered"))
    gate.set()
    await send_all(notify)
    assert await states(notify) == ["sent"]
    await look(notify)
    assert await states(notify) == ["delivered"]
    assert await notify.rows("SELECT FROM early_receipts") == []


async def test_of_what_was_left_without_an_answer_the_oldest_to_that_number_has_arrived(start: Any) -> None:
    clock = ManualClock()
    notify, peer = await start(service, clock=clock), Peer(answers=lambda _: InDoubt("no answer"))
    use(notify, peer, Peer("other", up=False))
    first = await queue(notify, PHONE)
    await send_all(notify)
    clock.advance(timedelta(minutes=1))
    second = await queue(notify, PHONE, "13800000009")
    await send_all(notify)
    assert await states(notify, first + second) == ["unknown"] * 3
    await told(notify, ("x-1", "delivered"))
    await look(notify)
    assert await states(notify, first + second) == ["unknown"] * 3, "its answer may still come"
    await look(notify, clock, LEASE)
    assert await states(notify, first + second) == ["delivered", "unknown", "unknown"]
    await told(notify, ("x-1", "delivered"), ("x-2", "failed"))
    await look(notify, clock, LEASE)
    assert await states(notify, first + second) == ["delivered", "failed", "unknown"]


async def test_a_receipt_of_another_gateway_or_of_before_settles_no_doubt(start: Any) -> None:
    notify, clock, peer = await one_sent(start)
    await told(notify, ("x-1", "delivered"))
    clock.advance(timedelta(minutes=1))
    peer.answers = lambda _: InDoubt("no answer")
    doubted = await queue(notify, PHONE)
    await send_all(notify)
    await take(notify.runtime, [("other", receipt("x-2", "delivered", PHONE))])
    await look(notify, clock, LEASE)
    assert await states(notify, doubted) == ["unknown"]


async def test_a_gateway_that_can_be_asked_is_asked_what_became_of_it(start: Any) -> None:
    notify, clock, peer = await one_sent(start)
    await look(notify, clock, timedelta(minutes=1))
    peer.fates["peer-1"] = receipt("peer-1", "delivered")
    assert await states(notify) == ["sent"], "it was not time to ask"
    await look(notify, clock, timedelta(minutes=10))
    assert await states(notify) == ["delivered"]


@pytest.mark.parametrize(("holds", "state", "sent"), [("x-1", "sent", 0), (False, "sent", 1), (None, "unknown", 0)])
async def test_of_a_doubt_the_gateway_is_asked_as_well(start: Any, holds: Has, state: str, sent: int) -> None:
    notify, clock, peer = await one_sent(start, answers=lambda _: InDoubt("no answer"))
    peer.holds, peer.answers = holds, lambda _: None
    await look(notify, clock, timedelta(minutes=2))
    await send_all(notify)
    assert (await states(notify), len(peer.taken)) == ([state], sent)
    if holds:
        await take(notify.runtime, [("peer", receipt("x-1"))])
        assert await states(notify) == ["delivered"], "it is known by the id that the gateway told"


async def test_an_id_that_a_gateway_gives_again_after_days_is_another_message(start: Any) -> None:
    notify, clock, peer = await one_sent(start)
    await told(notify, ("peer-1", "failed"))
    clock.advance(timedelta(hours=73))
    peer.answers, peer.gate = (lambda _: "peer-1"), asyncio.Event()
    (again,) = await queue(notify, PHONE)
    await resources.of(notify.runtime).sender.step(notify.runtime)
    await told(notify, ("peer-1", "delivered"))  # before its answer: the only part of that id is the old one
    await look(notify)
    peer.gate.set()
    await send_all(notify)
    await look(notify, clock, timedelta(seconds=1))
    assert await states(notify, [again]) == ["delivered"]
    assert await states(notify) == ["delivered", "failed"]


async def test_of_two_messages_with_one_id_that_nobody_told_of_the_later_one_has_arrived(start: Any) -> None:
    notify, clock, peer = await one_sent(start)
    clock.advance(timedelta(hours=73))
    peer.answers = lambda _: "peer-1"
    (again,) = await queue(notify, PHONE)
    await send_all(notify)
    await told(notify, ("peer-1", "delivered"))
    assert await states(notify, [again]) == ["delivered"]
    assert await states(notify) == ["delivered", "sent"]


async def test_a_receipt_of_nobody_is_looked_for_ever_more_seldom(start: Any) -> None:
    notify, clock, _ = await one_sent(start)
    await told(notify, *((f"x-{place}", "delivered") for place in range(3)))
    looks = "SELECT count(*) FROM early_receipts WHERE due_at <= $1"
    waits = []
    for seconds in (0, 1, 10, 100, 1000):
        await look(notify, clock, timedelta(seconds=seconds))
        assert (await notify.rows(looks, clock.now()))[0][0] == 0
        waits.append((await notify.rows("SELECT min(due_at) FROM early_receipts"))[0][0] - clock.now())
    assert waits == [timedelta(seconds=seconds) for seconds in (1, 1, 11, 111, 1111)]


async def test_a_fate_that_nobody_tells_is_not_awaited_for_ever(start: Any) -> None:
    notify, clock, _ = await one_sent(start)
    await look(notify, clock, timedelta(hours=73))
    (row,) = await notify.rows("SELECT state, due_at = 'infinity' AS over FROM messages")
    assert (row["state"], row["over"]) == ("sent", True)
    await told(notify, ("peer-1", "delivered"))
    assert await states(notify) == ["delivered"], "a late receipt tells it all the same"


async def test_a_doubt_that_nobody_clears_ends_as_expired_and_a_late_receipt_still_counts(start: Any) -> None:
    notify, clock, peer = await one_sent(start, answers=lambda _: InDoubt("no answer"))
    await look(notify, clock, timedelta(hours=71))
    assert await states(notify) == ["unknown"]
    await look(notify, clock, timedelta(hours=73))
    (row,) = await notify.rows("SELECT state, reason FROM messages")
    assert (row["state"], row["reason"], peer.taken) == ("expired", "no-fate", [])
    await told(notify, ("x-1", "delivered"))
    await look(notify, clock, LEASE)
    assert await states(notify) == ["delivered"]


async def test_a_late_answer_names_the_part_or_lets_it_go_out_again(start: Any) -> None:
    notify, _, peer = await one_sent(start, LONG, answers=lambda _: InDoubt("no answer"))
    (row,) = await notify.rows("SELECT id FROM messages")
    for number in (1, 2):
        await late.take(notify.runtime, "peer", Late(row["id"], number, f"late-{number}"))
    await late.take(notify.runtime, "peer", Late(row["id"], 3, None, "queue full"))
    await look(notify)
    assert await states(notify) == ["queued"]
    peer.answers = lambda _: "late-3"
    await send_all(notify)
    assert ([part.number for part in peer.taken], await states(notify)) == ([3], ["sent"])
    await told(notify, *((f"late-{number}", "delivered") for number in (1, 2, 3)))
    await late.take(notify.runtime, "peer", Late(row["id"], 3, "another"))
    await look(notify)
    assert await states(notify) == ["delivered"]


@pytest.mark.parametrize("kept", ["late-1", None])
async def test_a_late_answer_counts_also_while_other_parts_are_under_way_or_go_out_again(
    start: Any, kept: str | None
) -> None:
    clock, gate = ManualClock(), asyncio.Event()
    notify, peer = await start(service, clock=clock), Peer(gate=gate)
    use(notify, peer)
    peer.answers = lambda part: {1: InDoubt("no answer"), 2: NotSent("away")}.get(part.number)
    (message_id,) = await queue(notify, PHONE, text=LONG)
    await resources.of(notify.runtime).sender.step(notify.runtime)
    if kept:  # while the others are under way: nothing is written down of its part
        await late.take(notify.runtime, "peer", Late(message_id, 1, kept))
        await look(notify)
    gate.set()
    await send_all(notify)
    assert await states(notify) == ["queued"]
    if not kept:  # while the message waits to go on
        await late.take(notify.runtime, "peer", Late(message_id, 1, None))
    await look(notify)
    peer.answers = lambda _: None
    await look(notify, clock, timedelta(minutes=1))
    await send_all(notify)
    numbers_taken = sorted(part.number for part in peer.taken)
    assert (await states(notify), numbers_taken) == (["sent"], [2, 3] if kept else [1, 2, 3])
    (row,) = await notify.rows("SELECT gateway_id FROM parts WHERE number = 1")
    assert row["gateway_id"] == (kept or "peer-2")


async def test_what_a_late_answer_takes_back_in_the_middle_of_another_try_goes_out_after_it(start: Any) -> None:
    clock, gate = ManualClock(), asyncio.Event()
    notify, peer = await start(service, clock=clock), Peer()
    use(notify, peer)
    peer.answers = lambda part: {1: InDoubt("no answer"), 2: NotSent("away")}.get(part.number)
    (message_id,) = await queue(notify, PHONE, text=LONG)
    await send_all(notify)
    clock.advance(timedelta(minutes=1))
    peer.answers, peer.gate, peer.most = (lambda _: None), gate, 0
    await resources.of(notify.runtime).sender.step(notify.runtime)
    await late.take(notify.runtime, "peer", Late(message_id, 1, None))
    await look(notify)
    await notify.rows("DELETE FROM parts WHERE number = 1 RETURNING 1")  # as if it had been read just before the claim
    gate.set()
    await send_all(notify)
    assert sorted(part.number for part in peer.taken) == [1, 2, 3]
    assert await states(notify) == ["sent"]


async def die(notify: Running, peer: Peer) -> None:
    """Claimed, with the gateway, and gone before its answer is written down."""
    held = resources.of(notify.runtime)
    peer.gate = asyncio.Event()
    await held.sender.step(notify.runtime)

    async def with_the_gateway() -> bool:
        return peer.most > 0

    await eventually(with_the_gateway)
    await held.sender.close()
    held.sender, peer.gate = Sender(held.sender._lanes, held), None


@pytest.mark.parametrize(("holds", "state", "again"), [("x-1", "sent", 0), (False, "sent", 1), (None, "unknown", 0)])
async def test_what_a_sender_left_behind_is_sent_again_only_if_the_gateway_says_it_has_it_not(
    start: Any, holds: Has, state: str, again: int
) -> None:
    clock = ManualClock()
    notify, peer = await start(service, clock=clock), Peer(holds=holds)
    use(notify, peer)
    await queue(notify, PHONE)
    await die(notify, peer)
    await look(notify, clock, timedelta(seconds=170))
    await send_all(notify)
    assert await states(notify) == ["sending"], "taken over although its lease has not ended"
    await look(notify, clock, LEASE)
    await send_all(notify)
    assert (await states(notify), len(peer.taken)) == ([state], again)
    if holds:
        await take(notify.runtime, [("peer", receipt("x-1"))])
        assert await states(notify) == ["delivered"]


async def test_a_sender_that_answers_after_its_lease_still_tells_what_it_knows(start: Any) -> None:
    clock = ManualClock()
    notify, peer = await start(service, clock=clock), Peer(gate=asyncio.Event())
    use(notify, peer)
    story = Story()
    await hear(notify, story.contact())
    await resources.of(notify.runtime).sender.step(notify.runtime)
    await look(notify, clock, LEASE)
    assert await states(notify) == ["unknown"]
    assert peer.gate is not None
    peer.gate.set()
    await send_all(notify)
    assert (await states(notify), [part.number for part in peer.taken]) == (["sent"], [1, 2])
    await told(notify, ("peer-1", "delivered"), ("peer-2", "delivered"))
    events = await notify.events()
    assert [(each.version, each.data.status) for each in events] == [(1, "unknown"), (2, "sent"), (3, "delivered")]
    assert {each.data.parts for each in events} == {2}


async def test_what_turns_out_after_its_lease_not_to_have_left_goes_out_again(start: Any) -> None:
    clock = ManualClock()
    notify, peer = await start(service, clock=clock), Peer(gate=asyncio.Event(), answers=lambda _: NotSent("lost"))
    use(notify, peer)
    await queue(notify, "13800000001")
    await resources.of(notify.runtime).sender.step(notify.runtime)
    await look(notify, clock, LEASE)
    assert await states(notify) == ["unknown"]
    assert peer.gate is not None
    peer.gate.set()
    await resources.of(notify.runtime).sender.finish(10)
    peer.answers = lambda _: None
    await look(notify, clock, LEASE)
    await send_all(notify)
    assert (await states(notify), len(peer.taken)) == (["sent"], 1)


async def test_of_mass_notices_no_event_tells_of_each_message(start: Any) -> None:
    notify = await start(service)
    use(notify, Peer())
    story = Story()
    await queue(notify, *numbers(3), petition_id=story.id, lane=Lane.MASS)
    await send_all(notify)
    assert (await states(notify), await notify.events()) == (["sent"] * 3, [])


async def test_while_the_database_is_away_answers_are_kept(start: Any, monkeypatch: Any) -> None:
    gate = asyncio.Event()
    notify, peer = await start(service), Peer(gate=gate)
    use(notify, peer)
    await queue(notify, *numbers(5))
    await resources.of(notify.runtime).sender.step(notify.runtime)
    whole, refused = notify.runtime.database.transaction, 0

    def away(**options: Any) -> Any:
        nonlocal refused
        refused += 1
        raise ConnectionError("the database is away")

    monkeypatch.setattr(notify.runtime.database, "transaction", away)
    gate.set()

    async def tried() -> bool:
        return refused >= 2

    await eventually(tried)
    monkeypatch.setattr(notify.runtime.database, "transaction", whole)
    await send_all(notify)
    assert (await states(notify), len(peer.taken)) == (["sent"] * 5, 5)


async def test_many_receipts_are_kept_together_and_each_gateway_waits_for_its_own(start: Any) -> None:
    notify, _, peer = await one_sent(start)
    await queue(notify, *numbers(200))
    await send_all(notify)
    before = (await notify.rows("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"))[0][0]
    taking = taking_of(notify.runtime)
    ids = [f"peer-{place}" for place in range(1, len(peer.taken) + 1)]
    await asyncio.gather(*(taking.receipt("peer", receipt(each)) for each in ids))
    assert await states(notify) == ["delivered"] * 201
    after = (await notify.rows("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"))[0][0]
    assert after - before < 30


async def test_one_that_cannot_be_kept_stops_no_other_and_is_told_to_who_brought_it() -> None:
    kept: list[int] = []

    async def keep(batch: Any) -> None:
        await asyncio.sleep(0)
        if 7 in batch:
            raise ValueError("seven")
        kept.extend(batch)

    together: Together[int] = Together(keep)
    results = await asyncio.gather(*(together.add(number) for number in range(20)), return_exceptions=True)
    assert [place for place, result in enumerate(results) if isinstance(result, ValueError)] == [7]
    assert sorted(kept) == [number for number in range(20) if number != 7]


async def test_while_the_database_is_away_nothing_is_kept_one_by_one() -> None:
    tries = 0

    async def keep(_: Any) -> None:
        nonlocal tries
        tries += 1
        raise ConnectionError("away")

    together: Together[int] = Together(keep)
    results = await asyncio.gather(*(together.add(number) for number in range(20)), return_exceptions=True)
    assert all(isinstance(result, ConnectionError) for result in results)
    assert tries <= 2


async def forget(notify: Running) -> None:
    async with notify.runtime.database.transaction() as session:
        await records.forget(notify.runtime, session)


async def test_texts_are_forgotten_after_half_a_year_and_records_after_four_hundred_days(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    use(notify, Peer())
    story = Story(actions=("open", "accept"))
    await hear(notify, story.contact(), *story.case())
    await send_all(notify)
    await told(notify, *((f"peer-{place}", "delivered") for place in (1, 2, 3)))
    await queue(notify, PHONE)  # still waits
    clock.advance(timedelta(days=183))
    await forget(notify)
    assert await notify.rows("SELECT FROM messages WHERE text IS NULL") == []
    clock.advance(timedelta(days=2))
    await forget(notify)
    assert len(await notify.rows("SELECT FROM messages WHERE text IS NULL")) == 2
    clock.advance(timedelta(days=214))
    await forget(notify)
    assert len(await notify.rows("SELECT FROM messages")) == 3
    clock.advance(timedelta(days=2))
    await forget(notify)
    assert len(await notify.rows("SELECT FROM messages")) == 1
    assert await notify.rows("SELECT FROM parts") == []
    await hear(notify, Story(actions=("open", "accept", "close"), id=story.id).case()[-1])
    told_again = await notify.rows("SELECT template FROM messages WHERE petition_id = $1", story.id)
    assert [row["template"] for row in told_again] == ["closed"], "what was forgotten is not told again"


async def test_an_early_receipt_of_nobody_is_forgotten(start: Any) -> None:
    notify, clock, _ = await one_sent(start)
    await take(notify.runtime, [("peer", receipt("stranger", "delivered", None)), ("peer", receipt("a\0b"))])
    await look(notify, clock, timedelta(hours=71))
    assert len(await notify.rows("SELECT FROM early_receipts")) == 2
    await look(notify, clock, timedelta(days=3))
    assert await notify.rows("SELECT FROM early_receipts") == []
