"""What a CMPP gateway brings: texts and receipts, in whatever alphabet and order, kept before it is answered."""

import asyncio
from datetime import UTC, datetime

import pytest
from services.notify.tests.cmpp_gateway import gateway
from services.notify.tests.cmpp_line import NOW, PHONE, held, is_up, part

from kit.testing import eventually
from notify.gateways.cmpp.packets import Deliver, Version
from notify.gateways.interface import (
    Incoming,
    InDoubt,
    Joint,
    Receipt,
)


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    ("stat", "state"),
    [
        ("DELIVRD", "delivered"), ("EXPIRED", "expired"), ("UNDELIV", "failed"), ("REJECTD", "failed"),
        ("DELETED", "failed"), ("MA:0001", "failed"), ("delivrd", "delivered"),
    ],
)  # fmt: skip
async def test_a_receipt_tells_what_became_of_a_part(version: Version, stat: str, state: str) -> None:
    async with gateway(version) as peer, held(peer) as (line, kept):
        its_id = await line.submit(part())
        peer.report(int(its_id), stat)
        await peer.until(1, peer.acknowledged)
    at = datetime(2026, 11, 22, 1, 1, tzinfo=UTC)
    assert kept.receipts == [Receipt(its_id, state, at, stat.upper(), "8613800000001")]  # type: ignore[arg-type]


async def test_a_receipt_without_an_end_tells_nothing_and_one_without_a_time_is_of_now() -> None:
    async with gateway() as peer, held(peer) as (_, kept):
        for number, stat in enumerate(["ACCEPTD", "UNKNOWN", ""], 1):
            peer.report(number, stat)
        peer.report(4, done="")
        peer.report(5, done="9912312359")
        await peer.until(5, peer.acknowledged)
    assert [(receipt.gateway_id, receipt.at) for receipt in kept.receipts] == [("4", NOW), ("5", NOW)]


async def test_receipts_that_come_early_twice_or_on_a_later_line_are_all_told() -> None:
    async with gateway() as peer, held(peer) as (line, kept):
        peer.held.clear()
        under_way = asyncio.create_task(line.submit(part()))
        await peer.until(1, peer.taken)
        peer.report(1)  # before the answer that tells the id
        await peer.until(1, peer.acknowledged)
        assert [receipt.gateway_id for receipt in kept.receipts] == ["1"]
        peer.report(1)
        await peer.until(2, peer.acknowledged)
        peer.lines[-1].transport.abort()
        with pytest.raises(InDoubt):
            await under_way
        await peer.until(2, peer.lines)
        await eventually(lambda: is_up(line), within=10, every=0.005)
        peer.report(1)
        await peer.until(3, peer.acknowledged)
    assert [receipt.gateway_id for receipt in kept.receipts] == ["1", "1", "1"]


async def test_a_receipt_that_cannot_be_read_is_not_brought_for_ever() -> None:
    async with gateway() as peer, held(peer) as (line, kept):
        peer.send(Deliver(9, "106573001", PHONE, bytes(71), 0, registered_delivery=1), 9)
        peer.report(3)
        await peer.until(2, peer.acknowledged)
        assert line.health.up
    assert [receipt.gateway_id for receipt in kept.receipts] == ["3"]


TEXTS = [
    ("张三#某镇某村#门前道路积水三个月无人管".encode("utf-16-be"), 8, "张三#某镇某村#门前道路积水三个月无人管"),
    ("😀".encode("utf-16-be"), 8, "😀"),
    ("退订镕".encode("gbk"), 15, "退订镕"),
    (b"BC XF2026 it's\nwet", 0, "BC XF2026 it's\nwet"),
    (b"BC\0", 0, "BC"),
    (b"a\x00b.c \x1b\x65 \x7f", 0, "a@b.c € à"),  # septets passed on as they came
]


@pytest.mark.parametrize("version", Version)
async def test_a_text_is_kept_whatever_its_alphabet(version: Version) -> None:
    async with gateway(version) as peer, held(peer) as (_, kept):
        for number, (octets, letters, _) in enumerate(TEXTS, 1):
            peer.deliver(number, octets, letters)
        await peer.until(len(TEXTS), peer.acknowledged)
    assert kept.incoming == [
        Incoming(str(number), "106573001", NOW, PHONE, text) for number, (_, _, text) in enumerate(TEXTS, 1)
    ]


