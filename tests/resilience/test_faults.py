"""Faults that lose nothing: processes killed, links cut, events doubled and shuffled, poison, all under load."""

import asyncio
import random
import uuid

import aio_pika
import httpx
import pytest

from contracts.units import UnitDirectory
from kit.testing import eventually
from node.calling import Unanswered
from node.demo import OFFICE, act, case_at
from tests.resilience.inspection import all_quiet, depths, holders, query, states
from tests.resilience.load import Load, during
from tests.support.tree import Tree
from xinqiao_local.cluster import SEED
from xinqiao_local.process import Daemon

pytestmark = [pytest.mark.timeout(600), pytest.mark.crowds]
COUNT = 2000
UNITS = UnitDirectory.read(SEED / "units.csv")


async def kill_and_restart(tree: Tree, name: str, *parts: Daemon) -> None:
    """kill -9, then whatever of the node is missing is started again, as an operator's supervisor would."""
    for part in parts:
        part.kill9()
    await asyncio.to_thread(tree.restart, name)


async def hand_over_some(tree: Tree, load: Load, moved: list[str]) -> None:
    """Meanwhile cases go up to the county, are received there, or stay offered."""
    township = tree.caller("township.clerk")
    for place, case in enumerate(list(load.accepted)[:40]):
        try:
            held = await asyncio.to_thread(case_at, township, case, "screened")
            await asyncio.to_thread(act, township, held, "transfer", to_unit=OFFICE["county"])
            moved.append(case)
            if place % 2:
                county = tree.caller("county.clerk")
                offered = await asyncio.to_thread(case_at, county, case, "offered")
                await asyncio.to_thread(act, county, offered, "receive")
        except (Unanswered, httpx.TransportError):
            continue  # refused or cut off by a fault: either it happened or it did not, never half


async def test_two_thousand_registrations_survive_every_fault(tree: Tree) -> None:
    township, city = tree.node("township"), tree.node("city")
    token = tree.caller("township.clerk").token or ""
    load = Load(township.url, token, COUNT, "众多之第")
    moved: list[str] = []

    async def broker_dies() -> None:
        await kill_and_restart(tree, "township", township.rabbitmq.daemon)

    async def database_dies() -> None:
        await kill_and_restart(tree, "township", township.postgres.daemon)

    async def worker_dies() -> None:
        await kill_and_restart(tree, "city", city.application.daemons["routing-worker"])

    async def node_dies() -> None:
        await kill_and_restart(tree, "township", *township.daemons.values())

    async def link_is_cut() -> None:
        township.wire.cut()
        await asyncio.sleep(30)  # the fault itself lasts that long
        await asyncio.to_thread(township.wire.mend)

    async def cases_move() -> None:
        await load.reached(200)
        await hand_over_some(tree, load, moved)

    async with asyncio.TaskGroup() as group:
        group.create_task(cases_move())
        await during(
            load,
            [(300, broker_dies), (650, database_dies), (1000, worker_dies), (1350, node_dies), (1700, link_is_cut)],
        )
    assert load.broken_answers > 0
    await all_quiet(tree)
    await every_accepted_petition_is_there_once(tree, load)
    assert moved
    for case in moved:
        assert len(await holders(tree, case)) == 1


async def every_accepted_petition_is_there_once(tree: Tree, load: Load) -> None:
    assert load.answered == COUNT
    assert len(load.accepted) == len(set(load.accepted.values())) == COUNT * 9 // 10
    assert {problem["type"] for problem in load.refused.values()} == {"urn:xinqiao:problem:invalid-input"}
    ids = [uuid.UUID(case) for case in load.accepted]
    here = await query(tree.node("township"), "intake", "SELECT id FROM petitions WHERE title LIKE '众多之第%'")
    assert sorted(row["id"] for row in here) == sorted(ids)
    for name in ("township", "county", "city", "province"):
        # what was registered above and handed down is known here too, but counted where it was registered
        sql = """SELECT count(*) FILTER (WHERE id = ANY($1)) AS ours,
            count(*) FILTER (WHERE starts_with(region || '.', $2 || '.') AND NOT accused_units && $3) AS all
            FROM facts"""
        office, path = tree.node(name).spec.office, tree.node(name).spec.path
        line = [office, *UNITS.above(office, path)]  # what accuses these is not counted for the office
        (row,) = await query(tree.node(name), "analytics", sql, ids, path, line)
        assert row["ours"] == len(ids), name
        shown = tree.caller(f"{name}.supervisor").get("/api/analytics/v1/statistics")["totals"]
        assert shown["registered"] == row["all"], name


