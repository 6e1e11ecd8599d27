"""The packets of CMPP 2.0 and 3.0 (China Mobile Peer to Peer) and their octets.

Source: China Mobile, 互联网短信网关接口协议 V2.0 and V3.0, section 8 "消息定义". Names are the specification's.
"""

from dataclasses import asdict, dataclass, fields
from enum import IntEnum
from hashlib import md5
from typing import Any, ClassVar

from notify.gateways.cmpp.fields import Content, Field, Malformed, Number, Numbers, Octets, Text

HEADER = 12  # Total_Length, Command_Id, Sequence_Id: four octets each
LONGEST = 4096  # octets; a CMPP 3.0 submit to 99 numbers has 3 491
RESPONSE = 0x8000_0000


class Version(IntEnum):
    """What the connect packet says: the high half octet is the major version."""

    V20 = 0x20
    V30 = 0x30


@dataclass(frozen=True, slots=True)
class Packet:
    """What a packet says, without its header."""

    command: ClassVar[int]


@dataclass(frozen=True, slots=True)
class Connect(Packet):
    """timestamp: MMDDHHMMSS read as a number; authenticator_source: see `authenticator`."""

    command = 0x0000_0001
    source_addr: str
    authenticator_source: bytes
    version: int
    timestamp: int


@dataclass(frozen=True, slots=True)
class ConnectResp(Packet):
    """status: 0 connected, 1 malformed, 2 source address, 3 authentication, 4 version too high, 5 and more: other."""

    command = RESPONSE | 0x0000_0001
    status: int
    authenticator_ismg: bytes = bytes(16)
    version: int = Version.V20


@dataclass(frozen=True, slots=True)
class Terminate(Packet):
    command = 0x0000_0002


@dataclass(frozen=True, slots=True)
class TerminateResp(Packet):
    command = RESPONSE | 0x0000_0002


@dataclass(frozen=True, slots=True)
class Submit(Packet):
    """A message to at most 99 numbers. msg_fmt: 0 ASCII, 4 binary, 8 UCS-2, 15 GBK. tp_udhi: 1 when the content begins
    with a user data header. fee_terminal_type, dest_terminal_type, link_id: of 3.0 alone.
    """

    command = 0x0000_0004
    src_id: str
    dest_terminal_id: tuple[str, ...]
    msg_content: bytes
    msg_fmt: int
    msg_src: str
    service_id: str = ""
    pk_total: int = 1
    pk_number: int = 1
    tp_udhi: int = 0
    registered_delivery: int = 1
    msg_id: int = 0
    msg_level: int = 0
    fee_user_type: int = 2
    fee_terminal_id: str = ""
    fee_terminal_type: int = 0
    tp_pid: int = 0
    fee_type: str = "01"
    fee_code: str = "0"
    valid_time: str = ""
    at_time: str = ""
    dest_terminal_type: int = 0
    reserve: bytes = b""
    link_id: str = ""


@dataclass(frozen=True, slots=True)
class SubmitResp(Packet):
    """result: 0 taken, 8 flow control, others: see the specification. msg_id: what receipts will name."""

    command = RESPONSE | 0x0000_0004
    msg_id: int
    result: int


@dataclass(frozen=True, slots=True)
class Deliver(Packet):
    """A message from a phone or, registered_delivery 1, a receipt whose octets `Receipt` explains."""

    command = 0x0000_0005
    msg_id: int
    dest_id: str
    src_terminal_id: str
    msg_content: bytes
    msg_fmt: int
    registered_delivery: int = 0
    service_id: str = ""
    tp_pid: int = 0
    tp_udhi: int = 0
    src_terminal_type: int = 0
    reserved: bytes = b""
    link_id: str = ""


@dataclass(frozen=True, slots=True)
class DeliverResp(Packet):
    command = RESPONSE | 0x0000_0005
    msg_id: int
    result: int = 0


@dataclass(frozen=True, slots=True)
class ActiveTest(Packet):
    command = 0x0000_0008


@dataclass(frozen=True, slots=True)
class ActiveTestResp(Packet):
    command = RESPONSE | 0x0000_0008
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """The content of a deliver packet that reports on a submitted one. stat: DELIVRD, EXPIRED, DELETED, UNDELIV,
    ACCEPTD, UNKNOWN, REJECTD, or a gateway's own such as MA:0001. Times: YYMMDDHHMM.
    """

    msg_id: int
    stat: str
    submit_time: str
    done_time: str
    dest_terminal_id: str
    smsc_sequence: int = 0

    @classmethod
    def of(cls, content: bytes, version: Version) -> "Receipt":
        """Raises Malformed."""
        said, end = _read(RECEIPT[version], content)
        if end != len(content):
            raise Malformed("a receipt with more octets than it has fields")
        return cls(**said)

    def octets(self, version: Version) -> bytes:
        return b"".join(each.write(asdict(self)) for each in RECEIPT[version])


