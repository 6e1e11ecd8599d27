"""Events rise and letters find their way, on a tree of real brokers."""

import asyncio
from collections import Counter
from typing import Any

import aio_pika
import pytest
from aio_pika.exceptions import ChannelClosed

from kit.amqp import connect
from kit.outbox import Outgoing
from kit.testing import eventually
from node.declaring import apply, check
from node.management import Management
from node.topology import topology_of

Tiers = dict[str, Any]
EVENT = "intake.petition.registered.v1"


async def heard(tiers: Tiers, queue: str, ids: set[str], expected: set[str]) -> dict[str, Counter[str]]:
    """What came into a queue at each node, once all the expected nodes have all the ids."""
    seen: dict[str, Counter[str]] = {path: Counter() for path in tiers}

    async def all_there() -> bool:
        for path, tier in tiers.items():
            seen[path].update(delivery.message_id for delivery in await tier.take(queue))
        return all(ids <= seen[path].keys() for path in expected)

    await eventually(all_there)
    await links_are_empty(tiers)
    await all_there()
    return {
        path: Counter({key: count for key, count in ids_seen.items() if key in ids}) for path, ids_seen in seen.items()
    }


async def links_are_empty(tiers: Tiers) -> None:
    """Nothing is under way any more."""

    async def idle() -> bool:
        links = [(tier, name) for tier in tiers.values() for name in topology_of(tier.settings, ()).queues]
        depths = [await tier.depth(name) for tier, name in links if name.startswith("link.")]
        return not any(depths)

    await eventually(idle)


async def test_a_declared_broker_is_what_it_should_be(tiers: Tiers, services: Any) -> None:
    for tier in tiers.values():
        assert await check(tier.settings, services) == []


async def test_declaring_again_changes_nothing(tiers: Tiers, services: Any) -> None:
    tier = tiers["33.02"]
    async with Management(tier.settings) as api:
        before = await api.observe()
        applied = await apply(tier.settings, services)
        assert await api.observe() == before
    assert (applied.new_queues, applied.left) == (0, [])


async def test_an_event_rises_once_to_every_ancestor_and_to_nobody_else(tiers: Tiers) -> None:
    ids = {await tiers["33.02.25"].say(EVENT) for _ in range(20)}
    seen = await heard(tiers, "analytics.on-event", ids, {"33", "33.02", "33.02.25"})
    assert {path: set(counts.values()) for path, counts in seen.items()} == {
        "33": {1}, "33.02": {1}, "33.02.25": {1}, "33.02.26": set(), "33.03": set(),
    }  # fmt: skip


async def test_an_event_is_kept_in_the_stream_of_every_node_that_hears_it(tiers: Tiers) -> None:
    ids = {await tiers["33.03"].say(EVENT)}
    await heard(tiers, "analytics.on-event", ids, {"33", "33.03"})
    await tiers["33.02"].say(EVENT)
    for path in ("33", "33.03"):
        assert ids <= await in_stream(tiers[path], ids)
    assert not ids & await in_stream(tiers["33.02"], set())


async def in_stream(tier: Any, ids: set[str]) -> set[str]:
    """The ids a new reader of the stream finds from its beginning, at least those asked for."""
    seen: set[str] = set()
    async with tier.bus.channel() as channel:
        await channel.set_qos(prefetch_count=100)
        stream = await channel.get_queue("events.stream")

        async def see(message: Any) -> None:
            seen.add(message.message_id)
            await message.ack()

        async def enough() -> bool:
            return bool(seen) and ids <= seen

        await stream.consume(see, arguments={"x-stream-offset": "first"})
        await eventually(enough)
    return seen


async def test_an_event_of_the_province_does_not_go_down(tiers: Tiers) -> None:
    ids = {await tiers["33"].say(EVENT)}
    seen = await heard(tiers, "analytics.on-event", ids, {"33"})
    assert sum(sum(counts.values()) for counts in seen.values()) == 1


async def test_an_event_taken_out_of_a_letter_is_heard_here_and_does_not_rise(tiers: Tiers) -> None:
    ids = {await tiers["33.02"].say("routing.case.received.v1", "events.down")}
    seen = await heard(tiers, "analytics.on-event", ids, {"33.02"})
    assert sum(sum(counts.values()) for counts in seen.values()) == 1


