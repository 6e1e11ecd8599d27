"""What was set aside can be seen, put back and thrown away, and nothing of it gets lost on the way."""

import json
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from tests.support.infra import Infra, new_database, new_virtual_host

from kit.bus import Bus, delivery_of
from kit.db import Database
from kit.outbox import Outgoing
from kit.tables import metadata
from kit.testing import eventually
from node.declaring import apply
from node.outboxes import Outbox
from node.parking import NoSuchQueue, ParkingPlaces

QUEUE = "analytics.on-event"


class Office:
    """The parking places of one node, and what a test does with its broker."""

    def __init__(self, bus: Bus, places: ParkingPlaces) -> None:
        self.bus = bus
        self.places = places

    async def park(self, queue: str = QUEUE, *, reason: str = "version-conflict", kind: str = "a.b.c.v1") -> str:
        """As the consumer loop parks; returns the id."""
        message_id = str(uuid.uuid4())
        body = json.dumps({"type": kind, "data": {"name": "张三丰"}}, ensure_ascii=False).encode()
        headers = {"x-attempt": 6, "x-reason": reason, "x-first-exchange": "from-child.33.02"}
        await self.bus.publish(Outgoing("", f"{queue}.parked", message_id, body), headers)  # type: ignore[arg-type]  # str and int are field values
        return message_id

    async def holds(self, count: int) -> None:
        """What was looked at goes back a moment after the look."""

        async def so_many() -> bool:
            return (await self.places.counts())[f"{QUEUE}.parked"] == count

        await eventually(so_many)

    async def take(self, queue: str) -> list[Any]:
        taken = []
        async with self.bus.channel() as channel:
            box = await channel.get_queue(queue)
            while (message := await box.get(fail=False)) is not None:
                taken.append(delivery_of(message))
                await message.ack()
        return taken


@pytest.fixture
async def office(broker_ready: Infra, node_settings: Callable[..., Any], services: Any) -> AsyncIterator[Office]:
    amqp, management = new_virtual_host(broker_ready, f"o{uuid.uuid4().hex[:10]}")
    settings = node_settings("33", amqp, management)
    await apply(settings, services)
    bus = Bus(amqp, name="office")
    yield Office(bus, ParkingPlaces(settings, services, bus))
    await bus.close()


async def test_what_is_parked_is_shown_with_its_reason_and_without_its_body(office: Office) -> None:
    message_id = await office.park()
    (seen,) = await office.places.look(f"{QUEUE}.parked")
    assert (seen.message_id, seen.kind, seen.reason) == (message_id, "a.b.c.v1", "version-conflict")
    assert (seen.attempt, seen.came_by) == (6, "from-child.33.02")
    assert seen.age_seconds is not None
    assert "张" not in repr(seen)
    await office.holds(1)


async def test_looking_at_some_leaves_all(office: Office) -> None:
    for _ in range(5):
        await office.park()
    assert len(await office.places.look(f"{QUEUE}.parked", 2)) == 2
    await office.holds(5)


async def test_replayed_messages_start_anew_and_keep_where_they_came_from(office: Office) -> None:
    ids = {await office.park() for _ in range(450)}
    assert await office.places.replay(f"{QUEUE}.parked") == 450
    taken = await office.take(QUEUE)
    assert {each.message_id for each in taken} == ids
    assert {(each.attempt, each.exchange) for each in taken} == {(0, "from-child.33.02")}
    await office.holds(0)


async def test_one_message_can_be_replayed_and_the_others_stay(office: Office) -> None:
    ids = [await office.park() for _ in range(3)]
    assert await office.places.replay(f"{QUEUE}.parked", [ids[1]]) == 1
    assert [each.message_id for each in await office.take(QUEUE)] == [ids[1]]
    await office.holds(2)
    assert {each.message_id for each in await office.places.look(f"{QUEUE}.parked")} == {ids[0], ids[2]}


async def test_a_dropped_message_is_gone_and_the_others_stay(office: Office) -> None:
    ids = [await office.park() for _ in range(3)]
    assert await office.places.drop(f"{QUEUE}.parked", [ids[0], "no-such-id"]) == 1
    await office.holds(2)
    assert {each.message_id for each in await office.places.look(f"{QUEUE}.parked")} == set(ids[1:])


async def test_an_undelivered_letter_is_shown_with_its_address_and_sent_on_its_way_again(
    office: Office, services: Any, node_settings: Callable[..., Any]
) -> None:
    await office.bus.publish(Outgoing("letters", "letter.33.04.intake", "far", b"sealed"))
    (seen,) = await office.places.look("letters.parked")
    assert (seen.kind, seen.came_by) == ("letter.33.04.intake", "letters")

    async def replayed() -> bool:
        return await office.places.replay("letters.parked") == 1

    async def parked_again() -> bool:
        return [each.message_id for each in await office.places.look("letters.parked")] == ["far"]

    await eventually(replayed)
    await eventually(parked_again)  # still nobody's


async def test_a_letter_for_a_service_that_was_missing_reaches_it_after_a_replay(office: Office) -> None:
    await office.bus.publish(Outgoing("letters", "letter.33.intake", "near", b"sealed"))
    await office.take("intake.letters")
    await office.bus.publish(Outgoing("letters.undeliverable", "letter.33.intake", "late", b"sealed"))
    assert await office.places.replay("letters.parked") == 1
    assert [each.message_id for each in await office.take("intake.letters")] == ["late"]


async def test_an_unknown_parking_place_is_refused(office: Office) -> None:
    with pytest.raises(NoSuchQueue):
        await office.places.look(QUEUE)
    with pytest.raises(NoSuchQueue):
        await office.places.replay("events.stream")


async def test_rows_of_an_outbox_are_counted_listed_and_tried_again(
    infra: Infra, node_settings: Callable[..., Any]
) -> None:
    name = f"outbox_{uuid.uuid4().hex[:8]}"
    database = Database(await new_database(infra, name))
    async with database.engine.begin() as connection:
        await connection.run_sync(metadata().create_all)
    settings = node_settings("33", "amqp://h", "http://h")
    address = settings.database.model_copy(update={"url": type(settings.database.url)(database.dsn)})
    outbox = Outbox(settings.model_copy(update={"database": address}), "intake")
    async with database.transaction() as session:
        for number, reason in enumerate([None, "Unsendable('no exchange')", "Unsendable('too large')"]):
            await session.raw.execute(
                "INSERT INTO outbox (exchange, routing_key, message_id, body, parked_reason)"
                " VALUES ('events', 'a.b', $1, 'x', $2)",
                str(number),
                reason,
            )
    state = await outbox.state()
    assert (state.waiting, state.parked) == (1, 2)
    first, second = await outbox.parked()
    assert (first.reason, first.message_id) == ("Unsendable('no exchange')", "1")
    assert await outbox.retry([second.id]) == 1
    assert await outbox.retry() == 1
    assert (await outbox.state()).waiting == 3
    await database.close()
