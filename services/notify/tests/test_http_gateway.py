"""The HTTP gateway against a vendor on real sockets that checks signatures, throttles, fails, breaks and is silent."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.notify.tests.vendor import ACCOUNT, SECRET, Vendor, vendor

from kit.clock import ManualClock, SystemClock
from kit.testing import eventually
from notify.gateways.http import HttpGateway, _rest
from notify.gateways.interface import InDoubt, NotSent, Part, Receipt, Rejected, Taking, Throttled
from notify.gateways.pauses import Pauses
from notify.gateways.settings import Http
from notify.outbound.parts import alphabet_of

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)
PHONE = "13800000001"
TEXT = "【丁镇信访办】您反映的事项已登记,编号XF1" + "。" * 80  # more than a short message


async def nobody(*_: object) -> None:
    raise AssertionError("nothing comes in by this way")


def part(text: str = TEXT) -> Part:
    return Part(uuid4(), 1, 1, alphabet_of(text), timedelta(hours=72), "registered", PHONE, text)


def line_to(url: str, *, secret: str = SECRET, **changes: Any) -> HttpGateway:
    said = {
        "kind": "http", "name": "cloud", "url": url, "account": ACCOUNT, "secret_file": "-", "sender": "106900",
        "seconds": 5, **changes,
    }  # fmt: skip
    return HttpGateway(Http.model_validate(said), secret, ManualClock(NOW), SystemClock(), Pauses(0.01, 0.05))


@asynccontextmanager
async def held(line: HttpGateway) -> AsyncIterator[HttpGateway]:
    run = asyncio.create_task(line.run(Taking(nobody, nobody)))
    try:
        await eventually(lambda: is_up(line), within=10, every=0.005)
        yield line
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


async def is_up(line: HttpGateway) -> bool:
    return line.health.up


async def test_a_message_leaves_whole_signed_and_with_an_id_that_makes_it_once() -> None:
    async with vendor() as peer, held(line_to(peer.url)) as line:
        sent = part()
        assert await line.submit(sent) == f"v/{sent.message_id}"
        assert await line.submit(sent) == f"v/{sent.message_id}"  # as after a crash
    assert line.whole
    assert peer.forged == []
    assert len(peer.asked) == 2
    assert list(peer.taken.values()) == [
        {"id": str(sent.message_id), "to": PHONE, "text": TEXT, "sender": "106900", "valid_for": 259_200}
    ]
    nonces = {headers["x-gateway-nonce"] for _, _, headers, _ in peer.asked}
    assert len(nonces) == 2
    assert all(SECRET not in repr(request) for request in peer.asked)
    assert SECRET not in repr(line.signer)


async def test_no_more_are_under_way_than_the_window_has() -> None:
    async with vendor() as peer, held(line_to(peer.url, window=4)) as line:
        peer.held.clear()
        tries = [asyncio.create_task(line.submit(part())) for _ in range(20)]
        await eventually(lambda: asked(peer, 4), within=10, every=0.005)
        peer.held.set()
        await asyncio.gather(*tries)
    assert (peer.most_at_once, len(peer.taken)) == (4, 20)


async def test_a_vendor_that_never_answers_is_left_alone_before_much_is_in_doubt() -> None:
    async with vendor() as peer, held(line_to(peer.url, window=4, seconds=0.2)) as line:
        peer.fault = "silent"
        ended = await asyncio.gather(*(line.submit(part()) for _ in range(50)), return_exceptions=True)
        assert Counter(type(error).__name__ for error in ended) == {"InDoubt": 4, "NotSent": 46}
    assert len(peer.taken) == 4


async def asked(peer: Vendor, count: int) -> bool:
    return len(peer.asked) >= count


ANSWERS = [
    (422, {}, b'{"code": "number-unknown"}', Rejected, "number-unknown"),
    (400, {}, b"", Rejected, "http-400"),
    (413, {}, b"<html>", Rejected, "http-413"),
    (422, {}, b'{"code": "no 13800000001"}', Rejected, "http-422"),  # never somebody's number
    (422, {}, b'{"code": "13800000001"}', Rejected, "http-422"),
    (401, {}, b'{"code": "signature"}', NotSent, "http-401"),
    (404, {}, b"", NotSent, "http-404"),
    (429, {"Retry-After": "30"}, b"", Throttled, "throttled"),
    (500, {}, b"", InDoubt, "http-500"),
    (503, {"Retry-After": "30"}, b"", InDoubt, "http-503"),
    (302, {"Location": "http://127.0.0.1:1/"}, b"", InDoubt, "http-302"),
    (409, {}, b"", InDoubt, "http-409"),
    (200, {}, b"{}", InDoubt, "no-id"),
    (200, {}, b'{"id": 7}', InDoubt, "no-id"),
    (200, {}, b'["id"]', InDoubt, "no-id"),
    (200, {}, b'{"id": "' + b"9" * 65 + b'"}', InDoubt, "no-id"),
    (200, {}, b"\xff" * 100_000, InDoubt, "no-id"),
    (200, {"Content-Encoding": "gzip"}, b'{"id": "1"', InDoubt, "no-id"),
    (200, {}, b"[" * 50_000, InDoubt, "no-id"),
]


@pytest.mark.parametrize(("status", "headers", "body", "error", "reason"), ANSWERS)
async def test_an_answer_is_what_it_says_of_the_message(
    status: int, headers: dict[str, str], body: bytes, error: type[Exception], reason: str
) -> None:
    async with vendor() as peer, held(line_to(peer.url)) as line:
        peer.answer = (status, headers, body)
        with pytest.raises(error) as ended:
            await line.submit(part())
        assert type(ended.value) is error
        assert str(ended.value) == reason
        peer.answer = None
        await eventually(lambda: is_up(line), within=10, every=0.005)
        await line.submit(part())


def test_how_long_a_vendor_is_left_alone_is_bounded() -> None:
    for said, seconds in {"30": 30, "0": 1, "": 1, "soon": 1, "9" * 20: 1, "86400": 3600, "-5": 1}.items():
        assert _rest(said, NOW) == timedelta(seconds=seconds), said
    assert _rest(format_datetime(NOW + timedelta(seconds=90), usegmt=True), NOW) == timedelta(seconds=90)


@given(st.text(max_size=40))
def test_whatever_stands_in_retry_after_is_a_time(said: str) -> None:
    assert timedelta(seconds=1) <= _rest(said, NOW) <= timedelta(hours=1)


@pytest.mark.parametrize("fault", ["silent", "reset", "half", "noise"])
async def test_what_has_left_without_a_whole_answer_is_in_doubt_until_the_vendor_is_asked(fault: str) -> None:
    async with vendor() as peer, held(line_to(peer.url, seconds=0.2)) as line:
        peer.fault = fault
        sent = part()
        with pytest.raises(InDoubt):
            await line.submit(sent)
        assert not line.health.up
        peer.fault = ""
        await eventually(lambda: is_up(line), within=10, every=0.005)
        assert await line.has(sent.message_id) == f"v/{sent.message_id}"
        assert await line.has(uuid4()) is False
        await line.submit(sent)
    assert list(peer.taken) == [str(sent.message_id)]


async def test_a_second_answer_is_never_taken_for_the_answer_to_the_next_message() -> None:
    async with vendor() as peer, held(line_to(peer.url, window=1)) as line:
        peer.fault = "twice"
        for sent in [part() for _ in range(5)]:
            assert await line.submit(sent) == f"v/{sent.message_id}"


async def test_what_could_not_connect_has_not_left_and_the_vendor_is_asked_until_it_answers() -> None:
    async with vendor() as peer:
        url = peer.url
    async with held(line_to(url)) as line:
        with pytest.raises(NotSent, match="ConnectError"):
            await line.submit(part())
        assert (line.health.up, line.health.reason) == (False, "ConnectError")
        server = await asyncio.start_server(peer.serve, "127.0.0.1", peer.port)
        async with server:
            await eventually(lambda: is_up(line), within=10, every=0.005)
            assert await line.submit(part())
        for writer in peer.lines:
            writer.transport.abort()


async def test_before_it_runs_and_afterwards_nothing_leaves() -> None:
    async with vendor() as peer:
        line = line_to(peer.url)
        async with held(line):
            pass
        with pytest.raises(NotSent, match="not-connected"):
            await line.submit(part())
        assert await line.has(uuid4()) is None
    assert peer.asked == []


async def test_a_wrong_secret_is_told_and_nothing_is_lost() -> None:
    async with vendor() as peer, held(line_to(peer.url, secret="wrong")) as line:
        with pytest.raises(NotSent, match="http-401"):
            await line.submit(part())
        assert (line.health.up, line.health.reason) == (False, "http-401")
        assert await line.has(uuid4()) is None
    assert peer.taken == {}


async def test_the_vendor_can_be_asked_what_became_of_a_message() -> None:
    async with vendor() as peer, held(line_to(peer.url)) as line:
        sent = part()
        its_id = await line.submit(sent)
        assert await line.ask(its_id) is None  # accepted is no end
        for state, reason in (("delivered", None), ("failed", "MA:0001"), ("expired", None)):
            peer.fates[str(sent.message_id)] = {"state": state, "at": "2026-11-22T09:31:00+08:00", "reason": reason}
            at = datetime(2026, 11, 22, 1, 31, tzinfo=UTC)
            assert await line.ask(its_id) == Receipt(its_id, state, at, reason)  # type: ignore[arg-type]
        peer.fates[str(sent.message_id)] = {"state": "delivered", "at": "9999-12-31T23:59:59-14:00"}
        told = await line.ask(its_id)
        assert told is not None
        assert told.at == NOW
        assert await line.ask("v/unknown") is None
        peer.fault = "reset"
        with pytest.raises(NotSent):
            await line.ask(its_id)


async def test_a_404_that_does_not_come_from_the_vendor_says_nothing() -> None:
    async with vendor() as peer, held(line_to(peer.url)) as line:
        assert await line.has(UUID(int=1)) is False  # its own words
        peer.unknown = b"<html>Not Found</html>"
        assert await line.has(UUID(int=1)) is None


async def test_number_and_text_are_in_no_address_and_in_no_header() -> None:
    async with vendor() as peer, held(line_to(peer.url)) as line:
        sent = part()
        await line.has(UUID(int=1))
        await line.ask(await line.submit(sent))
    for _, path, headers, body in peer.asked:
        assert PHONE not in path + repr(headers)
        assert not body or json.loads(body)["to"] == PHONE
