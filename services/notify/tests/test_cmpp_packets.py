"""CMPP packets octet by octet: the specification's tables written out by hand, and whatever else may come."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.gateways.cmpp.fields import Content, Malformed, Number, Numbers, Octets, Text
from notify.gateways.cmpp.packets import (
    COMMANDS,
    LAYOUTS,
    ActiveTest,
    ActiveTestResp,
    Connect,
    ConnectResp,
    Deliver,
    DeliverResp,
    Receipt,
    Submit,
    SubmitResp,
    Terminate,
    Unknown,
    Version,
    authenticator,
    decode,
    encode,
    gateway_authenticator,
)

V20, V30 = Version.V20, Version.V30
SUBMIT = Submit(
    src_id="106573001", dest_terminal_id=("8613800000001",), msg_content="您好".encode("utf-16-be"), msg_fmt=8,
    msg_src="900001", service_id="XF", msg_level=1, fee_user_type=2, fee_type="01", fee_code="000000",
)  # fmt: skip
SUBMIT_V20 = (
    "000000a3 00000004 00000007"  # 12 + 151 octets, CMPP_SUBMIT, sequence 7
    "0000000000000000 01 01 01 01"  # Msg_Id, Pk_total, Pk_number, Registered_Delivery, Msg_level
    "58460000000000000000 02" + "00" * 21 +  # Service_Id, Fee_UserType, Fee_terminal_Id (21)
    "00 00 08 393030303031 3031 303030303030"  # TP_pId, TP_udhi, Msg_Fmt, Msg_src, FeeType, FeeCode
    + "00" * 17 + "00" * 17 +  # ValId_Time, At_Time
    "313036353733303031" + "00" * 12 +  # Src_Id (21)
    "01 38363133383030303030303031" + "00" * 8 +  # DestUsr_tl, Dest_terminal_Id (21)
    "04 60a8597d" + "00" * 8  # Msg_Length, Msg_Content, Reserve (8)
)  # fmt: skip
SUBMIT_V30 = (
    "000000c7 00000004 00000007"
    "0000000000000000 01 01 01 01"
    "58460000000000000000 02" + "00" * 32 + "00"  # Fee_terminal_Id (32), Fee_terminal_type
    "00 00 08 393030303031 3031 303030303030"
    + "00" * 17 + "00" * 17 +
    "313036353733303031" + "00" * 12 +
    "01 38363133383030303030303031" + "00" * 19 + "00"  # Dest_terminal_Id (32), Dest_terminal_type
    "04 60a8597d" + "00" * 20  # LinkID (20)
)  # fmt: skip
DELIVER = Deliver(
    msg_id=0x1122334455667788, dest_id="106573001", src_terminal_id="13800000001", msg_content=b"BC", msg_fmt=0,
    service_id="XF",
)  # fmt: skip
DELIVER_V20 = (
    "00000057 00000005 00000001"
    "1122334455667788" + "313036353733303031" + "00" * 12 +  # Msg_Id, Dest_Id (21)
    "58460000000000000000 00 00 00"  # Service_Id, TP_pid, TP_udhi, Msg_Fmt
    "3133383030303030303031" + "00" * 10 +  # Src_terminal_Id (21)
    "00 02 4243" + "00" * 8  # Registered_Delivery, Msg_Length, Msg_Content, Reserved (8)
)  # fmt: skip
DELIVER_V30 = (
    "0000006f 00000005 00000001"
    "1122334455667788" + "313036353733303031" + "00" * 12 +
    "58460000000000000000 00 00 00"
    "3133383030303030303031" + "00" * 21 + "00"  # Src_terminal_Id (32), Src_terminal_type
    "00 02 4243" + "00" * 20  # LinkID (20)
)  # fmt: skip
RECEIPT = Receipt(0x1122334455667788, "DELIVRD", "2611220900", "2611220901", "13800000001", 5)
RECEIPT_V20 = (
    "1122334455667788 44454c49565244 32363131323230393030 32363131323230393031 3133383030303030303031"
    + "00" * 10 + "00000005"  # Dest_terminal_Id (21), SMSC_sequence
)  # fmt: skip
RECEIPT_V30 = (
    "1122334455667788 44454c49565244 32363131323230393030 32363131323230393031 3133383030303030303031"
    + "00" * 21 + "00000005"  # Dest_terminal_Id (32)
)  # fmt: skip
CONNECT = Connect("900001", bytes(range(16)), V30, 1122090000)
TABLES = [
    (SUBMIT, V20, SUBMIT_V20, 7),
    (SUBMIT, V30, SUBMIT_V30, 7),
    (DELIVER, V20, DELIVER_V20, 1),
    (DELIVER, V30, DELIVER_V30, 1),
    (CONNECT, V30, "00000027 00000001 00000000 393030303031 000102030405060708090a0b0c0d0e0f 30 42e1bc10", 0),
    (ConnectResp(0, bytes(16), V20), V20, "0000001e 80000001 00000000 00" + "00" * 16 + "20", 0),
    (ConnectResp(3, bytes(16), V30), V30, "00000021 80000001 00000000 00000003" + "00" * 16 + "30", 0),
    (SubmitResp(0x0102030405060708, 8), V20, "00000015 80000004 00000007 0102030405060708 08", 7),
    (SubmitResp(0x0102030405060708, 8), V30, "00000018 80000004 00000007 0102030405060708 00000008", 7),
    (DeliverResp(0x0102030405060708), V20, "00000015 80000005 00000001 0102030405060708 00", 1),
    (DeliverResp(0x0102030405060708), V30, "00000018 80000005 00000001 0102030405060708 00000000", 1),
    (ActiveTest(), V20, "0000000c 00000008 ffffffff", 0xFFFFFFFF),
    (ActiveTestResp(), V20, "0000000d 80000008 00000002 00", 2),
    (Terminate(), V30, "0000000c 00000002 00000003", 3),
]


@pytest.mark.parametrize(("packet", "version", "table", "sequence"), TABLES)
def test_a_packet_lies_in_its_octets_as_the_table_says(
    packet: Any, version: Version, table: str, sequence: int
) -> None:
    octets = bytes.fromhex(table)
    assert encode(packet, sequence, version) == octets
    assert int.from_bytes(octets[:4], "big") == len(octets)
    assert decode(packet.command, octets[12:], version) == _as_read(packet, version)


def _as_read(packet: Any, version: Version) -> Any:
    """What is reserved comes back with all its octets."""
    reserved = {each.name: each.size for each in LAYOUTS[version][type(packet)] if isinstance(each, Octets)}
    said = {each.name: getattr(packet, each.name) for each in fields(packet)}
    return type(packet)(**{**said, **{name: said[name].ljust(size, b"\0") for name, size in reserved.items()}})


@pytest.mark.parametrize(("version", "table"), [(V20, RECEIPT_V20), (V30, RECEIPT_V30)])
def test_a_receipt_lies_in_60_or_71_octets(version: Version, table: str) -> None:
    octets = bytes.fromhex(table)
    assert len(octets) == {V20: 60, V30: 71}[version]
    assert RECEIPT.octets(version) == octets
    assert Receipt.of(octets, version) == RECEIPT
    with pytest.raises(Malformed):
        Receipt.of(octets, V30 if version is V20 else V20)


def test_who_connects_proves_the_secret_without_saying_it() -> None:
    """MD5 by hand: of the source address, nine octets 0, the secret and ten digits."""
    proof = authenticator("900001", "secret", 102090000)
    assert proof.hex() == "6532df7d30971d3339685818dc0445e1"
    assert gateway_authenticator(0, proof, "secret", V20).hex() == "2233deb3dd2328017365c6133807e4cf"
    assert gateway_authenticator(0, proof, "secret", V20) != gateway_authenticator(0, proof, "secret", V30)


def texts(size: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=size)


def values(each: Any) -> st.SearchStrategy[Any]:
    match each:
        case Number():
            return st.integers(0, 256**each.size - 1)
        case Text():
            return texts(each.size)
        case Octets():
            return st.binary(min_size=each.size, max_size=each.size)
        case Content():
            return st.binary(max_size=255)
        case Numbers():
            return st.lists(texts(each.size), min_size=1, max_size=each.most).map(tuple)
    raise AssertionError(each)


@given(st.data())
def test_whatever_is_written_is_read_again(data: st.DataObject) -> None:
    version = data.draw(st.sampled_from(Version))
    kind = data.draw(st.sampled_from(sorted(COMMANDS.values(), key=lambda kind: kind.command)))
    said = data.draw(st.fixed_dictionaries({each.name: values(each) for each in LAYOUTS[version][kind]}))
    if kind is Submit:
        said = {"msg_src": "", **said}
    packet = kind(**said)
    octets = encode(packet, 1, version)
    assert decode(kind.command, octets[12:], version) == packet
    assert int.from_bytes(octets[:4], "big") == len(octets)


@given(st.sampled_from([*COMMANDS, 0, 0x80000000, 0xFFFFFFFF]), st.binary(max_size=400), st.sampled_from(Version))
def test_no_octets_make_the_reader_fail(command: int, body: bytes, version: Version) -> None:
    try:
        packet = decode(command, body, version)
    except Malformed:
        return  # the one thing that may be raised
    assert isinstance(packet, Unknown) or packet.command == command


@given(st.sampled_from(TABLES), st.data())
def test_a_packet_that_is_cut_or_longer_is_malformed(table: Any, data: st.DataObject) -> None:
    packet, version, octets, _ = table
    body = bytes.fromhex(octets)[12:]
    if body:
        with pytest.raises(Malformed):
            decode(packet.command, body[: data.draw(st.integers(0, len(body) - 1))], version)
    with pytest.raises(Malformed):
        decode(packet.command, body + b"\0", version)


@pytest.mark.parametrize(
    "changes",
    [
        {"src_id": "1" * 22}, {"src_id": "信访"}, {"src_id": "1\0"}, {"msg_content": bytes(256)},
        {"dest_terminal_id": ()}, {"dest_terminal_id": ("1",) * 100}, {"pk_total": 256},
        {"msg_id": -1}, {"reserve": bytes(9)},
    ],
)  # fmt: skip
def test_what_fits_into_no_field_is_not_written(changes: dict[str, Any]) -> None:
    said = {each.name: getattr(SUBMIT, each.name) for each in fields(SUBMIT)}
    with pytest.raises(Malformed):
        encode(Submit(**{**said, **changes}), 1, V20)


def test_a_number_that_is_filled_with_spaces_or_with_what_was_there_is_read_up_to_its_end() -> None:
    octets = bytearray(bytes.fromhex(DELIVER_V20))[12:]
    at = 8 + 21 + 10 + 3
    octets[at : at + 21] = b"13800000001\0garbage  "
    assert decode(Deliver.command, bytes(octets), V20) == _as_read(DELIVER, V20)
    octets[at : at + 21] = b"13800000001".ljust(21)
    assert decode(Deliver.command, bytes(octets), V20) == _as_read(DELIVER, V20)


def test_the_secret_is_in_no_representation() -> None:
    assert "secret" not in repr(CONNECT)