# sender, receiver, the exchange by which it comes
WAYS = [
    ("33.02.25", "33.02.25", "letters"),
    ("33.02.25", "33.02", "from-child.33.02.25"),
    ("33.02.25", "33", "from-child.33.02"),
    ("33.02.25", "33.02.26", "from-parent"),
    ("33.02.25", "33.03", "from-parent"),
    ("33.03", "33.02.26", "from-parent"),
    ("33", "33.02.25", "from-parent"),
    ("33.02", "33.02.25", "from-parent"),
]


@pytest.mark.parametrize(("sender", "to", "comes_by"), WAYS)
async def test_what_is_large_arrives_exactly_once(tiers: Tiers, sender: str, to: str, comes_by: str) -> None:
    part = await tiers[sender].say(f"bulk.{to}.documents", "bulk")
    came: list[tuple[str, str]] = []

    async def arrived() -> bool:
        came.extend((each.message_id, each.exchange) for each in await tiers[to].take("documents.parts"))
        return part in dict(came)

    await eventually(arrived)
    await links_are_empty(tiers)
    by = "bulk" if comes_by == "letters" else comes_by
    assert [each for each in came if each[0] == part] == [(part, by)]
    for path, tier in tiers.items():
        assert path == to or not await tier.take("documents.parts")


@pytest.mark.parametrize(("sender", "to", "comes_by"), WAYS)
async def test_a_letter_arrives_exactly_once(tiers: Tiers, sender: str, to: str, comes_by: str) -> None:
    letter = await tiers[sender].write(to)
    box: list[tuple[str, str]] = []

    async def arrived() -> bool:
        box.extend((each.message_id, each.exchange) for each in await tiers[to].take("intake.letters"))
        return bool(box)

    await eventually(arrived)
    await links_are_empty(tiers)
    await arrived()
    assert box == [(letter, comes_by)]
    for tier in tiers.values():
        assert not await tier.take("intake.letters")
        assert not await tier.take("letters.parked")
        assert letter not in {each.message_id for each in await tier.take("analytics.on-event")}


@pytest.mark.parametrize(
    ("sender", "to", "service", "ends_at"),
    [
        ("33.02.25", "33.02.99", "intake", "33.02"),
        ("33.02.25", "33.99", "intake", "33"),
        ("33.02.25", "44", "intake", "33"),
        ("33.03", "33.02.25", "unheard-of", "33.02.25"),
        ("33", "33.02.25.100", "intake", "33.02.25"),
        ("33.02.25", "33.02.25", "unheard-of", "33.02.25"),
    ],
)
async def test_a_letter_for_nobody_is_parked_where_its_region_ends(
    tiers: Tiers, sender: str, to: str, service: str, ends_at: str
) -> None:
    letter = await tiers[sender].write(to, service)

    async def parked() -> bool:
        return letter in {each.message_id for each in await tiers[ends_at].take("letters.parked")}

    await eventually(parked)
    await links_are_empty(tiers)
    assert [path for path, tier in tiers.items() if await tier.depth("letters.parked")] == []


async def test_message_properties_survive_the_link(tiers: Tiers) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await tiers["33.02.25"].bus.publish(Outgoing("letters", "letter.33.intake", "id-7", b"sealed", trace))
    box: list[Any] = []

    async def arrived() -> bool:
        box.extend(await tiers["33"].take("intake.letters"))
        return bool(box)

    await eventually(arrived)
    assert (box[0].message_id, box[0].body, box[0].traceparent) == ("id-7", b"sealed", trace)
    assert box[0].published_at is not None


async def _publish(channel: Any, exchange: str, key: str) -> None:
    target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
    await target.publish(aio_pika.Message(b"", message_id="x"), key, timeout=5)


async def _get(channel: Any, queue: str) -> None:
    await (await channel.get_queue(queue, ensure=False)).get(timeout=5)


async def _bind(channel: Any) -> None:
    await (await channel.get_queue("link.down.33.02", ensure=False)).bind("events.all", "#")


