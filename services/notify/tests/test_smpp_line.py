"""How an SMPP line comes up, is kept, breaks in every way a peer can break it, and comes up again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from prometheus_client import REGISTRY
from services.notify.tests.smpp_line import OFFICE, held, holding, of, part, settings, telephone

from kit.clock import SystemClock
from notify.gateways.interface import InDoubt, NotSent
from notify.gateways.pauses import Pauses
from notify.gateways.smpp.gateway import SmppGateway
from xinqiao_local.smsc import Smsc

RECONNECTS = "xinqiao_sms_reconnects_total"


def reconnects(gateway: str = "centre") -> float:
    return REGISTRY.get_sample_value(RECONNECTS, {"gateway": gateway}) or 0.0


def at_least(wanted: float) -> bool:
    return reconnects() >= wanted


async def test_a_refused_binding_is_told_by_its_code_and_tried_again(smsc: Smsc) -> None:
    smsc.behave(password="other")
    gateway = SmppGateway(settings(smsc.port), "secret", SystemClock(), Pauses(0.02, 0.2))
    async with holding(gateway) as line:
        await line.until(lambda: gateway.health.reason == "ESME_RINVPASWD")
        with pytest.raises(NotSent, match="ESME_RINVPASWD"):
            await gateway.submit(part("好", telephone()))
        assert REGISTRY.get_sample_value("xinqiao_sms_line_up", {"gateway": "centre"}) == 0
        smsc.behave(password="secret")
        await line.until(lambda: gateway.health.up)
        assert REGISTRY.get_sample_value("xinqiao_sms_line_up", {"gateway": "centre"}) == 1
        assert gateway.health.reason is None


async def test_a_quiet_line_is_asked_whether_it_stands(smsc: Smsc) -> None:
    async with held(smsc, idle=0.02) as line:
        before = smsc.order("status")["enquiries"]
        await line.until(lambda: smsc.order("status")["enquiries"] >= before + 3)
        assert line.gateway.health.up


async def test_a_line_that_is_deaf_is_given_up_and_opened_again(smsc: Smsc) -> None:
    before = reconnects()
    async with held(smsc, idle=0.02, seconds=0.1) as line:
        smsc.behave(deaf=True)
        await line.until(lambda: reconnects() > before)
        smsc.behave()
        await line.until(lambda: line.gateway.health.up)
        await line.gateway.submit(part("好", telephone()))


@pytest.mark.parametrize(
    "octets",
    [
        "7fffffff800000040000000000000001",
        "0000000b800000040000000000000001",
        "00000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffff",
    ],
    ids=["two gigabytes", "shorter than its header", "nothing", "everything"],
)
async def test_octets_that_are_no_pdu_end_the_line_and_the_next_one_serves(smsc: Smsc, octets: str) -> None:
    before = reconnects()
    async with held(smsc) as line:
        smsc.order("raw", octets=octets)
        await line.until(lambda: reconnects() > before)
        await line.until(lambda: line.gateway.health.up)
        await line.gateway.submit(part("好", telephone()))


async def test_an_answer_that_is_no_pdu_leaves_the_part_in_doubt_and_the_next_line_serves(smsc: Smsc) -> None:
    async with held(smsc) as line:
        smsc.behave(mode="malformed", next=1)
        with pytest.raises(InDoubt):
            await line.gateway.submit(part("好", telephone()))
        await line.until(lambda: line.gateway.health.up)
        await line.gateway.submit(part("好", telephone()))


@pytest.mark.parametrize(
    "octets",
    [
        "00000010000003ff0000000000000009",
        "00000010800003ff0000000000000009",
        "00000010000001030000000000000009",
        "0000001480000004000000000000ffff41424344",
        "00000010800000040000abcd0000ffff",
        "0000001080000000000000030000ffff",
        "00000010000000050000000000000009",
        "0000001f0000000500000000000000090000003133383030303030303031ff",
    ],
    ids=["an unknown request", "an unknown answer", "data_sm", "an answer to nothing", "a status nobody knows",
         "a nack of nothing", "a message without its fields", "one without an end"],
)  # fmt: skip
async def test_a_pdu_that_means_nothing_to_us_does_not_end_the_line(smsc: Smsc, octets: str) -> None:
    before = reconnects()
    async with held(smsc) as line:
        smsc.order("raw", octets=octets)
        await line.gateway.submit(part("好", telephone()))
        assert reconnects() == before


async def test_a_message_that_ends_within_its_fields_is_kept_with_its_sender_for_a_person(smsc: Smsc) -> None:
    phone = telephone()
    body = b"\0\0\1" + phone.encode() + b"\0\1\1" + OFFICE.encode() + b"\0\0\0"
    pdu = (16 + len(body)).to_bytes(4, "big") + bytes.fromhex("000000050000000000000009") + body
    async with held(smsc) as line:
        smsc.order("raw", octets=pdu.hex())
        await line.until(lambda: line.said(phone))
        (came,) = [each for each in line.texts if each.phone == phone]
    assert (came.text, came.raw, came.to) == (None, pdu, OFFICE)


async def test_a_centre_that_disconnects_again_and_again_is_reached_again_and_again(smsc: Smsc) -> None:
    before = reconnects()
    async with held(smsc) as line:
        for times in range(1, 6):
            await line.until(lambda: line.gateway.health.up)
            await line.gateway.submit(part("好", telephone()))
            smsc.order("drop")
            await line.until(partial(at_least, before + times))
        await line.until(lambda: line.gateway.health.up)


async def test_what_was_brought_when_the_line_broke_comes_again_by_the_next(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc) as line:
        smsc.order("drop")
        assert await of(smsc.deliver, [{"from": phone, "to": OFFICE, "text": "TD"}]) == {0: 1}
        assert line.said(phone) == ["TD"]


async def test_a_centre_that_unbinds_is_left_and_bound_again(smsc: Smsc) -> None:
    before = reconnects()
    async with held(smsc) as line:
        smsc.order("unbind")
        await line.until(lambda: reconnects() > before and line.gateway.health.up)


async def test_we_say_that_we_leave(smsc: Smsc) -> None:
    async with held(smsc):
        pass
    async with held(smsc) as line:
        pdus = smsc.pdus()
        bound = [entry["line"] for entry in pdus if entry.get("took") == "bind_transceiver"]
        (said,) = [entry for entry in pdus if entry.get("took") == "unbind" and entry["line"] == bound[-2]]
        assert said
        assert line.gateway.health.up


@asynccontextmanager
async def listening(answer: bytes | None) -> AsyncIterator[int]:
    """Whatever is said to it: always the same octets, or nothing at all."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            if answer is not None:
                writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "no-answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "Broken"),
        (bytes.fromhex("00000010800000090000000000000001"), "ValueError"),
        (bytes.fromhex("00000010800000090000000d00000001"), "ESME_RBINDFAIL"),
        (bytes.fromhex("00000010000000150000000000000001"), "SmppError"),
    ],
    ids=["says nothing", "speaks another protocol", "answers without its name", "refuses", "asks first"],
)
async def test_whoever_answers_instead_of_a_centre_only_keeps_the_line_down(answer: bytes | None, reason: str) -> None:
    async with listening(answer) as port:
        gateway = SmppGateway(settings(port, seconds=0.2), "secret", SystemClock(), Pauses(0.01, 0.02))
        async with holding(gateway) as line:
            await line.until(lambda: gateway.health.reason == reason)
            before = reconnects()
            await line.until(lambda: reconnects() >= before + 3)
            assert not gateway.health.up


async def test_while_nobody_listens_the_line_is_down_and_the_pauses_are_long(smsc: Smsc) -> None:
    async with listening(None) as port:
        pass
    gateway = SmppGateway(settings(port), "secret", SystemClock())
    before = reconnects()
    async with holding(gateway) as line:
        await line.until(lambda: gateway.health.reason == "ConnectionRefusedError")
        assert reconnects() <= before + 1


async def test_the_library_quotes_nothing_of_what_passes(smsc: Smsc, capfd: pytest.CaptureFixture[str]) -> None:
    phone = telephone()
    async with held(smsc) as line:
        await of(smsc.deliver, [{"from": phone, "to": OFFICE, "octets": "4f", "coding": 8}])
        await line.gateway.submit(part("好", phone))
        smsc.order("raw", octets="0000001f0000000500000000000000090000003133383030303030303031ff")
        smsc.order("raw", octets="7fffffff800000040000000000000001")
        await line.until(lambda: not line.gateway.health.up)
        await line.until(lambda: line.gateway.health.up)
    out, err = capfd.readouterr()
    assert phone not in out + err
    assert phone.encode().hex() not in out + err
    assert "secret" not in out + err
    assert err == "", "what it would say, it says here"
