"""What a message centre brings by SMPP: texts in every alphabet and in parts, receipts in both styles."""

import asyncio
from typing import Any

import pytest
from prometheus_client import REGISTRY
from services.notify.tests.smpp_line import OFFICE, held, of, part, submits, telephone

from notify.gateways.interface import Joint
from xinqiao_local.smsc import Smsc

TEXT = "张三#某镇某村#门前道路积水三个月无人管"


def ucs2(text: str) -> str:
    return text.encode("utf-16-be").hex()


@pytest.mark.parametrize(
    ("coding", "octets", "text"),
    [
        (8, ucs2(TEXT), TEXT),
        (8, ucs2("路😀面"), "路😀面"),
        (0x18, ucs2(TEXT), TEXT),
        (0, b"BC 33 \x1b\x3cA\x1b\x3e \x02".hex(), "BC 33 [A] $"),
        (0xF1, b"TD".hex(), "TD"),
        (1, b"HELP".hex(), "HELP"),
        (3, "é".encode("latin-1").hex(), "é"),
        (15, TEXT.encode("gbk").hex(), TEXT),
        (8, ucs2(TEXT * 9), TEXT * 9),
        (0, "", ""),
    ],
    ids=["ucs2", "ucs2 beyond the basic plane", "ucs2 of a class", "gsm", "gsm of a class", "ascii", "latin 1", "gbk",
         "a payload of 360 octets", "nothing"],
)  # fmt: skip
async def test_a_text_is_read_in_the_alphabet_it_says(smsc: Smsc, coding: int, octets: str, text: str) -> None:
    phone = telephone()
    async with held(smsc) as line:
        said = [{"from": phone, "to": OFFICE, "octets": octets, "coding": coding}]
        assert await of(smsc.deliver, said) == {0: 1}
        (came,) = [each for each in line.texts if each.phone == phone]
    assert (came.text, came.to, came.raw, came.joint, came.gateway_id) == (text, OFFICE, b"", None, None)


@pytest.mark.parametrize(
    ("coding", "octets"), [(8, "4f"), (8, "d83d"), (0, "80"), (4, "0102"), (5, "2442"), (15, "ff")],
    ids=["half a unit", "half a letter", "no septet", "binary", "an alphabet nobody uses here", "no gbk"],
)  # fmt: skip
async def test_what_is_no_text_is_kept_as_it_came_for_a_person(smsc: Smsc, coding: int, octets: str) -> None:
    phone = telephone()
    async with held(smsc) as line:
        assert await of(smsc.deliver, [{"from": phone, "to": OFFICE, "octets": octets, "coding": coding}]) == {0: 1}
        (came,) = [each for each in line.texts if each.phone == phone]
    assert (came.text, came.raw.hex()) == (None, octets)


@pytest.mark.parametrize(
    ("said", "joint"),
    [
        ({"octets": "050003070302" + ucs2("面积水"), "esm_class": 0x40}, Joint(7, 3, 2)),
        ({"octets": "06080401070302" + ucs2("面积水"), "esm_class": 0x40}, Joint(0x107, 3, 2)),
        ({"octets": "0a0a030001050003070302" + ucs2("面积水"), "esm_class": 0x40},
         Joint(7, 3, 2)),
        ({"octets": ucs2("面积水"),
          "tlvs": {"sar_msg_ref_num": 0x107, "sar_total_segments": 3, "sar_segment_seqnum": 2}}, Joint(0x107, 3, 2)),
        ({"octets": "0500030703" + "09" + ucs2("面积水"), "esm_class": 0x40}, None),
        ({"octets": ucs2("面积水"), "tlvs": {"vendor": "00ff", "source_port": 5}}, None),
    ],
    ids=["reference of 8 bits", "reference of 16 bits", "behind another element", "by parameters", "the ninth of three",
         "with parameters nobody knows"],
)  # fmt: skip
async def test_a_part_says_to_which_message_it_belongs(smsc: Smsc, said: dict[str, Any], joint: Joint | None) -> None:
    phone = telephone()
    async with held(smsc) as line:
        assert await of(smsc.deliver, [{"from": phone, "to": OFFICE, "coding": 8, **said}]) == {0: 1}
        (came,) = [each for each in line.texts if each.phone == phone]
    assert (came.text, came.joint) == ("面积水", joint)


async def test_who_sent_a_text_is_told_with_the_country_and_a_name_is_no_number(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc) as line:
        said = [{"from": phone, "to": OFFICE, "text": f"TON {ton}", "ton": ton} for ton in (0, 1, 5)]
        assert await of(smsc.deliver, [*said, {"from": "86" + phone, "to": OFFICE, "text": "86", "ton": 1}]) == {0: 4}
        came = {each.text: each.phone for each in line.texts}
    assert came == {"TON 0": phone, "TON 1": "+" + phone, "TON 5": "", "86": "+86" + phone}