async def republish(tree: Tree, name: str) -> int:
    """Publish every event the node ever published twice more, shuffled: once under its own id, once under another."""
    connection = await aio_pika.connect(tree.amqp(name))
    async with connection:
        channel = await connection.channel(publisher_confirms=True)
        events = await own_events(channel, f"/nodes/{tree.node(name).spec.path}/")
        again = events + [(key, str(uuid.uuid4()), body) for key, _, body in events]
        random.Random(20261121).shuffle(again)
        exchange = await channel.get_exchange("events")
        for start in range(0, len(again), 500):
            await asyncio.gather(
                *(
                    exchange.publish(aio_pika.Message(body, message_id=message_id), routing_key=key)
                    for key, message_id, body in again[start : start + 500]
                )
            )
    return len(again)


async def own_events(channel: aio_pika.abc.AbstractChannel, source: str) -> list[tuple[str, str, bytes]]:
    """(key, id, body) of the node's own events, from its stream."""
    found: list[tuple[str, str, bytes]] = []
    last = asyncio.get_running_loop().time()

    async def take(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        nonlocal last
        last = asyncio.get_running_loop().time()
        if source.encode() in message.body:
            found.append((message.routing_key or "", message.message_id or "", message.body))
        await message.ack()

    await channel.set_qos(prefetch_count=1000)
    queue = await channel.get_queue("events.stream")
    tag = await queue.consume(take, arguments={"x-stream-offset": "first"})

    async def read() -> bool:
        return bool(found) and asyncio.get_running_loop().time() - last > 1

    await eventually(read)
    await queue.cancel(tag)
    return found


async def test_every_event_twice_more_and_shuffled_changes_nothing(tree: Tree) -> None:
    await all_quiet(tree)
    before = await states(tree)
    assert await republish(tree, "township") > 0
    await all_quiet(tree)
    assert await states(tree) == before


async def test_poison_in_the_middle_of_a_queue_is_parked_with_its_reason(tree: Tree) -> None:
    await all_quiet(tree)
    township = tree.node("township")
    load = Load(township.url, tree.caller("township.clerk").token or "", 100, "其中之第")

    async def poison() -> None:
        connection = await aio_pika.connect(tree.amqp("township"))
        async with connection:
            exchange = await (await connection.channel()).get_exchange("events")
            message = aio_pika.Message(b'{"specversion": "0.1"', message_id=str(uuid.uuid4()))
            await exchange.publish(message, routing_key="intake.petition.registered.v1")

    await during(load, [(40, poison)])

    async def parked() -> bool:
        found = await depths(township)
        return all(found[f"{service}.on-petition-registered.parked"] for service in ("routing", "intake"))

    await eventually(parked)
    connection = await aio_pika.connect(tree.amqp("township"))
    async with connection:
        queue = await (await connection.channel()).get_queue("routing.on-petition-registered.parked")
        message = await queue.get()
        assert "message-unreadable" in str(message.headers["x-reason"])
        await message.nack(requeue=True)
    ids = [uuid.UUID(case) for case in load.accepted]

    async def all_opened() -> bool:
        rows = await query(township, "routing", "SELECT count(*) FROM cases WHERE id = ANY($1)", ids)
        return bool(rows[0][0] == len(ids))

    await eventually(all_opened)
