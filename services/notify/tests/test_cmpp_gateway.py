"""What leaves by CMPP, against a gateway on a real socket that answers, throttles, breaks, repeats, is silent."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.notify.tests.cmpp_gateway import SECRET, gateway
from services.notify.tests.cmpp_line import NOW, PHONE, held, is_up, part, parts, reason_is, settings

from kit.clock import ManualClock
from kit.testing import eventually
from notify.gateways.arriving import opened, said
from notify.gateways.cmpp.gateway import ENCODINGS, CmppGateway
from notify.gateways.cmpp.packets import Submit, Version, decode, encode
from notify.gateways.interface import (
    InDoubt,
    Late,
    NotSent,
    Part,
    Rejected,
    Throttled,
)
from notify.gateways.pauses import Pauses
from notify.outbound.parts import Alphabet


@pytest.mark.parametrize("version", Version)
async def test_a_part_leaves_with_all_that_a_gateway_must_know(version: Version) -> None:
    async with gateway(version) as peer, held(peer) as (line, _):
        assert await line.submit(part("【丁镇信访办】您反映的事项已登记")) == "1"
        assert await line.submit(part("XF2026 registered")) == "2"
    chinese, ascii_ = peer.taken
    assert (chinese.msg_fmt, chinese.msg_content.decode("utf-16-be")) == (8, "【丁镇信访办】您反映的事项已登记")
    assert (ascii_.msg_fmt, ascii_.msg_content) == (0, b"XF2026 registered")
    for sent in peer.taken:
        assert (sent.src_id, sent.dest_terminal_id, sent.msg_src) == ("106573001", (PHONE,), "900001")
        assert (sent.service_id, sent.registered_delivery) == ("XF", 1)
        assert (sent.pk_total, sent.pk_number, sent.tp_udhi) == (1, 1, 0)
        assert sent.valid_time == "261125093000032+"  # 72 hours on, UTC+8


async def test_the_parts_of_a_long_message_can_be_joined_by_the_telephone() -> None:
    text = "门前道路积水三个月无人管。" * 12
    async with gateway() as peer, held(peer) as (line, _):
        for each in parts(text, reference=0x2A):
            await line.submit(each)
    assert [(sent.pk_total, sent.pk_number, sent.tp_udhi) for sent in peer.taken] == [(3, n, 1) for n in (1, 2, 3)]
    assert [sent.msg_content[:6].hex() for sent in peer.taken] == [f"0500032a030{n}" for n in (1, 2, 3)]
    assert "".join(sent.msg_content[6:].decode("utf-16-be") for sent in peer.taken) == text


# NUL and the mark of the order of octets say nothing; a form feed is another letter in the default alphabet
WRITTEN = st.text(st.characters(exclude_characters="\0\f\ufeff", codec="utf-8"), max_size=400)


@given(WRITTEN, st.sampled_from(["ucs2", "gbk"]), st.sampled_from(Version))
def test_whatever_is_written_arrives_as_it_was_and_fits_into_a_short_message(
    text: str, letters: str, version: Version
) -> None:
    line = CmppGateway(settings(letters=letters), SECRET, ManualClock(NOW))
    read = []
    for each in parts(text):
        if each.alphabet is Alphabet.GSM and not each.text.isascii() and len(each.text) > 67:
            continue  # see the next test
        sent = line._packet(each)
        there = decode(Submit.command, encode(sent, 1, version)[12:], version)
        assert isinstance(there, Submit)
        assert len(there.msg_content) <= (140 if there.msg_fmt else 160)
        octets = opened(there.msg_content)[1] if there.tp_udhi else there.msg_content
        read.append(said(octets, ENCODINGS[there.msg_fmt]))
    assert len(read) < len(parts(text)) or "".join(read) == text


def test_letters_that_are_not_ascii_leave_as_ucs2_where_there_is_room() -> None:
    line = CmppGateway(settings(), SECRET, ManualClock(NOW))
    assert line._packet(part("é" * 70)).msg_fmt == 8
    with pytest.raises(Rejected, match="alphabet"):
        line._packet(part("é" * 71))


@pytest.mark.parametrize(
    ("result", "error", "code"),
    [
        (1, Rejected, "result-1"), (4, Rejected, "result-4"), (6, Rejected, "result-6"), (13, Rejected, "result-13"),
        (5, NotSent, "result-5"), (9, NotSent, "result-9"), (77, NotSent, "result-77"),
    ],
)  # fmt: skip
async def test_a_refusal_is_told_by_whether_another_way_may_take_it(
    result: int, error: type[Exception], code: str
) -> None:
    async with gateway() as peer, held(peer) as (line, _):
        peer.result = result
        with pytest.raises(error) as refused:
            await line.submit(part())
        assert type(refused.value) is error
        assert str(refused.value) == code
        peer.result = 0
        assert await line.submit(part()) == "2"
        assert line.health.up


async def test_a_number_that_fits_into_no_packet_is_rejected_before_it_leaves() -> None:
    bad = Part(UUID(int=1), 1, 1, part().alphabet, timedelta(hours=1), "registered", "1" * 22, "XF1")
    async with gateway() as peer, held(peer) as (line, _):
        with pytest.raises(Rejected, match="malformed"):
            await line.submit(bad)
    assert peer.taken == []


async def test_a_peer_that_accepts_and_never_answers_leaves_it_in_doubt() -> None:
    async with gateway() as peer, held(peer, seconds=0.05) as (line, _):
        peer.held.clear()
        with pytest.raises(InDoubt):
            await line.submit(part())
    assert len(peer.taken) == 1


@pytest.mark.parametrize(("result", "id_", "reason"), [(0, "1", None), (8, None, "result-8")])
async def test_an_answer_that_comes_late_settles_what_was_in_doubt(
    result: int, id_: str | None, reason: str | None
) -> None:
    async with gateway() as peer, held(peer, seconds=0.05) as (line, kept):
        peer.held.clear()
        peer.result = result
        with pytest.raises(InDoubt):
            await line.submit(part())
        peer.release_all()
        peer.deliver(1)  # comes after it
        await peer.until(1, peer.acknowledged)
    assert kept.late == [Late(UUID(int=1), 1, id_, reason)]


async def outcome(line: CmppGateway, number: int) -> str:
    try:
        return f"id {await line.submit(part(f'XF{number}'))}"
    except (InDoubt, NotSent) as error:
        return type(error).__name__


async def test_a_line_that_breaks_in_mid_window_leaves_in_doubt_what_left_and_nothing_else() -> None:
    async with gateway() as peer, held(peer, window=8) as (line, _):
        peer.breaks = 8
        peer.held.clear()
        outcomes = Counter(await asyncio.gather(*(outcome(line, number) for number in range(20))))
        assert outcomes == {"InDoubt": 8, "NotSent": 12}
        assert len(peer.taken) == 8
        peer.breaks = None
        peer.held.set()
        await eventually(lambda: is_up(line), within=10, every=0.005)
        assert await outcome(line, 99) == "id 9"


async def test_a_peer_that_disconnects_again_and_again_and_we_agree_one_to_one() -> None:
    said: dict[int, str] = {}

    async def until_it_left(line: CmppGateway, number: int) -> None:
        async def left() -> bool:
            said[number] = await outcome(line, number)
            return said[number] != "NotSent"

        await eventually(left, within=20, every=0.01)

    async with gateway() as peer, held(peer, window=4) as (line, _):
        peer.breaks = 5
        await asyncio.gather(*(until_it_left(line, number) for number in range(60)))
        assert len(peer.lines) > 5
    taken = [int(sent.msg_content[2:]) for sent in peer.taken]
    assert len(taken) == len(set(taken)), "nothing twice"
    # what was under way on the line that broke may have reached nobody: then it is in doubt, and nothing else is
    assert {said[number] for number in set(range(60)) - set(taken)} <= {"InDoubt"}
    for number, its_id in enumerate(taken, 1):
        assert said[its_id] in {f"id {number}", "InDoubt"}
    unanswered = {int(sent.msg_content[2:]) for sent in peer.taken if sent not in peer.answered}
    assert unanswered <= {number for number, told in said.items() if told == "InDoubt"}


async def test_a_second_answer_changes_nothing() -> None:
    async with gateway() as peer, held(peer) as (line, _):
        peer.answers = 2
        ids = await asyncio.gather(*(line.submit(part(f"XF{number}")) for number in range(50)))
        assert line.health.up
    assert [peer.taken[int(its_id) - 1].msg_content for its_id in ids] == [f"XF{n}".encode() for n in range(50)]


async def test_a_gateway_that_throttles_is_left_alone_and_then_gets_less_at_a_time() -> None:
    async with gateway() as peer, held(peer, window=8) as (line, _):
        peer.result = 8
        with pytest.raises(Throttled) as told:
            await line.submit(part())
        assert timedelta(0) < told.value.after <= timedelta(seconds=1)
        with pytest.raises(Throttled):
            await line.submit(part())
        assert len(peer.taken) == 1
        peer.result, peer.most_at_once = 0, 0

        async def takes_again() -> bool:
            return await outcome(line, 1) != "Throttled"

        await eventually(takes_again, within=10, every=0.05)
        await asyncio.gather(*(line.submit(part()) for _ in range(20)))
        assert line.health.up


async def test_a_gateway_that_never_answers_is_left_alone_before_much_is_in_doubt() -> None:
    async with gateway() as peer, held(peer, seconds=0.05, window=8) as (line, _):
        peer.held.clear()
        outcomes = Counter(await asyncio.gather(*(outcome(line, number) for number in range(100))))
        assert outcomes == {"NoAnswer": 8, "NotSent": 92}
        assert (line.health.up, line.health.reason) == (False, "unanswered")
        peer.held.set()
        await eventually(lambda: is_up(line), within=10, every=0.05)
        assert (await outcome(line, 1)).startswith("id ")


async def test_a_packet_that_is_none_ends_the_line_and_the_next_one_stands() -> None:
    none = ["0000000b0000000800000001", "7fffffff0000000500000001", "0000000e00000005000000010000"]
    async with gateway() as peer, held(peer) as (line, kept):
        for number, octets in enumerate(none, 1):
            peer.lines[-1].write(bytes.fromhex(octets))
            await peer.until(number + 1, peer.lines)
            await eventually(lambda: is_up(line), within=10, every=0.005)
            assert await line.submit(part()) == f"{number}"
            peer.deliver(number)
            await peer.until(number, peer.acknowledged)
    assert [came.text for came in kept.incoming] == ["BC"] * 3


async def test_a_refused_connect_is_seen_and_tried_again() -> None:
    async with gateway() as peer:
        peer.refused = 5
        async with held(peer, up=False) as (line, _):
            await peer.until(4, peer.lines)
            assert (line.health.up, line.health.reason, line.health.since) == (False, "refused-5", NOW)
            with pytest.raises(NotSent, match="refused-5"):
                await line.submit(part())
            peer.refused = 0
            await eventually(lambda: is_up(line), within=10, every=0.005)
            assert line.health.reason is None
        async with held(peer, up=False, secret="wrong") as (line, _):
            await eventually(lambda: reason_is(line, "refused-3"), within=10, every=0.005)


async def test_where_nobody_listens_it_is_down_and_nothing_leaves() -> None:
    async with gateway() as peer:
        port = peer.port
    peer.port = port
    async with held(peer, up=False) as (line, _):
        await eventually(lambda: reason_is(line, "ConnectionRefusedError"), within=10, every=0.005)
        with pytest.raises(NotSent):
            await line.submit(part())


def test_pauses_grow_while_lines_break_at_once_and_begin_anew_when_one_stood() -> None:
    pauses = Pauses(1, 60)
    tries = [pauses.after(0) for _ in range(40)]
    assert all(low / 2 <= pause <= low for pause, low in zip(tries, [1, 2, 4, 8, 16, 32, *[60] * 34], strict=True))
    assert len(set(tries)) == 40
    assert pauses.after(600) <= 1