async def test_half_a_letter_where_a_part_ends_costs_the_letter_and_not_the_part(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc) as line:
        halves = "050003070201" + ucs2("积水") + "d83d", "050003070202" + "de00" + ucs2("很深")
        said = [{"from": phone, "to": OFFICE, "coding": 8, "esm_class": 0x40, "octets": half} for half in halves]
        assert await of(smsc.deliver, said) == {0: 2}
        assert sorted(str(text) for text in line.said(phone)) == ["积水\ufffd", "\ufffd很深"]


async def test_a_text_is_brought_again_until_it_is_kept(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc) as line:
        line.refuse = 2
        assert await of(smsc.deliver, [{"from": phone, "to": OFFICE, "text": TEXT}]) == {0: 1}
        assert line.said(phone) == [TEXT]
    gave = [entry["status"] for entry in smsc.pdus() if entry.get("gave") == "text" and entry["from"] == phone]
    assert gave == [0x64, 0x64, 0]


async def test_what_takes_long_to_be_kept_does_not_hold_up_the_line(smsc: Smsc) -> None:
    phones = [telephone() for _ in range(50)]
    async with held(smsc) as line:
        may_keep = asyncio.Event()
        keep = line.gateway._taking.incoming  # type: ignore[union-attr]  # it runs

        async def slowly(gateway: str, what: Any) -> None:
            await may_keep.wait()
            await keep(gateway, what)

        object.__setattr__(line.gateway._taking, "incoming", slowly)
        delivering = asyncio.create_task(
            of(smsc.deliver, [{"from": phone, "to": OFFICE, "text": TEXT} for phone in phones])
        )
        await line.until(lambda: smsc.order("status")["waiting"] == 0)
        await line.gateway.submit(part("好", telephone()))
        assert not delivering.done(), "nothing is answered before it is kept"
        may_keep.set()
        assert await delivering == {0: 50}
        assert {each.phone for each in line.texts} >= set(phones)


@pytest.mark.parametrize("style", ["text", "tlv", "both"])
@pytest.mark.parametrize(
    ("stat", "state", "reason"),
    [("DELIVRD", "delivered", "DELIVRD"), ("EXPIRED", "expired", "EXPIRED:27"), ("UNDELIV", "failed", "UNDELIV:27")],
)
async def test_a_receipt_of_either_style_tells_the_fate(
    smsc: Smsc, style: str, stat: str, state: str, reason: str
) -> None:
    phone = telephone()
    async with held(smsc) as line:
        smsc.behave(style=style, stat=stat, err="000" if stat == "DELIVRD" else "27")
        receipt = await line.receipt(await line.gateway.submit(part("好", phone)))
    assert (receipt.state, receipt.phone) == (state, phone)
    assert receipt.reason == (stat if style == "tlv" else reason)


@pytest.mark.parametrize("ids", ["same", "decimal", "hex"])
@pytest.mark.parametrize("style", ["text", "tlv"])
async def test_a_receipt_that_writes_the_id_otherwise_is_matched(smsc: Smsc, ids: str, style: str) -> None:
    async with held(smsc, receipt_ids=ids) as line:
        smsc.behave(ids=ids, style=style)
        gateway_id = await line.gateway.submit(part("好", telephone()))
        assert (await line.receipt(gateway_id)).gateway_id == gateway_id


@pytest.mark.parametrize("when", ["early", "twice"])
async def test_receipts_come_before_the_answer_and_more_than_once(smsc: Smsc, when: str) -> None:
    async with held(smsc) as line:
        smsc.behave(receipts=when, delay=100 if when == "early" else 0)
        submitting = asyncio.create_task(line.gateway.submit(part("好", telephone())))
        if when == "early":
            (receipt,) = await line.until(lambda: line.receipts)
            assert not submitting.done()
            assert receipt.gateway_id == await submitting
        else:
            gateway_id = await submitting
            await line.until(lambda: [each.gateway_id for each in line.receipts] == [gateway_id] * 2)


async def test_a_receipt_that_tells_of_no_end_is_answered_and_nothing_more(smsc: Smsc) -> None:
    phone = telephone()
    async with held(smsc) as line:
        smsc.behave(stat="ACCEPTD")
        gateway_id = await line.gateway.submit(part("好", phone))
        await line.until(
            lambda: any(entry.get("gave") == "receipt" and entry["ref"] == gateway_id for entry in smsc.pdus())
        )
        assert line.receipts == []
        assert submits(smsc, phone)


async def test_a_message_without_a_sender_is_refused_for_good(smsc: Smsc) -> None:
    before = REGISTRY.get_sample_value("xinqiao_sms_brought_total", {"gateway": "centre", "what": "unreadable"}) or 0
    async with held(smsc) as line:
        assert await of(smsc.deliver, [{"from": "", "to": OFFICE, "text": "TD"}]) == {0x65: 1}
        assert line.texts == []
    now = REGISTRY.get_sample_value("xinqiao_sms_brought_total", {"gateway": "centre", "what": "unreadable"})
    assert now == before + 1
