"""What the octets of a message centre are read as: whatever they are, a text, a receipt or nothing, and no failure."""

import asyncio
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz import smpp as fuzz

from kit.phones import sender_key
from notify.gateways.smpp import reading
from notify.gateways.smpp.reading import asked, incoming, read, receipt, written
from notify.inbound.kept import bounded
from notify.outbound.parts import Alphabet, alphabet_of, encoded, header

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PHONE, OFFICE = "13800000001", "106573001"
TAGS = st.sampled_from([0x001E, 0x020C, 0x020E, 0x020F, 0x0423, 0x0424, 0x0427, 0x1777])
TLVS = st.lists(st.tuples(TAGS, st.binary(max_size=20)), max_size=6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=60)


def tlv(tag: int, value: bytes) -> bytes:
    return tag.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value


def pdu(
    content: bytes, *parameters: tuple[int, bytes], coding: int = 0, esm_class: int = 0, ton: int = 0,
    sender: str = PHONE,
) -> bytes:  # fmt: skip
    addresses = bytes([ton, 1]) + sender.encode() + b"\0" + b"\0\1" + OFFICE.encode() + b"\0"
    fields = bytes([esm_class, 0, 0]) + b"\0\0" + bytes([0, 0, coding, 0, len(content)]) + content
    body = b"\0" + addresses + fields + b"".join(tlv(*each) for each in parameters)
    return (16 + len(body)).to_bytes(4, "big") + bytes.fromhex("000000050000000000000001") + body


@given(TEXTS, st.integers(0, 255), st.integers(1, 255), st.data())
def test_a_part_of_a_text_is_read_as_it_was_written(
    text: str, reference: int, number: int, data: st.DataObject
) -> None:
    total = data.draw(st.integers(max(2, number), 255))
    alphabet = alphabet_of(text)
    content = header(reference, total, number) + encoded(text, alphabet)
    came = incoming(read(pdu(content, coding=alphabet, esm_class=0x40)), b"", NOW)
    assert (came.text, came.phone, came.to) == (text, PHONE, OFFICE)
    assert came.joint is not None
    assert (came.joint.reference, came.joint.total, came.joint.number) == (reference, total, number)


@given(TEXTS)
def test_a_payload_is_read_as_a_short_message_is(text: str) -> None:
    came = incoming(read(pdu(b"", (0x0424, encoded(text, Alphabet.UCS2)), coding=8)), b"", NOW)
    assert came.text == text


@settings(max_examples=500)
@given(st.binary(max_size=200), TLVS, st.integers(0, 255), st.integers(0, 255), st.integers(0, 300))
def test_whatever_a_message_holds_it_is_kept_with_its_sender(
    content: bytes, parameters: list[tuple[int, bytes]], coding: int, esm_class: int, cut: int
) -> None:
    octets = pdu(content, *parameters, coding=coding, esm_class=esm_class)
    fuzz.read(octets[: len(octets) - cut])
    told = read(octets)
    came = incoming(told, octets, NOW)
    assert came.phone == PHONE
    assert (came.text is None) == bool(came.raw), "a person has something to look at"
    receipt(told, "same", NOW)


@given(st.sampled_from(["", "+", "00"]), st.from_regex(r"[1-9][0-9]{8,14}", fullmatch=True))
def test_who_writes_from_another_country_is_nobody_of_here(sign: str, digits: str) -> None:
    came = bounded(incoming(read(pdu(b"TD", ton=1, sender=sign + digits)), b"", NOW))
    of_here = re.fullmatch("86(1[0-9]{10})", digits)
    assert sender_key(came.phone).removeprefix("+") == (of_here[1] if of_here else digits)
    assert of_here or not re.fullmatch("1[0-9]{10}", sender_key(came.phone))


@pytest.mark.parametrize(
    ("ton", "sender", "number"),
    [
        (0, PHONE, PHONE), (2, PHONE, PHONE), (0, "86" + PHONE, PHONE), (1, "86" + PHONE, PHONE),
        (1, "+86" + PHONE, PHONE), (1, "0086" + PHONE, PHONE), (1, "13235551234", "+13235551234"),
        (1, "1-323-555-1234", "+13235551234"), (0, "+13235551234", "+13235551234"), (5, PHONE, ""), (0, "BANK", ""),
        (1, "A" + PHONE, ""), (0, "\xe9" + PHONE, ""),
    ],
)  # fmt: skip
def test_who_sent_a_text_is_told_by_the_type_of_its_number(ton: int, sender: str, number: str) -> None:
    assert sender_key(bounded(incoming(read(pdu(b"TD", ton=ton, sender=sender)), b"", NOW)).phone) == number


