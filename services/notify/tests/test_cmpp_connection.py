"""A CMPP connection against a gateway on a real socket: what it answers, what it leaves open, how it ends."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from services.notify.tests.cmpp_gateway import Gateway, gateway

from kit.testing import eventually
from notify.gateways.cmpp import connection as connecting
from notify.gateways.cmpp.connection import Connection, Refused, connected
from notify.gateways.cmpp.fields import Malformed
from notify.gateways.cmpp.packets import ActiveTest, ConnectResp, Deliver, Submit, Version
from notify.gateways.interface import InDoubt, NotSent

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def message(number: int = 0) -> Submit:
    return Submit("106573001", ("13800000001",), f"{number}".encode(), 0, "900001")


async def nothing(_: Deliver) -> None:
    return None


@asynccontextmanager
async def running(peer: Gateway, take: Any = nothing, **changes: Any) -> AsyncIterator[tuple[Connection, Any]]:
    async with connected(peer.account(**changes), AT) as connection:
        run = asyncio.create_task(connection.run(take))
        try:
            yield connection, run
        finally:
            run.cancel()
            await asyncio.gather(run, return_exceptions=True)


@pytest.mark.parametrize("version", Version)
async def test_what_is_submitted_is_answered(version: Version) -> None:
    async with gateway(version) as peer, running(peer) as (connection, _):
        answers = await asyncio.gather(*(connection.submit(message(number)) for number in range(100)))
    assert [packet.msg_content for packet in peer.taken] == [f"{number}".encode() for number in range(100)]
    assert [answer.msg_id for answer in answers] == list(range(1, 101))


async def test_no_more_are_under_way_than_the_window_has() -> None:
    async with gateway() as peer, running(peer, window=4) as (connection, _):
        peer.held.clear()
        tries = [asyncio.create_task(connection.submit(message(number))) for number in range(20)]
        await peer.until(4, peer.taken)
        assert peer.most_at_once == 4
        assert len(peer.taken) == 4
        for each in tries:
            each.cancel()


async def test_a_gateway_that_says_not_now_is_heard() -> None:
    async with gateway() as peer, running(peer) as (connection, _):
        peer.result = 8
        assert (await connection.submit(message())).result == 8


async def test_without_an_answer_it_is_in_doubt_and_never_said_to_be_unsent() -> None:
    async with gateway() as peer, running(peer, seconds=0.05) as (connection, _):
        peer.held.clear()
        with pytest.raises(InDoubt):
            await connection.submit(message())
        assert len(peer.taken) == 1


async def test_a_line_that_breaks_after_a_submit_leaves_it_in_doubt_and_the_next_is_not_sent() -> None:
    async with gateway() as peer, running(peer) as (connection, run):
        peer.held.clear()
        under_way = asyncio.create_task(connection.submit(message()))
        await peer.until(1, peer.taken)
        peer.lines[-1].transport.abort()
        with pytest.raises(InDoubt):
            await under_way
        with pytest.raises((OSError, EOFError)):
            await run
        with pytest.raises(NotSent):
            await connection.submit(message(2))
    assert len(peer.taken) == 1


async def test_what_is_delivered_is_acknowledged_once_it_is_kept() -> None:
    kept: list[int] = []
    may_keep = asyncio.Event()

    async def take(packet: Deliver) -> None:
        await may_keep.wait()
        kept.append(packet.msg_id)

    async with gateway() as peer, running(peer, take) as (connection, _):
        for number in range(1, 41):
            peer.deliver(number)
        await connection.submit(message())  # the line is not blocked by what is being kept
        assert peer.acknowledged == []
        may_keep.set()
        await peer.until(40, peer.acknowledged)
    assert sorted(kept) == sorted(peer.acknowledged) == list(range(1, 41))


async def test_what_cannot_be_kept_is_not_acknowledged_and_what_is_under_way_goes_on() -> None:
    tries: list[int] = []

    async def take(packet: Deliver) -> None:
        tries.append(packet.msg_id)
        if len(tries) == 1:
            raise OSError("no room")

    async with gateway() as peer, running(peer, take) as (connection, run):
        peer.deliver(1)
        assert (await connection.submit(message())).result == 0
        assert (tries, peer.acknowledged) == ([1], [])
        peer.deliver(1)  # as gateways do after a while without an answer
        await peer.until(1, peer.acknowledged)
        assert not run.done()
    assert tries == [1, 1]


async def test_a_gateway_that_keeps_the_line_and_is_silent_is_lost() -> None:
    async with gateway() as peer, running(peer, idle=0.02, seconds=0.02, tries=3) as (_, run):
        peer.silent.add(ActiveTest)
        with pytest.raises(TimeoutError):
            await run


async def test_a_gateway_that_answers_the_active_test_is_kept() -> None:
    async with gateway() as peer, running(peer, idle=0.01, seconds=5, tries=2) as (_, run):
        await peer.until(5, peer.tested)
        assert not run.done()


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        (bytes.fromhex("0000000b0000000800000001"), Malformed),
        (bytes.fromhex("7fffffff0000000500000001"), Malformed),
        (bytes.fromhex("0000000e00000005000000010000"), Malformed),
        (bytes.fromhex("00000020000000050000"), EOFError),
    ],
    ids=["shorter than its header", "two gigabytes", "a message without its fields", "an end in the midst"],
)
async def test_octets_that_are_no_packet_end_the_line_and_nothing_else(octets: bytes, error: type[Exception]) -> None:
    async with gateway() as peer, running(peer) as (_, run):
        peer.lines[-1].write(octets)
        peer.lines[-1].write_eof()
        with pytest.raises(error):
            await run


async def test_an_answer_to_nothing_and_an_unknown_command_are_passed_over() -> None:
    async with gateway() as peer, running(peer) as (connection, _):
        peer.lines[-1].write(
            bytes.fromhex("000000150000000000000007010203040506070800")
            + bytes.fromhex("000000158000000400ffffff010203040506070800")
        )
        assert (await connection.submit(message())).result == 0


async def test_the_gateway_may_end_it_and_so_may_we() -> None:
    async with gateway() as peer, running(peer) as (connection, run):
        await connection.terminate()
        await asyncio.wait_for(run, 5)
    async with gateway() as peer, running(peer) as (_, run):
        peer.lines[-1].write(bytes.fromhex("0000000c0000000200000009"))
        await asyncio.wait_for(run, 5)


async def test_whoever_is_cancelled_says_that_it_ends() -> None:
    async with gateway() as peer:
        async with running(peer) as (connection, _):
            await connection.submit(message())
        await peer.until(1, peer.ended)


async def test_from_a_gateway_that_reads_no_answers_no_more_is_taken_and_its_line_can_be_left(monkeypatch: Any) -> None:
    monkeypatch.setattr(connecting, "FAREWELL", 0.05)
    many, kept = 12_000, 0

    async def take(_: Deliver) -> None:
        nonlocal kept
        kept += 1

    async with gateway() as peer, asyncio.timeout(20), running(peer, take) as (connection, _):
        theirs: Any = peer.lines[-1]
        ours = connection._writer
        theirs.transport.pause_reading()
        for line, size in ((theirs, socket.SO_RCVBUF), (ours, socket.SO_SNDBUF)):
            line.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, size, 4096)
        for number in range(many):
            peer.deliver(number)
        await eventually(lambda: _holds(ours), every=0.001)
        for _ in range(1000):
            await asyncio.sleep(0)
        assert kept < many


async def _holds(writer: asyncio.StreamWriter) -> bool:
    return writer.transport.get_write_buffer_size() > 0


async def test_a_wrong_secret_is_refused_by_the_gateway_and_a_gateway_without_it_by_us() -> None:
    async with gateway() as peer:
        with pytest.raises(Refused) as refused:
            async with connected(peer.account(secret="wrong"), AT):
                pass
        assert refused.value.status == 3
        assert "wrong" not in repr(peer.account(secret="wrong"))

    async def impostor(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from notify.gateways.cmpp.packets import encode

        writer.write(encode(ConnectResp(0, b"no" * 8, Version.V20), 0, Version.V20))
        writer.close()

    server = await asyncio.start_server(impostor, "127.0.0.1", 0)
    async with server, gateway() as peer:
        with pytest.raises(Malformed, match="secret"):
            async with connected(peer.account(port=server.sockets[0].getsockname()[1]), AT):
                pass
