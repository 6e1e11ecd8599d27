"""Which way messages take, how fast, in which order: on real tables, with gateways whose behaviour is at hand."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from services.notify.tests.sms import LONG, Peer, numbers, queue, send_all, states, use
from tests.support.running import Running

from kit.clock import ManualClock
from kit.testing import eventually
from notify import resources
from notify.gateways.holding import hold_gateways
from notify.gateways.interface import Gateway, InDoubt, NotSent, Part, Rejected, Throttled
from notify.main import service
from notify.outbound.journal import Journal
from notify.outbound.outgoing import Lane
from notify.outbound.outlets import Outlets, Window
from notify.outbound.parts import payloads, split
from notify.outbound.sender import Sender
from notify.outbound.sending import send_due, send_mass
from notify.settings import Settings


def set_up(notify: Running, *peers: Peer, **outbound: Any) -> None:
    """As if the settings said so: outbound, or of a gateway as `name={"weight": …}`."""
    held = resources.of(notify.runtime)
    told = held.settings.model_dump(mode="json")
    of_gateways = [{"kind": "console", "name": peer.name, **outbound.pop(peer.name, {})} for peer in peers]
    told |= {"gateways": of_gateways, "outbound": told["outbound"] | outbound}
    held.settings = Settings.model_validate(told)
    held.outlets = Outlets(held.settings.gateways, held.settings.batch)
    use(notify, *peers)


async def test_each_gateway_gets_its_share_by_weight(start: Any) -> None:
    notify = await start(service)
    one, two = Peer("one"), Peer("two")
    set_up(notify, one, two, one={"weight": 3}, two={"weight": 1})
    await queue(notify, *numbers(400))
    await send_all(notify)
    assert len(one.taken) + len(two.taken) == 400
    assert 240 <= len(one.taken) <= 360


@pytest.mark.parametrize("away", ["says so", "does not take it"])
async def test_while_one_is_away_the_next_takes_its_share(start: Any, away: str) -> None:
    notify = await start(service)
    one, two, spare = Peer("one"), Peer("two"), Peer("spare")
    set_up(notify, one, two, spare, spare={"weight": 0})
    asked: Counter[Any] = Counter()

    def refuse(part: Part) -> object:
        asked[part.message_id] += 1
        return NotSent("away")

    one.up, one.answers = away != "says so", refuse
    ids = await queue(notify, *numbers(60))
    await send_all(notify)
    assert await states(notify, ids) == ["sent"] * 60
    assert (len(one.taken), len(spare.taken)) == (0, 0), "what is kept for need is not needed"
    assert len(two.taken) == 60
    assert not asked or max(asked.values()) == 1, "asked again although another is up"


async def test_when_all_are_away_it_waits_and_all_is_due_when_one_comes_back(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    one, two = Peer("one", answers=lambda _: NotSent("away")), Peer("two", up=False)
    set_up(notify, one, two)
    ids = []
    for number in numbers(20):
        ids += await queue(notify, number)
        clock.advance(timedelta(milliseconds=1))
    for _ in range(6):
        await send_all(notify)
        clock.advance(timedelta(minutes=10))
    await send_all(notify)
    assert await states(notify) == ["queued"] * 20
    one.up = False
    assert await send_due(notify.runtime) == 0, "nothing is even looked at"
    two.up = True
    await send_all(notify)
    assert [part.message_id for part in two.taken] == ids, "the oldest first"


async def test_a_gateway_that_is_throttled_rests_and_the_other_goes_on(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    one, two = Peer("one", answers=lambda _: Throttled(timedelta(hours=1))), Peer("two")
    set_up(notify, one, two)
    await queue(notify, *numbers(40))
    await send_all(notify)
    assert (len(two.taken), resources.of(notify.runtime).outlets.of({"one": one})["one"].resting) == (40, True)


async def test_what_the_only_gateway_throttled_is_left_for_as_long_as_it_said(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    peer = Peer("one", answers=lambda _: Throttled(timedelta(seconds=0.001)))
    set_up(notify, peer)
    await queue(notify, *numbers(3))
    await send_due(notify.runtime)

    async def thrown_back() -> bool:
        await send_due(notify.runtime)
        return await states(notify) == ["queued"] * 3

    await eventually(thrown_back)
    peer.answers = lambda _: None
    clock.advance(timedelta(seconds=1))
    await eventually(lambda: _sent(notify, 3))


async def _sent(notify: Running, count: int) -> bool:
    await send_due(notify.runtime)
    return (await states(notify)).count("sent") == count


async def test_no_more_leaves_than_rates_allow_however_many_processes_send(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    peer = Peer("one")
    set_up(notify, peer, one={"rate": 20})
    held = resources.of(notify.runtime)
    await queue(notify, *numbers(100))
    senders = [Sender((Lane.ANSWER, Lane.NOTICE), held) for _ in range(4)]

    async def steps() -> int:
        for _ in range(3):
            await asyncio.gather(*(each.step(notify.runtime) for each in senders))
        return len(peer.taken)

    assert await steps() == 20
    clock.advance(timedelta(seconds=2.5))
    assert await steps() == 40, "an hour of silence is not made good: a second's allowance is the most"
    clock.advance(timedelta(seconds=0.5))
    assert await steps() == 50
    for each in senders:
        await each.close()


async def test_the_rate_of_the_node_counts_parts_of_all_gateways(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    one, two = Peer("one"), Peer("two")
    set_up(notify, one, two, rate=9)
    await queue(notify, *numbers(10), text=LONG)
    await send_due(notify.runtime)
    await send_due(notify.runtime)
    parts = len(split(LONG))
    assert 9 <= len(one.taken) + len(two.taken) < 9 + parts


async def test_mass_notices_leave_room_in_the_allowance(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    peer = Peer("one")
    set_up(notify, peer, one={"rate": 40})
    await queue(notify, *numbers(100), lane=Lane.MASS)
    for _ in range(6):
        await send_mass(notify.runtime)
    assert 28 <= len(peer.taken) <= 31
    (answer,) = await queue(notify, "13900000000", lane=Lane.ANSWER)
    await send_due(notify.runtime)
    await eventually(lambda: _is(notify, answer, "sent"))


async def _is(notify: Running, message_id: Any, state: str) -> bool:
    return await states(notify, [message_id]) == [state]


async def test_a_mass_notice_under_way_delays_no_answer(start: Any) -> None:
    notify = await start(service)
    gate = asyncio.Event()
    peer = Peer("one", gate=gate)
    set_up(notify, peer)
    await queue(notify, *numbers(100), lane=Lane.MASS)
    await send_mass(notify.runtime)
    await eventually(lambda: _under_way(peer, 8))
    (answer,) = await queue(notify, "13900000000", lane=Lane.ANSWER)
    await send_due(notify.runtime)
    await eventually(lambda: _under_way(peer, 9))  # of the window of 10: there is always a place
    gate.set()
    await eventually(lambda: _is(notify, answer, "sent"))
    assert "13900000000" in [part.phone for part in peer.taken[:10]]
    await send_all(notify)
    assert len(peer.taken) == 101
    assert peer.most <= 10


async def _under_way(peer: Peer, count: int) -> bool:
    return peer.most >= count


async def test_places_go_to_answers_first_and_to_mass_notices_last() -> None:
    window, order = Window(5), []

    async def pass_through(lane: Lane, place: int) -> None:
        await window.enter(lane)
        order.append((lane, place))
        await asyncio.sleep(0)
        window.leave()

    def many(lane: Lane) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(pass_through(lane, place)) for place in range(12)]

    mass = many(Lane.MASS)
    await asyncio.sleep(0)
    mass[5].cancel()
    notices = many(Lane.NOTICE)
    answers = many(Lane.ANSWER)
    await asyncio.gather(*mass, *notices, *answers, return_exceptions=True)
    assert [lane for lane, _ in order[:5]].count(Lane.MASS) == 4, "a fifth is left to the others"
    for lane, count in ((Lane.ANSWER, 12), (Lane.NOTICE, 12), (Lane.MASS, 11)):
        assert len([place for each, place in order if each is lane]) == count
        assert [place for each, place in order if each is lane] == sorted(
            place for each, place in order if each is lane
        )
    assert order.index((Lane.ANSWER, 11)) < order.index((Lane.NOTICE, 11)) < order.index((Lane.MASS, 11))


async def test_of_a_lane_the_oldest_goes_first_and_answers_before_notices(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    peer = Peer("one")
    set_up(notify, peer, one={"rate": 2})
    notices = await queue(notify, *numbers(2))
    clock.advance(timedelta(seconds=1))
    answers = await queue(notify, *numbers(2), lane=Lane.ANSWER)
    for _ in range(3):
        await send_due(notify.runtime)
        clock.advance(timedelta(seconds=1))
    order = [part.message_id for part in peer.taken]
    assert (set(order[:2]), set(order[2:])) == (set(answers), set(notices))


async def test_parts_of_a_long_message_go_out_together_with_one_reference(start: Any) -> None:
    notify = await start(service)
    peer = Peer("one")
    use(notify, peer)
    (message_id,) = await queue(notify, "13812345678", text=LONG)
    await send_all(notify)
    assert [part.number for part in sorted(peer.taken, key=lambda part: part.number)] == [1, 2, 3]
    assert [part.payload for part in peer.taken] == list(payloads(split(LONG), message_id.int))
    rows = await notify.rows("SELECT number, gateway_id, state FROM parts ORDER BY number")
    assert [(row["number"], row["state"]) for row in rows] == [(1, "sent"), (2, "sent"), (3, "sent")]


async def test_a_gateway_that_divides_messages_itself_gets_the_whole(start: Any) -> None:
    notify = await start(service)
    peer = Peer("one", whole=True)
    use(notify, peer)
    await queue(notify, "13812345678", text=LONG)
    await send_all(notify)
    (part,) = peer.taken
    assert (part.text, part.payload, part.total) == (LONG, b"", 1)
    rows = await notify.rows("SELECT gateway_id FROM parts")
    assert [row["gateway_id"] for row in rows] == ["one-1"] * 3, "cost is counted in parts"


async def test_what_has_left_by_half_goes_on_where_it_began(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    one, two = Peer("one", answers=lambda part: NotSent("away") if part.number == 2 else None), Peer("two", up=False)
    set_up(notify, one, two)
    (message_id,) = await queue(notify, "13812345678", text=LONG)
    await send_all(notify)
    two.up, one.answers = True, lambda _: None
    clock.advance(timedelta(hours=1))
    await send_all(notify)
    assert sorted(part.number for part in one.taken) == [1, 2, 3]
    assert two.taken == [], "parts of two senders are never joined"
    assert await states(notify, [message_id]) == ["sent"]


async def test_a_message_of_which_a_part_is_rejected_has_failed(start: Any) -> None:
    notify = await start(service)
    use(notify, Peer("one", answers=lambda part: Rejected("11") if part.number == 2 else None))
    await queue(notify, "13812345678", text=LONG)
    await send_all(notify)
    (row,) = await notify.rows("SELECT state, reason FROM messages")
    assert (row["state"], row["reason"]) == ("failed", "11")


async def test_a_gateway_that_breaks_in_a_way_nobody_knows_leaves_the_message_in_doubt(start: Any, capsys: Any) -> None:
    notify = await start(service)
    use(notify, Peer("one", answers=lambda part: ValueError(part.phone)))
    await queue(notify, "13812345678")
    await send_all(notify)
    assert await states(notify) == ["unknown"]
    assert "13812345678" not in capsys.readouterr().out


async def test_at_night_only_answers_leave(start: Any) -> None:
    clock = ManualClock(datetime.fromisoformat("2026-01-05T23:00+08:00"))
    notify = await start(service, clock=clock)
    peer = Peer("one")
    set_up(notify, peer, quiet_from="22:00", quiet_until="07:00")
    await queue(notify, "13800000001")
    await queue(notify, "13800000002", lane=Lane.MASS)
    await queue(notify, "13800000003", lane=Lane.ANSWER)
    await send_all(notify)
    assert [part.phone for part in peer.taken] == ["13800000003"]
    rows = await notify.rows("SELECT DISTINCT due_at, reason FROM messages WHERE state = 'queued'")
    (row,) = rows
    assert (row["due_at"], row["reason"]) == (datetime.fromisoformat("2026-01-06T07:00+08:00"), "quiet-hours")
    clock.advance(timedelta(hours=8))
    await send_all(notify)
    assert len(peer.taken) == 3


async def test_who_wants_no_messages_gets_none_but_answers(start: Any) -> None:
    notify = await start(service)
    peer = Peer("one")
    set_up(notify, peer)
    notice = await queue(notify, "13800000001")
    answer = await queue(notify, "13800000001", lane=Lane.ANSWER)
    await notify.rows("UPDATE phones SET opted_out_at = now()")
    await send_all(notify)
    assert await states(notify, notice + answer) == ["cancelled", "sent"]


async def test_a_number_gets_no_more_notices_in_an_hour_than_policy_says(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    peer = Peer("one")
    set_up(notify, peer, to_a_number=3)
    await queue(notify, *["13800000001"] * 5, "13800000002")
    await queue(notify, *["13800000001"] * 2, lane=Lane.ANSWER)
    await send_all(notify)
    assert Counter(part.phone for part in peer.taken) == {"13800000001": 5, "13800000002": 1}
    clock.advance(timedelta(minutes=61))
    await send_all(notify)
    assert len(peer.taken) == 8


async def test_what_is_under_way_gets_its_answer_before_the_lines_are_let_go(start: Any) -> None:
    notify = await start(service)
    gate = asyncio.Event()
    peer = Peer("one", gate=gate)
    use(notify, peer)
    lines = asyncio.create_task(hold_gateways(notify.runtime))
    await queue(notify, *numbers(3))
    await send_due(notify.runtime)
    await eventually(lambda: _under_way(peer, 3))
    await asyncio.sleep(0)
    lines.cancel()
    asyncio.get_running_loop().call_later(0.05, gate.set)
    await asyncio.gather(lines, return_exceptions=True)
    assert await states(notify) == ["sent"] * 3


async def test_a_peer_that_never_answers_holds_up_nobody_else(start: Any) -> None:
    notify = await start(service)
    silent, other = Peer("silent", gate=asyncio.Event()), Peer("other")
    set_up(notify, silent, other, silent={"weight": 1}, other={"weight": 1})
    await queue(notify, *numbers(200))

    async def others_are_out() -> bool:
        await send_due(notify.runtime)
        return (await states(notify)).count("sent") >= 60

    await eventually(others_are_out)
    silent.up = False  # as its line finds after some parts without an answer
    late = await queue(notify, *numbers(20), lane=Lane.ANSWER)

    async def all_but_its_window_is_out() -> bool:
        await send_due(notify.runtime)
        return (await states(notify)).count("sent") >= 210 and await states(notify, late) == ["sent"] * 20

    await eventually(all_but_its_window_is_out)


def test_settings_that_cannot_hold_are_refused() -> None:
    for wrong in ({"quiet_from": "22:00"}, {"keep_days": 100}, {"keep_text_days": 500}, {"rate": 0}):
        with pytest.raises(ValueError, match="outbound"):
            Settings.model_validate({"outbound": wrong})


@dataclass
class Process:
    """What one process has of its own."""

    settings: Settings
    gateways: Mapping[str, Gateway]
    outlets: Outlets
    journal: Journal


async def test_processes_share_a_mass_notice_evenly(start: Any) -> None:
    """Each is bound by its window: so many are under way, and a centre takes a while to answer."""
    notify = await start(service)
    held, peers = resources.of(notify.runtime), [Peer("one", seconds=0.02) for _ in range(4)]
    means = [Process(held.settings, {"one": each}, Outlets(held.settings.gateways, 50), held.journal) for each in peers]
    senders = [Sender((Lane.MASS,), each) for each in means]
    await queue(notify, *numbers(2000), lane=Lane.MASS)

    async def until_all_is_sent(sender: Sender) -> None:
        while await sender.step(notify.runtime):
            pass

    await asyncio.gather(*(until_all_is_sent(each) for each in senders))
    taken = [len(each.taken) for each in peers]
    assert sum(taken) == 2000
    assert len({part.message_id for each in peers for part in each.taken}) == 2000
    assert min(taken) >= 300, taken


async def test_doubt_is_no_reason_to_send_again(start: Any) -> None:
    clock = ManualClock()
    notify = await start(service, clock=clock)
    asked: Counter[Any] = Counter()

    def doubtful(part: Part) -> object:
        asked[part.message_id] += 1
        return InDoubt("no answer")

    use(notify, Peer("one", answers=doubtful), Peer("two", answers=doubtful))
    await queue(notify, *numbers(5))
    for _ in range(4):
        await send_all(notify)
        clock.advance(timedelta(hours=1))
    assert (sorted(asked.values()), await states(notify)) == ([1] * 5, ["unknown"] * 5)
