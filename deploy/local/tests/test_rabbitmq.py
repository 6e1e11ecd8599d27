"""Private brokers: two side by side, a message that survives a crash, nothing left behind."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aio_pika
import httpx
import pytest
from aio_pika import DeliveryMode, Message

from kit.amqp import connect
from xinqiao_local.process import NotReady
from xinqiao_local.rabbitmq import RabbitMQ

QUORUM: dict[str, Any] = {"x-queue-type": "quorum"}


@pytest.fixture(scope="module")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RabbitMQ, RabbitMQ]]:
    pair = tuple(RabbitMQ(tmp_path_factory.mktemp(name), name) for name in ("county", "township"))
    for broker in pair:
        broker.start(wait=False)
    for broker in pair:
        broker.wait_ready()
    yield pair[0], pair[1]
    for broker in pair:
        broker.kill9()


async def test_two_brokers_run_side_by_side_and_know_nothing_of_each_other(brokers: tuple[RabbitMQ, RabbitMQ]) -> None:
    names = [broker.overview()["cluster_name"] for broker in brokers]
    assert names == ["county", "township"]
    assert brokers[0].node_name != brokers[1].node_name
    async with await aio_pika.connect(brokers[0].url()) as connection:
        channel = await connection.channel()
        await channel.declare_queue("only-here", durable=True, arguments=QUORUM)
    async with await aio_pika.connect(brokers[1].url()) as connection:
        channel = await connection.channel()
        with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
            await channel.get_queue("only-here")


async def test_a_confirmed_message_is_still_there_after_kill_9(brokers: tuple[RabbitMQ, RabbitMQ]) -> None:
    broker = brokers[0]
    async with await aio_pika.connect(broker.url()) as connection:
        channel = await connection.channel(publisher_confirms=True)
        queue = await channel.declare_queue("events", durable=True, arguments=QUORUM)
        message = Message(b"registered", delivery_mode=DeliveryMode.PERSISTENT)
        await channel.default_exchange.publish(message, queue.name)
        broker.wait_settled()
        broker.kill9()
        assert not broker.daemon.alive
    broker.start()
    async with await aio_pika.connect(broker.url()) as connection:
        channel = await connection.channel()
        found = await (await channel.get_queue("events")).get(timeout=10)
        assert found.body == b"registered"
        await found.ack()


async def test_the_administrator_is_not_guest(brokers: tuple[RabbitMQ, RabbitMQ]) -> None:
    with pytest.raises(aio_pika.exceptions.ProbableAuthenticationError):
        await connect(brokers[1].url("guest", "guest"), "test")  # aio-pika's own leaves what it could not connect


def test_shovels_streams_and_metrics_are_there(brokers: tuple[RabbitMQ, RabbitMQ]) -> None:
    shovels = httpx.get(f"{brokers[1].management_url}/api/shovels", trust_env=False)
    assert shovels.json() == []
    assert "rabbitmq_identity_info" in httpx.get(brokers[1].metrics_url, trust_env=False).text


def test_all_listeners_are_closed_to_other_addresses_of_the_machine(brokers: tuple[RabbitMQ, RabbitMQ]) -> None:
    listeners = brokers[1].overview()["listeners"]
    assert {"amqp", "http", "stream", "clustering"} <= {listener["protocol"] for listener in listeners}
    for port in {listener["port"] for listener in listeners}:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", port), timeout=5)


def test_a_directory_that_is_moved_keeps_its_data_under_the_same_node_name(tmp_path: Path) -> None:
    before = RabbitMQ(tmp_path / "before", "moved").node_name
    (tmp_path / "before").rename(tmp_path / "after")
    assert RabbitMQ(tmp_path / "after", "moved").node_name == before
    assert RabbitMQ(tmp_path / "before", "new").node_name == before  # the place alone makes the first name
    assert RabbitMQ(tmp_path / "other", "new").node_name != before


def test_queues_are_settled_only_when_their_names_are_on_disk(brokers: tuple[RabbitMQ, RabbitMQ]) -> None:
    """The proof that waiting looks at something: a name that is not on disk is missed."""
    brokers[1].wait_settled()
    for file in brokers[1].directory.glob("mnesia/*/*/*/names.dets"):
        file.rename(file.with_suffix(".away"))
    queue = httpx.put(
        f"{brokers[1].management_url}/api/queues/%2F/unsettled",
        json={"durable": True, "arguments": QUORUM},
        trust_env=False,
    )
    assert queue.is_success
    with pytest.raises(NotReady, match="unsettled"):
        brokers[1].wait_settled(timeout=0.3)
