"""How a text goes out as short messages: its alphabet, its parts, and the header that joins them again.

Sources: 3GPP TS 23.038 section 6.2.1 (default alphabet, extension table, UCS-2), TS 23.040 section 9.2.3.24.1 (header).
Standard library only.
"""

from dataclasses import dataclass
from enum import IntEnum

DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
ESCAPE = 0x1B
SEPTETS = {letter: code for code, letter in enumerate(DEFAULT) if code != ESCAPE}
GSM_LETTERS = frozenset(SEPTETS) | frozenset(EXTENSION)
MOST_PARTS = 255


class Alphabet(IntEnum):
    """Data coding schemes. GSM: 7 bits a letter, of which some take two; UCS2: UTF-16, the high octet first."""

    GSM = 0
    UCS2 = 8


# units of a message that stands alone, and of a part: septets, or UTF-16 units; the header takes 6 of 140 octets
ALONE = {Alphabet.GSM: 160, Alphabet.UCS2: 70}
JOINED = {Alphabet.GSM: 153, Alphabet.UCS2: 67}


class TooLong(ValueError):
    """More than 255 parts."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A text as it goes out: `texts` of the parts in order, their joined text is the whole."""

    alphabet: Alphabet
    texts: tuple[str, ...]
    units: int

    def __len__(self) -> int:
        return len(self.texts)


def alphabet_of(text: str) -> Alphabet:
    return Alphabet.GSM if GSM_LETTERS.issuperset(text) else Alphabet.UCS2


def units_of(letter: str, alphabet: Alphabet) -> int:
    """Septets, or UTF-16 units: letters beyond the basic plane take two, and are never divided."""
    if alphabet is Alphabet.GSM:
        return 2 if letter in EXTENSION else 1
    return 2 if ord(letter) > 0xFFFF else 1


def units_in(text: str, alphabet: Alphabet) -> int:
    """The sum of `units_of` its letters, without looking at each."""
    if alphabet is Alphabet.GSM:
        return len(text) + sum(map(text.count, EXTENSION))
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def split(text: str) -> Parts:
    """Raises TooLong."""
    alphabet = alphabet_of(text)
    units = units_in(text, alphabet)
    if units <= ALONE[alphabet]:
        return Parts(alphabet, (text,), units)
    widths = [units_of(letter, alphabet) for letter in text]
    texts, start, filled = [], 0, 0
    for at, width in enumerate(widths):
        if filled + width > JOINED[alphabet]:
            texts.append(text[start:at])
            start, filled = at, 0
        filled += width
    texts.append(text[start:])
    if len(texts) > MOST_PARTS:
        raise TooLong(f"{len(texts)} parts")
    return Parts(alphabet, tuple(texts), units)


def encoded(text: str, alphabet: Alphabet) -> bytes:
    """As gateways take it: an octet for each septet (they pack them), or UTF-16 without a mark. Raises ValueError."""
    if alphabet is Alphabet.UCS2:
        return text.encode("utf-16-be", errors="replace")
    try:
        return b"".join(
            bytes([SEPTETS[letter]]) if letter in SEPTETS else bytes([ESCAPE, EXTENSION[letter]]) for letter in text
        )
    except KeyError:
        raise ValueError("a letter that the default alphabet has not") from None


def header(reference: int, total: int, number: int) -> bytes:
    """What a part begins with (UDH, information element 0): 05 00 03 reference total number."""
    return bytes([5, 0, 3, reference & 0xFF, total, number])


def payloads(parts: Parts, reference: int) -> tuple[bytes, ...]:
    """The content of each message, with its header where there are several."""
    contents = [encoded(text, parts.alphabet) for text in parts.texts]
    if len(contents) == 1:
        return (contents[0],)
    return tuple(header(reference, len(contents), number) + each for number, each in enumerate(contents, 1))
