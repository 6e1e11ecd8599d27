"""Handing parts over by SMPP, to a message centre that was not written here: what it takes, and how it may not."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmpplib import NPI, TON, PhoneNumber, SubmitSm
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from services.notify.tests.smpp_line import held, of, part, parts, settings, submits, telephone, whole

from kit.clock import SystemClock
from notify.gateways.interface import InDoubt, NotSent, Rejected, Throttled
from notify.gateways.smpp import saying
from notify.gateways.smpp.gateway import SmppGateway
from notify.outbound.parts import DEFAULT, EXTENSION, Alphabet, encoded
from xinqiao_local.smsc import Smsc

LONG = "门前道路积水三个月无人管。" * 12
ALL_GSM = DEFAULT.replace("\x1b", "") + "".join(EXTENSION)


def counted(result: str) -> float:
    return REGISTRY.get_sample_value("xinqiao_sms_submits_total", {"gateway": "centre", "result": result}) or 0.0


@pytest.mark.parametrize("text", ["您反映的事项已登记", "Registered: [no. 7] ~ {ok} € é", "路😀面", ALL_GSM[:70]])
async def test_what_is_submitted_is_what_the_centre_reads(smsc: Smsc, text: str) -> None:
    phone, taken = telephone(), counted("taken")
    async with held(smsc) as line:
        gateway_id = await line.gateway.submit(part(text, phone))
        assert (await line.receipt(gateway_id)).phone == phone
    (submit,) = submits(smsc, phone)
    assert (submit["id"], submit["text"], submit["udh"], submit["esm_class"]) == (gateway_id, text, None, 0)
    assert submit["coding"] == (0 if text.isascii() or text[0] in DEFAULT + "R" else 8)
    assert counted("taken") == taken + 1


async def test_a_long_message_leaves_as_parts_with_a_header(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc) as line:
        divided = parts(LONG, phone)
        ids = [await line.gateway.submit(each) for each in divided]
    taken = submits(smsc, phone)
    assert [each["id"] for each in taken] == ids
    assert "".join(each["text"] for each in taken) == LONG
    assert [each["udh"] for each in taken] == ["0003070301", "0003070302", "0003070303"]
    assert {each["esm_class"] for each in taken} == {0x40}


@pytest.mark.parametrize("text", [LONG, ALL_GSM * 2, "短"])
async def test_a_long_message_leaves_whole_where_the_centre_divides_it(smsc: Smsc, text: str) -> None:
    phone = telephone()
    async with held(smsc, long="payload") as line:
        assert line.gateway.whole
        await line.gateway.submit(whole(text, phone))
    (submit,) = submits(smsc, phone)
    assert submit["text"] == text
    assert submit["payload"] == (text != "短")
    assert submit["udh"] is None


async def test_mobile_numbers_get_the_prefix_that_the_centre_wants(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc, prefix="86") as line:
        gateway_id = await line.gateway.submit(part("好", phone))
        assert (await line.receipt(gateway_id)).phone == f"86{phone}"
    (submit,) = submits(smsc, phone)
    assert (submit["to"], submit["ton"]) == (f"86{phone}", 1)


async def test_a_number_of_another_country_leaves_as_one(smsc: Smsc) -> None:
    abroad = "1" + telephone()[1:]
    async with held(smsc, prefix="86") as line:
        await line.gateway.submit(part("好", "+" + abroad))
    (submit,) = submits(smsc, abroad)
    assert (submit["to"], submit["ton"]) == (abroad, 1)


async def test_no_more_are_under_way_than_the_window_has(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc, window=4) as line:
        smsc.behave(delay=150)
        waiting = [asyncio.create_task(line.gateway.submit(part("好", phone))) for _ in range(10)]
        await line.until(lambda: submits(smsc, phone))
        assert REGISTRY.get_sample_value("xinqiao_sms_under_way", {"gateway": "centre"}) == 4
        assert len(submits(smsc, phone)) == 4
        assert len(set(await asyncio.gather(*waiting))) == 10
    assert REGISTRY.get_sample_value("xinqiao_sms_under_way", {"gateway": "centre"}) == 0


@pytest.mark.parametrize("status", [0x58, 0x14], ids=["throttled", "queue full"])
async def test_a_centre_that_says_it_is_too_much_is_left_alone_and_gets_fewer_at_a_time(
    smsc: Smsc, status: int
) -> None:
    phone = telephone()
    async with held(smsc, window=8) as line:
        smsc.behave(mode="throttle", status=status)
        tries = [line.gateway.submit(part("好", phone)) for _ in range(20)]
        ends = await asyncio.gather(*tries, return_exceptions=True)
        assert all(isinstance(end, Throttled) and timedelta(0) < end.after <= timedelta(seconds=1) for end in ends)
        assert len(submits(smsc, phone)) <= 8, "what waited for its turn stayed here"
        assert line.gateway.health.up
        assert REGISTRY.get_sample_value("xinqiao_sms_window", {"gateway": "centre"}) == 4
        smsc.behave()
        await line.until(lambda: not line.gateway._pace.left)
        await line.gateway.submit(part("好", phone))
        assert REGISTRY.get_sample_value("xinqiao_sms_window", {"gateway": "centre"}) == 5


@pytest.mark.parametrize(("status", "code"), [(0x0B, "ESME_RINVDSTADR"), (0x01, "ESME_RINVMSGLEN")])
async def test_what_the_centre_will_never_take_is_rejected_with_its_code(smsc: Smsc, status: int, code: str) -> None:
    async with held(smsc) as line:
        smsc.behave(mode="reject", status=status)
        with pytest.raises(Rejected) as rejected:
            await line.gateway.submit(part("好", telephone()))
        assert rejected.value.code == code


@pytest.mark.parametrize(("status", "code"), [(0x0A, "ESME_RINVSRCADR"), (0x08, "ESME_RSYSERR"), (0x4A1, "0x000004A1")])
async def test_what_is_not_the_fault_of_the_message_has_not_been_sent(smsc: Smsc, status: int, code: str) -> None:
    async with held(smsc) as line:
        smsc.behave(mode="reject", status=status)
        with pytest.raises(NotSent, match=code):
            await line.gateway.submit(part("好", telephone()))
        smsc.behave()
        await line.gateway.submit(part("好", telephone()))  # a code that nobody knows does not end the line


async def test_without_an_answer_in_time_it_is_in_doubt_and_the_late_answer_tells_its_id(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc, seconds=0.2) as line:
        smsc.behave(delay=500)
        mine = part("好", phone)
        with pytest.raises(InDoubt):
            await line.gateway.submit(mine)
        await line.until(lambda: line.answers)
        (late,) = line.answers
        (submit,) = submits(smsc, phone)
        assert (late.message_id, late.number, late.gateway_id) == (mine.message_id, 1, submit["id"])
        assert (await line.receipt(submit["id"])).state == "delivered"


async def test_a_late_refusal_tells_that_it_was_not_taken(smsc: Smsc) -> None:
    async with held(smsc, seconds=0.2) as line:
        smsc.behave(mode="silent")
        mine = part("好", telephone())
        with pytest.raises(InDoubt):
            await line.gateway.submit(mine)
        sequence = next(iter(line.gateway._line._waiting))  # type: ignore[union-attr]  # it stands
        smsc.order("raw", octets=f"000000108000000400000058{sequence:08x}")
        await line.until(lambda: line.answers)
        (late,) = line.answers
        assert (late.message_id, late.gateway_id, late.reason) == (mine.message_id, None, "throttled")


async def test_a_centre_that_never_answers_is_down_after_three_and_is_tried_again(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc, seconds=0.1, window=10) as line:
        smsc.behave(mode="silent", receipts="off")
        tries = [line.gateway.submit(part("好", phone)) for _ in range(30)]
        ends = await asyncio.gather(*tries, return_exceptions=True)
        taken = len(submits(smsc, phone))
        assert sum(isinstance(end, InDoubt) for end in ends) == taken <= 12
        assert sum(isinstance(end, NotSent) for end in ends) == 30 - taken
        assert (line.gateway.health.up, line.gateway.health.reason) == (False, "unanswered")
        smsc.behave()
        await line.until(lambda: line.gateway.health.up)
        await line.gateway.submit(part("好", phone))


async def test_a_line_that_breaks_after_a_part_left_leaves_it_in_doubt_and_what_waited_is_not_sent(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc, window=1) as line:
        smsc.behave(mode="disconnect", next=1, receipts="on")
        tries = [line.gateway.submit(part("好", phone)) for _ in range(3)]
        ends = await asyncio.gather(*tries, return_exceptions=True)
        assert [type(end) for end in ends] == [InDoubt, NotSent, NotSent]
        (submit,) = submits(smsc, phone)
        receipt = await line.receipt(submit["id"])  # which the next line brings, and says whose it is
        assert (receipt.phone, receipt.state) == (phone, "delivered")


async def test_a_centre_that_answers_twice_is_heard_once(smsc: Smsc) -> None:
    phones = [telephone() for _ in range(20)]
    async with held(smsc, window=5) as line:
        smsc.behave(mode="double")
        ids = await asyncio.gather(*(line.gateway.submit(part("好", phone)) for phone in phones))
        assert [submits(smsc, phone)[0]["id"] for phone in phones] == ids
        assert line.answers == []


async def test_before_the_line_stands_nothing_is_sent(smsc: Smsc) -> None:
    gateway = SmppGateway(settings(smsc.port), "secret", SystemClock())
    with pytest.raises(NotSent, match="not-connected"):
        await gateway.submit(part("好", telephone()))
    with pytest.raises(NotSent):
        await gateway.ask("1")
    assert not gateway.health.up


async def test_the_centre_is_asked_what_became_of_a_part(smsc: Smsc) -> None:
    async with held(smsc) as line:
        smsc.behave(receipts="off", stat="UNDELIV", err="027")
        gateway_id = await line.gateway.submit(part("好", telephone()))
        receipt = await line.gateway.ask(gateway_id)
        assert receipt is not None
        assert (receipt.gateway_id, receipt.state, receipt.reason) == (gateway_id, "failed", "UNDELIV:27")
        smsc.behave(receipts="off", stat="ACCEPTD")
        assert await line.gateway.ask(await line.gateway.submit(part("好", telephone()))) is None
        assert await line.gateway.ask("77") is None
        assert await line.gateway.has(part("好", telephone()).message_id) is None


async def test_thousands_leave_by_one_line_and_each_has_an_id_of_its_own(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc, window=100) as line:
        smsc.behave(receipts="off")
        ids = await asyncio.gather(*(line.gateway.submit(part("好", phone)) for _ in range(2000)))
    assert sorted(ids) == sorted(entry["id"] for entry in submits(smsc, phone))


def test_a_password_for_which_the_protocol_has_no_room_stops_the_service_at_its_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most 8") as refused:
        SmppGateway(settings(2775), "too long a secret", SystemClock())
    assert "secret" not in str(refused.value)


async def test_a_number_that_is_none_is_rejected_and_nothing_leaves(smsc: Smsc) -> None:
    async with held(smsc) as line:
        with pytest.raises(Rejected):
            await line.gateway.submit(part("好", "1" * 30))
        with pytest.raises(Rejected):
            await line.gateway.submit(part("好", "一三八"))
        assert await of(smsc.order, "status")


async def test_a_centre_that_answers_no_question_takes_messages_and_is_asked_no_more(smsc: Smsc) -> None:
    async with held(smsc, window=2, seconds=0.3) as line:
        smsc.behave(mute=True)
        asked = [asyncio.create_task(line.gateway.ask(str(number))) for number in range(6)]
        await line.until(lambda: smsc.order("status")["queries"] > 0)
        assert await asyncio.wait_for(line.gateway.submit(part("好", telephone())), 20)
        ends = await asyncio.gather(*asked, return_exceptions=True)
        assert all(isinstance(end, NotSent) for end in ends)
        assert line.gateway.health.up
        before = smsc.order("status")["queries"]
        assert await line.gateway.ask("99") is None
        assert smsc.order("status")["queries"] == before


@given(
    st.text(
        st.sampled_from(DEFAULT.replace("\x1b", "") + "".join(EXTENSION)) | st.sampled_from("登记号😀"), min_size=1
    ),
    st.from_regex(r"1[0-9]{4,18}", fullmatch=True),
    st.timedeltas(timedelta(seconds=60), timedelta(days=30)),
)
def test_the_octets_of_a_message_are_those_that_the_library_would_make(
    text: str, phone: str, valid_for: timedelta
) -> None:
    said = replace(whole(text, phone), valid_for=valid_for)
    fits = len(encoded(text, said.alphabet)) <= saying.ALONE[said.alphabet]
    theirs = SubmitSm(
        source=PhoneNumber("10690225", TON.UNKNOWN, NPI.ISDN), destination=PhoneNumber(phone, TON.UNKNOWN, NPI.ISDN),
        encoding="ucs2" if said.alphabet is Alphabet.UCS2 else None, short_message=text if fits else "",
        message_payload="" if fits else text, registered_delivery=1, validity_period=valid_for,
    )  # fmt: skip
    assert saying.submit_sm(saying.address("10690225"), saying.address(phone), said) == theirs.pdu()[16:]


@pytest.mark.parametrize("number", ["1" * 21, "号", "1\0"])
def test_what_is_no_number_is_not_written(number: str) -> None:
    with pytest.raises(ValueError, match=r"number|ascii"):
        saying.address(number)
