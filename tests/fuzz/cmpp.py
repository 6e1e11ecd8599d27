"""Whatever octets a CMPP gateway sends: they become packets, texts and receipts, or are malformed, and nothing else.

python -m tests.fuzz.cmpp -runs=20000. The first octet chooses version and command, the others are the body.
"""

import sys
from datetime import UTC, datetime

import atheris
import structlog

if __name__ == "__main__":  # what tests import is not slowed down
    with atheris.instrument_imports(include=["notify.gateways"]):
        import notify.gateways.cmpp.gateway  # noqa: F401 - found here by the imports below

from kit.clock import ManualClock
from notify.gateways.cmpp.fields import Malformed
from notify.gateways.cmpp.gateway import CmppGateway
from notify.gateways.cmpp.packets import COMMANDS, Deliver, Packet, Receipt, Version, decode, encode
from notify.gateways.settings import Cmpp

RECEIPTS = {Version.V20: 60, Version.V30: 71}  # octets
FORMATS = [0, 4, 8, 15]
KINDS = [*COMMANDS.values()]
SETTINGS = Cmpp.model_validate({
    "kind": "cmpp", "name": "x", "host": "x", "port": 1, "account": "x", "secret_file": "x",
})  # fmt: skip
LINE = CmppGateway(SETTINGS, "x", ManualClock(datetime(2026, 11, 22, tzinfo=UTC)))


def one_input(data: bytes) -> None:
    """Raises what a gateway does not expect."""
    if len(data) < 2:
        return
    version, kind = list(Version)[data[0] & 1], KINDS[(data[0] >> 1) % len(KINDS)]
    if data[0] & 0x80:
        delivered(data[1], data[2:], version)
        return
    try:
        packet = decode(kind.command, data[1:], version)
    except Malformed:
        return
    assert isinstance(packet, kind)
    written_is_read_again(packet, version)
    if isinstance(packet, Deliver):
        taken(packet, version)


def delivered(flags: int, content: bytes, version: Version) -> None:
    """In fields that fit, so that most inputs get as far as the text, or the receipt."""
    report(content.ljust(RECEIPTS[version], b"\0")[: RECEIPTS[version]], version)
    reserved = bytes(8) if version is Version.V20 else b""
    packet = Deliver(1, "1", "2", content[:255], FORMATS[flags & 3], tp_udhi=flags >> 2 & 1, reserved=reserved)
    written_is_read_again(packet, version)
    taken(packet, version)


def taken(packet: Deliver, version: Version) -> None:
    came = LINE._incoming(packet)
    assert came.text is None or "\0" not in came.text
    assert came.joint is None or 1 <= came.joint.number <= came.joint.total
    report(packet.msg_content, version)


def written_is_read_again(packet: Packet, version: Version) -> None:
    try:
        octets = encode(packet, 1, version)
    except Malformed:
        return  # text that is no ASCII was read with marks in its place
    assert decode(packet.command, octets[12:], version) == packet


def report(content: bytes, version: Version) -> None:
    try:
        told = LINE._receipt(Receipt.of(content, version))
    except Malformed:
        return
    assert told is None or (told.reason and told.reason.isascii() and told.reason.isprintable())


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))  # else each finding is a line
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
