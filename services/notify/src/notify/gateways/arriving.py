"""What the octets of a short message from a telephone say: the header that joins parts, and the alphabets.

Sources: 3GPP TS 23.040 section 9.2.3.24 (header), TS 23.038 section 6.2.1 (default alphabet, extension table).
"""

from typing import Literal

from notify.gateways.interface import Joint
from notify.outbound.parts import DEFAULT, ESCAPE, EXTENSION

EXTENDED = {code: letter for letter, code in EXTENSION.items()}
PRINTED = frozenset(range(0x20, 0x7F)) | {0x09, 0x0A, 0x0D}
REFERENCES = {(0, 3): 1, (8, 4): 2}  # information element and its size -> octets of the reference in it
Letters = Literal["ascii", "gsm", "ucs2", "gbk"]


class Unreadable(ValueError):
    """Octets that are no text in the alphabet they claim, or no header where one is claimed. Never quotes them."""


def opened(octets: bytes) -> tuple[Joint | None, bytes]:
    """Take the header off: which part it is of a long message, if it is one, and the content behind.

    Elements that do not join parts are passed over, as are those that count from 0. Raises Unreadable.
    """
    end = 1 + octets[0] if octets else 1
    if end > len(octets):
        raise Unreadable("the header ends after the message")
    joint, at = None, 1
    while at + 1 < end:
        element, size, value = octets[at], octets[at + 1], octets[at + 2 : at + 2 + octets[at + 1]]
        at += 2 + size
        if at > end:
            raise Unreadable("an element ends after the header")
        joint = _joint(element, value) or joint
    return joint, octets[end:]


def _joint(element: int, value: bytes) -> Joint | None:
    width = REFERENCES.get((element, len(value)))
    if width is None:
        return None
    reference, total, number = int.from_bytes(value[:width], "big"), value[width], value[width + 1]
    return Joint(reference, total, number) if 1 <= number <= total and total > 1 else None


def said(octets: bytes, letters: Letters, *, of_several: bool = False) -> str:
    """The text, without NUL. gsm: an octet a septet; of_several: it is a part of a longer one. Raises Unreadable."""
    try:
        return _decoded(_mended(octets) if of_several and letters == "ucs2" else octets, letters).replace("\0", "")
    except UnicodeDecodeError:
        raise Unreadable(f"not {letters}") from None


def _decoded(octets: bytes, letters: Letters) -> str:
    match letters:
        case "ucs2":
            return octets.decode("utf-16-be").removeprefix("\ufeff")
        case "gbk":
            return octets.decode("gb18030")
        case "ascii" if PRINTED.issuperset(octets.rstrip(b"\0")):
            return octets.decode("ascii")
        case _:  # some gateways say ASCII and pass the septets on as they came
            return _default_alphabet(octets)


def _mended(octets: bytes) -> bytes:
    """Telephones divide letters beyond the basic plane where a part ends: the two halves are given up, not the part."""
    if len(octets) >= 2 and octets[0] & 0xFC == 0xDC:
        octets = b"\xff\xfd" + octets[2:]
    if len(octets) >= 2 and len(octets) % 2 == 0 and octets[-2] & 0xFC == 0xD8:
        octets = octets[:-2] + b"\xff\xfd"
    return octets


def _default_alphabet(octets: bytes) -> str:
    """A letter of a table we do not know is the one of the default table, as TS 23.038 demands."""
    text, extended = [], False
    for code in octets:
        if code >= len(DEFAULT):
            raise Unreadable("an octet is no septet")
        if code == ESCAPE:
            extended = True
            continue
        text.append(EXTENDED.get(code, DEFAULT[code]) if extended else DEFAULT[code])
        extended = False
    return "".join(text)