@dataclass(frozen=True, slots=True)
class Unknown:
    """A packet of a command that has no name here: answered by nothing, and passed over."""

    command: int


def _submit(version: Version) -> tuple[Field, ...]:
    of_30, number = version is Version.V30, 32 if version is Version.V30 else 21
    return (
        Number("msg_id", 8), Number("pk_total"), Number("pk_number"), Number("registered_delivery"),
        Number("msg_level"), Text("service_id", 10), Number("fee_user_type"), Text("fee_terminal_id", number),
        *((Number("fee_terminal_type"),) if of_30 else ()),
        Number("tp_pid"), Number("tp_udhi"), Number("msg_fmt"), Text("msg_src", 6), Text("fee_type", 2),
        Text("fee_code", 6), Text("valid_time", 17), Text("at_time", 17), Text("src_id", 21),
        Numbers("dest_terminal_id", number), *((Number("dest_terminal_type"),) if of_30 else ()),
        Content("msg_content"), Text("link_id", 20) if of_30 else Octets("reserve", 8),
    )  # fmt: skip


def _deliver(version: Version) -> tuple[Field, ...]:
    of_30 = version is Version.V30
    return (
        Number("msg_id", 8), Text("dest_id", 21), Text("service_id", 10), Number("tp_pid"), Number("tp_udhi"),
        Number("msg_fmt"), Text("src_terminal_id", 32 if of_30 else 21),
        *((Number("src_terminal_type"),) if of_30 else ()), Number("registered_delivery"), Content("msg_content"),
        Text("link_id", 20) if of_30 else Octets("reserved", 8),
    )  # fmt: skip


def _receipt(version: Version) -> tuple[Field, ...]:
    return (
        Number("msg_id", 8), Text("stat", 7), Text("submit_time", 10), Text("done_time", 10),
        Text("dest_terminal_id", 32 if version is Version.V30 else 21), Number("smsc_sequence", 4),
    )  # fmt: skip


def _layouts(version: Version) -> dict[type[Packet], tuple[Field, ...]]:
    status = 4 if version is Version.V30 else 1
    return {
        Connect: (
            Text("source_addr", 6), Octets("authenticator_source", 16), Number("version"), Number("timestamp", 4),
        ),
        ConnectResp: (Number("status", status), Octets("authenticator_ismg", 16), Number("version")),
        Terminate: (),
        TerminateResp: (),
        Submit: _submit(version),
        SubmitResp: (Number("msg_id", 8), Number("result", status)),
        Deliver: _deliver(version),
        DeliverResp: (Number("msg_id", 8), Number("result", status)),
        ActiveTest: (),
        ActiveTestResp: (Number("reserved"),),
    }  # fmt: skip


LAYOUTS = {version: _layouts(version) for version in Version}
RECEIPT = {version: _receipt(version) for version in Version}
COMMANDS = {kind.command: kind for kind in LAYOUTS[Version.V20]}


def encode(packet: Packet, sequence: int, version: Version) -> bytes:
    """Raises Malformed: a value does not fit."""
    said = {each.name: getattr(packet, each.name) for each in fields(packet)}
    body = b"".join(each.write(said) for each in LAYOUTS[version][type(packet)])
    numbers = (HEADER + len(body), packet.command, sequence)
    return b"".join(number.to_bytes(4, "big") for number in numbers) + body


def decode(command: int, body: bytes, version: Version) -> Packet | Unknown:
    """Raises Malformed: octets are missing, or more than the packet has fields for."""
    kind = COMMANDS.get(command)
    if kind is None:
        return Unknown(command)
    said, end = _read(LAYOUTS[version][kind], body)
    if end != len(body):
        raise Malformed(f"{kind.__name__} with more octets than it has fields")
    return kind(**said)


def _read(layout: tuple[Field, ...], octets: bytes) -> tuple[dict[str, Any], int]:
    said: dict[str, Any] = {}
    at = 0
    for each in layout:
        said[each.name], at = each.read(octets, at)
    return said, at


def authenticator(source_addr: str, secret: str, timestamp: int) -> bytes:
    """MD5(Source_Addr + nine octets 0 + shared secret + timestamp), 16 octets; the timestamp as ten digits."""
    words = source_addr.encode() + bytes(9) + secret.encode() + f"{timestamp:010}".encode()
    return md5(words, usedforsecurity=False).digest()


def gateway_authenticator(status: int, authenticator_source: bytes, secret: str, version: Version) -> bytes:
    """MD5(Status + AuthenticatorSource + shared secret), 16 octets: the gateway knows the secret too."""
    width = 4 if version is Version.V30 else 1
    words = status.to_bytes(width, "big") + authenticator_source + secret.encode()
    return md5(words, usedforsecurity=False).digest()
