"""The octets that we say to a message centre, made once a message: the library asks each field of it twice.

Source: SMPP 3.4 issue 1.2, sections 4.4.1, 4.8.1, 5.2.19 and 5.3.2.32; validity periods are the library's.
"""

from datetime import timedelta
from functools import lru_cache
from struct import Struct

from aiosmpplib import NPI, TON, SubmitSm

from notify.gateways.interface import Part
from notify.outbound.parts import Alphabet, encoded

HAS_HEADER = 0x40  # of esm_class
RECEIPT_WANTED = 1
PAYLOAD = Struct(">HH")
MESSAGE_PAYLOAD = 0x0424
ALONE = {Alphabet.GSM: 160, Alphabet.UCS2: 140}  # octets: a longer one goes as message_payload
LONGEST_NUMBER = 20
EMPTY = b"\0"


def address(number: str, ton: TON = TON.UNKNOWN) -> bytes:
    """Raises ValueError."""
    octets = number.encode("ascii")
    if len(octets) > LONGEST_NUMBER or EMPTY in octets:
        raise ValueError("no number")
    return bytes((ton, NPI.ISDN)) + octets + EMPTY


@lru_cache(1024)
def validity(seconds: int) -> bytes:
    """From when it is taken. Raises ValueError."""
    return SubmitSm.datetime_to_smpp_time(timedelta(seconds=seconds)).encode("ascii") + EMPTY


def submit_sm(sender: bytes, receiver: bytes, part: Part) -> bytes:
    """Without the header. sender, receiver: their addresses. Raises ValueError."""
    content = part.payload or encoded(part.text, part.alphabet)
    esm_class = HAS_HEADER if part.total > 1 else 0
    if len(content) <= ALONE[part.alphabet]:
        said = bytes((len(content),)) + content
    elif len(content) < 2**16:
        said = EMPTY + PAYLOAD.pack(MESSAGE_PAYLOAD, len(content)) + content
    else:
        raise ValueError("too long")
    return b"".join((
        EMPTY, sender, receiver, bytes((esm_class, 0, 0)), EMPTY, validity(int(part.valid_for.total_seconds())),
        bytes((RECEIPT_WANTED, 0, part.alphabet, 0)), said,
    ))  # fmt: skip


def query_sm(gateway_id: str, sender: bytes) -> bytes:
    """Which the library has not. Raises ValueError."""
    return gateway_id.encode("ascii") + EMPTY + sender