FORBIDDEN: dict[str, Any] = {
    "publish to events": lambda channel: _publish(channel, "events", EVENT),
    "publish to letters": lambda channel: _publish(channel, "letters", "letter.33.intake"),
    "publish as a sibling": lambda channel: _publish(channel, "from-child.33.03", EVENT),
    "publish into a queue": lambda channel: _publish(channel, "", "intake.letters"),
    "read a sibling's letters": lambda channel: _get(channel, "link.down.33.03"),
    "read events": lambda channel: _get(channel, "analytics.on-event"),
    "make a queue": lambda channel: channel.declare_queue("mine"),
    "bind": _bind,
}


@pytest.mark.parametrize("act", FORBIDDEN.values(), ids=FORBIDDEN.keys())
async def test_a_childs_account_may_do_nothing_else(tiers: Tiers, act: Any) -> None:
    address = tiers["33.02"].settings.parent.broker_url.get_secret_value()
    async with await aio_pika.connect(address) as connection:
        with pytest.raises(ChannelClosed, match="ACCESS_REFUSED"):
            await act(await connection.channel())


async def test_a_childs_account_may_do_its_own_work(tiers: Tiers) -> None:
    address = tiers["33.02"].settings.parent.broker_url.get_secret_value()
    async with await aio_pika.connect(address) as connection:
        channel = await connection.channel()
        await _publish(channel, "from-child.33.02", "letter.33.99.intake")
        await (await channel.get_queue("link.down.33.02", ensure=False)).get(fail=False)


async def test_a_cut_link_loses_nothing_and_repeats_nothing(tiers: Tiers) -> None:
    """Its connections are closed again and again while messages pass."""
    sending = asyncio.create_task(_send_many(tiers["33.02.25"], 300))
    async with Management(tiers["33"].settings) as api:
        while not sending.done():
            for each in await api.call("GET", "connections"):
                if each["user"] in {"link.33.02", "link.33.02.25"}:
                    await api.call("DELETE", "connections", each["name"])
            await asyncio.sleep(0.2)
    ids = await sending
    seen: Counter[str] = Counter()

    async def all_there() -> bool:
        seen.update(each.message_id for each in await tiers["33"].take("analytics.on-event"))
        return ids <= seen.keys()

    await eventually(all_there)


async def _send_many(tier: Any, count: int) -> set[str]:
    ids = set()
    for _ in range(count):
        ids.add(await tier.say(EVENT))
        await asyncio.sleep(0.005)
    return ids


async def test_a_child_removed_loses_its_rights_and_keeps_its_waiting_letters(
    tiers: Tiers, services: Any, without: Any
) -> None:
    parent, child = tiers["33.02"], tiers["33.02.26"]
    async with Management(child.settings) as api:
        await api.call("DELETE", "parameters", "shovel", api.vhost, "link-down")
    await parent.write("33.02.26")
    applied = await apply(without(parent.settings, "33.02.26"), services)
    assert applied.left == ["queue link.down.33.02.26 is of no link any more and holds 1 messages"]
    assert "exchange from-child.33.02.26: left over 多余" not in await check(
        without(parent.settings, "33.02.26"), services
    )
    late = await parent.write("33.02.26")

    async def undeliverable() -> bool:
        return late in {each.message_id for each in await parent.take("letters.parked")}

    await eventually(undeliverable)
    address = child.settings.parent.broker_url.get_secret_value()
    with pytest.raises(aio_pika.exceptions.ProbableAuthenticationError):
        await connect(address, "test")

    await apply(parent.settings, services)
    await apply(child.settings, services)
    box: list[str] = []

    async def arrived() -> bool:
        box.extend(each.message_id for each in await child.take("intake.letters"))
        return bool(box)

    await eventually(arrived)
    assert await check(parent.settings, services) == []


async def test_check_names_what_is_missing_and_what_is_left_over(tiers: Tiers, services: Any) -> None:
    tier = tiers["33.03"]
    async with tier.bus.channel() as channel:
        await channel.queue_delete("letters.parked")
        await (await channel.get_queue("intake.letters")).bind("events.all", "#")
    found = await check(tier.settings, services)
    assert "queue letters.parked: missing 缺少" in found
    assert "binding events.all --(#)--> intake.letters: left over 多余" in found
    await apply(tier.settings, services)
    assert await check(tier.settings, services) == []