@given(st.binary(max_size=300))
def test_whatever_comes_by_the_line_only_ends_it(octets: bytes) -> None:
    fuzz.read(octets)
    asyncio.run(fuzz.swallow(octets))


RECEIPT = (
    "id:{id} sub:001 dlvrd:001 submit date:2611221130 done date:{done} stat:{stat} err:{err} text:id:9 stat:EXPIRED"
)


@pytest.mark.parametrize(
    ("done", "at"),
    [
        ("2611221130", datetime(2026, 11, 22, 3, 30, tzinfo=UTC)),
        ("261122113015", datetime(2026, 11, 22, 3, 30, 15, tzinfo=UTC)),
        ("2611221530", NOW),
        ("2613450000", NOW),
        ("-", NOW),
    ],
    ids=["minutes", "seconds", "to come", "no day", "nothing"],
)
def test_a_receipt_tells_when_in_china(done: str, at: datetime) -> None:
    said = RECEIPT.format(id="7", done=done, stat="DELIVRD", err="000")
    told = receipt(read(pdu(said.encode(), esm_class=4)), "same", NOW)
    assert told is not None
    assert (told.at, told.gateway_id, told.state, told.phone) == (at, "7", "delivered", PHONE)


@pytest.mark.parametrize("coding", [0, 3, 8])
def test_a_receipt_with_letters_in_its_code_is_read_in_whatever_alphabet(coding: int) -> None:
    said = RECEIPT.format(id="A1-b", done="-", stat="undeliv", err="00A")
    content = said.encode("utf-16-be" if coding == 8 else "ascii")
    told = receipt(read(pdu(content[:250], coding=coding, esm_class=4)), "same", NOW)
    assert told is not None
    assert (told.gateway_id, told.state, told.reason) == ("A1-b", "failed", "UNDELIV:00A")


def test_a_receipt_by_parameters_alone_is_known_whatever_its_class_and_goes_before_its_text() -> None:
    said = RECEIPT.format(id="7", done="-", stat="DELIVRD", err="000").encode()
    parameters = (0x001E, b"8\0"), (0x0427, b"\5"), (0x0423, b"\3\1\4")
    told = read(pdu(said, *parameters))
    assert told.is_receipt
    found = receipt(told, "same", NOW)
    assert found is not None
    assert (found.gateway_id, found.state, found.reason) == ("8", "failed", "UNDELIV:260")


@given(st.integers(0, 2**63), st.integers(0, 3))
def test_an_id_is_the_same_however_each_side_writes_it(number: int, zeros: int) -> None:
    for ids, answered, told in (("decimal", "x", "d"), ("hex", "d", "X")):
        answer = "0" * zeros + f"{number:{answered}}"
        said = RECEIPT.format(id="0" * zeros + f"{number:{told}}", done="-", stat="DELIVRD", err="0").encode()
        found = receipt(read(pdu(said, esm_class=4)), ids, NOW)  # type: ignore[arg-type]  # one of the literals
        assert found is not None
        assert found.gateway_id == written(answer.encode() + b"\0junk", ids)  # type: ignore[arg-type]
    assert written(b"00aF\0", "same") == "00aF"
    assert written(b"no number\0", "decimal") == "no number"


@pytest.mark.parametrize("state", range(10))
def test_a_centre_that_was_asked_tells_an_end_or_nothing(state: int) -> None:
    ends = {2: "delivered", 3: "expired", 4: "failed", 5: "failed", 8: "failed"}
    told = asked(b"7\0\0" + bytes([state, 0]), "7", NOW)
    assert (told.state if told else None) == ends.get(state)
    assert asked(b"7\0\0", "7", NOW) is None


@pytest.mark.parametrize("kind", [[], ["--deliveries"]], ids=["anything", "as deliver_sm"])
def test_thousands_of_mutated_inputs_are_read_without_a_crash(kind: list[str], tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for name, seed in enumerate([pdu("积水".encode("utf-16-be"), coding=8), pdu(RECEIPT.encode(), esm_class=4),
                                 pdu(header(1, 2, 1) + b"BC", (0x020C, b"\0\1"), esm_class=0x40)]):  # fmt: skip
        (seeds / str(name)).write_bytes(seed[16:] if kind else seed)
    options = ["-runs=6000", "-seed=7", "-max_len=400", f"-artifact_prefix={tmp_path}/", str(seeds)]
    command = [sys.executable, "-m", "tests.fuzz.smpp", *kind, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done 6000 runs" in done.stderr


def test_a_fault_in_the_reading_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "asked", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        fuzz.read(b"")