async def test_who_hides_behind_a_number_that_stands_for_another_one_has_none() -> None:
    async with gateway(Version.V30) as peer, held(peer) as (_, kept):
        for alias in (0, 1):
            peer.send(Deliver(alias + 1, "106573001", PHONE, b"TD", 0, src_terminal_type=alias), alias + 1)
        await peer.until(2, peer.acknowledged)
    assert [came.phone for came in kept.incoming] == [PHONE, ""]


LONG = ["0500030702", "060804010702"]  # references of 8 and of 16 bits


@pytest.mark.parametrize(("header", "reference"), [(LONG[0], 7), (LONG[1], 0x0107)])
async def test_a_part_of_a_long_text_says_which_one_it_is(header: str, reference: int) -> None:
    async with gateway() as peer, held(peer) as (_, kept):
        for number in (2, 1):  # in whatever order
            text = f"第{number}段".encode("utf-16-be")
            peer.deliver(number, bytes.fromhex(header) + bytes([number]) + text, 8, header=True)
        await peer.until(2, peer.acknowledged)
    assert [(came.text, came.joint) for came in kept.incoming] == [
        ("第2段", Joint(reference, 2, 2)), ("第1段", Joint(reference, 2, 1)),
    ]  # fmt: skip


async def test_a_letter_that_the_telephone_divided_does_not_take_its_part_along() -> None:
    first, second = "积水\N{GRINNING FACE}".encode("utf-16-be")[:6], "\N{GRINNING FACE}三个月".encode("utf-16-be")[2:]
    async with gateway() as peer, held(peer) as (_, kept):
        for number, octets in enumerate((first, second), 1):
            peer.deliver(number, bytes([5, 0, 3, 7, 2, number]) + octets, 8, header=True)
        await peer.until(2, peer.acknowledged)
    assert [came.text for came in kept.incoming] == ["积水\ufffd", "\ufffd三个月"]


@pytest.mark.parametrize(
    ("octets", "letters", "header", "joint"),
    [
        ("60a859", 8, False, None), ("d800", 8, False, None), ("ff", 0, False, None), ("80", 15, False, None),
        ("0102", 4, False, None), ("0500030702", 8, True, None), ("03000307", 8, True, None), ("", 8, True, None),
        ("05000307020160", 8, True, Joint(7, 2, 1)),
    ],
    ids=["half a letter", "half a pair", "no ASCII", "half of GBK", "binary", "header cut", "element cut", "nothing",
         "half a letter in a part"],
)  # fmt: skip
async def test_what_cannot_be_read_is_kept_as_it_came(
    octets: str, letters: int, header: bool, joint: Joint | None
) -> None:
    async with gateway() as peer, held(peer) as (_, kept):
        peer.deliver(1, bytes.fromhex(octets), letters, header=header)
        await peer.until(1, peer.acknowledged)
    (came,) = kept.incoming
    assert (came.text, came.joint) == (None, joint)
    assert came.raw == bytes.fromhex(octets)[6 if joint else 0 :]


@pytest.mark.parametrize("header", ["0500030702000061", "0500030702030061", "0500030701010061", "03240100" + "0061"])
async def test_a_header_that_joins_nothing_is_passed_over(header: str) -> None:
    async with gateway() as peer, held(peer) as (_, kept):
        peer.deliver(1, bytes.fromhex(header), 8, header=True)
        await peer.until(1, peer.acknowledged)
    assert [(came.text, came.joint) for came in kept.incoming] == [("a", None)]


async def test_the_gateway_is_answered_once_a_text_is_kept_and_brings_again_what_was_not() -> None:
    async with gateway() as peer, held(peer) as (line, kept):
        kept.full = True
        peer.deliver(1)
        assert await line.submit(part()) == "1"
        assert peer.acknowledged == []
        kept.full = False
        peer.deliver(1)
        await peer.until(1, peer.acknowledged)
    assert [came.gateway_id for came in kept.incoming] == ["1"]


def test_number_and_text_are_in_no_representation() -> None:
    shown = repr(part("您反映的事项已登记")) + repr(Incoming("1", "1", NOW, PHONE, "积水"))
    assert PHONE not in shown
    assert "登记" not in shown
    assert "积水" not in shown
