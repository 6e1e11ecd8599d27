"""What the octets say that a message centre sends: texts from telephones, receipts, ids.

Source: SMPP 3.4 issue 1.2, sections 4.4.2, 4.6.1, 4.8.2, 5.2.12, 5.2.19, 5.2.28, 5.3.2 and appendix B. The library's
own reading is not used: unusual octets end its line, or lose a text (ADR 0037).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from struct import Struct
from typing import Literal

from notify.gateways.arriving import Letters, Unreadable, opened, said
from notify.gateways.interface import Fate, Incoming, Joint, Receipt

HEADER = 16  # octets before the body
CHINA = timezone(timedelta(hours=8))
HAS_HEADER = 0x40  # of esm_class: the content begins with a header (UDHI)
KIND, RECEIPT, ON_ITS_WAY = 0x3C, 0x04, 0x20  # of esm_class
RECEIPTED_ID, REFERENCE, TOTAL, NUMBER, ERROR, PAYLOAD, STATE = 0x001E, 0x020C, 0x020E, 0x020F, 0x0423, 0x0424, 0x0427
LONGEST_TEXT_FIELD = 65
PARAMETER = Struct(">HH")  # tag, octets
LETTERS: dict[int, Letters] = {0: "gsm", 1: "ascii", 8: "ucs2", 15: "gbk"}  # 15: as in CMPP, used by carriers in China
LATIN_1, UCS2 = 3, 8
INTERNATIONAL, ALPHANUMERIC = 1, 5  # type of number
CLASSES: dict[int, Letters] = {0: "gsm", 2: "ucs2"}  # TS 23.038: data coding 0x10-0x1f, alphabet in bits 3 and 2
STATES = {2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 8: "REJECTD"}
# all others tell of no end: ENROUTE, ACCEPTD (many centres say so when they take it), UNKNOWN
FATES: dict[str, Fate] = {
    "DELIVRD": "delivered",
    "EXPIRED": "expired",
    "DELETED": "failed",
    "UNDELIV": "failed",
    "REJECTD": "failed",
}
SAID = re.compile(r"\b(id|stat|err|done date):\s*([0-9A-Za-z_.-]{1,64})", re.IGNORECASE | re.ASCII)
Ids = Literal["same", "decimal", "hex"]


class Malformed(ValueError):
    """Octets that are no deliver_sm of anybody. Never quotes them."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A deliver_sm. phone: empty where the sender is no number; parameters: the optional ones by tag, the first of
    each; whole: it did not end too early.
    """

    to: str
    esm_class: int
    coding: int
    phone: str = field(repr=False)
    content: bytes = field(repr=False)
    parameters: Mapping[int, bytes] = field(repr=False)
    whole: bool = True

    @property
    def is_receipt(self) -> bool:
        """By its class; some centres only say so by parameters."""
        return self.esm_class & KIND in {RECEIPT, ON_ITS_WAY} or {RECEIPTED_ID, STATE} <= self.parameters.keys()


class _Fields:
    """Takes fields off a PDU, one after the other. Raises Malformed where it ends too early."""

    __slots__ = ("_at", "_pdu")

    def __init__(self, pdu: bytes) -> None:
        self._pdu, self._at = pdu, HEADER

    def octets(self, count: int) -> bytes:
        start, end = self._at, self._at + count
        if end > len(self._pdu):
            raise Malformed("it ends within a field")
        self._at = end
        return self._pdu[start:end]

    def number(self) -> int:
        return self.octets(1)[0]

    def string(self) -> str:
        start = self._at
        end = self._pdu.find(b"\0", start, start + LONGEST_TEXT_FIELD)
        if end < 0:
            raise Malformed("a text field has no end")
        self._at = end + 1
        return self._pdu[start:end].decode("ascii", errors="replace")

    def address(self) -> tuple[int, str]:
        """Type of number, and the number."""
        kind, _plan = self.octets(2)
        return kind, self.string().strip()

    def parameters(self) -> dict[int, bytes]:
        """As far as they can be read. What is unknown is passed over by whoever looks."""
        found: dict[int, bytes] = {}
        end = len(self._pdu)
        while self._at + 4 <= end:
            tag, size = PARAMETER.unpack_from(self._pdu, self._at)
            start = self._at + 4
            self._at = start + size
            if self._at > end:
                break
            found.setdefault(tag, self._pdu[start : self._at])
        return found


def read(pdu: bytes) -> Delivered:
    """One that ends too early is not whole, but says at least whose it is. Raises Malformed: not even that."""
    fields = _Fields(pdu)
    fields.string()
    (kind, sender), (_, to) = fields.address(), fields.address()
    if not sender:
        raise Malformed("it has no sender")
    phone = _phone(kind, sender)
    try:
        esm_class = fields.octets(3)[0]
        fields.string(), fields.string()
        _, _, coding, _, length = fields.octets(5)
        content = fields.octets(length)
    except Malformed:
        return Delivered(to, 0, 0, phone, b"", {}, whole=False)
    parameters = fields.parameters()
    return Delivered(to, esm_class, coding, phone, content or parameters.get(PAYLOAD, b""), parameters)


def _phone(kind: int, sender: str) -> str:
    """With the sign of an international number; empty for a name, also for one of digits."""
    if kind == ALPHANUMERIC:
        return ""
    return "+" + sender.removeprefix("+").removeprefix("00") if kind == INTERNATIONAL else sender


def incoming(told: Delivered, pdu: bytes, at: datetime) -> Incoming:
    """What cannot be read is kept as it came: the content, or all of it where that has no end."""
    joint, raw = _segment(told.parameters), told.content if told.whole else pdu
    text: str | None = None
    try:
        if told.whole and raw and told.esm_class & HAS_HEADER:
            joint, raw = opened(raw)
        if told.whole:
            text = _text(raw, told.coding, joint)
    except Unreadable:
        text = None
    return Incoming(None, told.to, at, told.phone, text, b"" if text is not None else raw, joint)


def _segment(parameters: Mapping[int, bytes]) -> Joint | None:
    """Of a long message that was divided by parameters (SAR)."""
    reference, total, number = (
        int.from_bytes(parameters.get(tag, b"")[:2], "big") for tag in (REFERENCE, TOTAL, NUMBER)
    )
    return Joint(reference, total, number) if REFERENCE in parameters and 1 <= number <= total != 1 else None


def _text(octets: bytes, coding: int, joint: Joint | None) -> str:
    """Raises Unreadable."""
    if not octets:
        return ""  # in whatever alphabet
    if coding == LATIN_1:
        return octets.decode("latin-1").replace("\0", "")
    letters = LETTERS.get(coding)
    if letters is None and coding >> 4 == 1:
        letters = CLASSES.get(coding >> 2 & 3)
    if letters is None and coding >> 4 == 0xF and not coding & 4:
        letters = "gsm"
    if letters is None:
        raise Unreadable("octets of no known alphabet")
    return said(octets, letters, of_several=joint is not None)


def receipt(told: Delivered, ids: Ids, now: datetime) -> Receipt | None:
    """Null: it tells of no end, or of none of which we could know the message. Parameters go before text."""
    letters = "utf-16-be" if told.coding == UCS2 else "latin-1"
    found: dict[str, str] = {}
    for name, value in SAID.findall(told.content.decode(letters, errors="replace")):
        found.setdefault(name.lower(), value)
    gateway_id = written(told.parameters[RECEIPTED_ID], ids) if RECEIPTED_ID in told.parameters else ""
    gateway_id = gateway_id or _same(found.get("id", ""), 10 if ids == "decimal" else 16, ids)
    state = told.parameters.get(STATE, b"")
    stat = STATES.get(state[0], "") if state else found.get("stat", "").upper()
    if not gateway_id or stat not in FATES:
        return None
    error = (
        str(int.from_bytes(told.parameters[ERROR][-2:], "big")) if ERROR in told.parameters else found.get("err", "")
    )
    at = min(_moment(found.get("done date", "")) or now, now)
    return Receipt(gateway_id, FATES[stat], at, f"{stat}:{error[:8]}" if error.strip("0") else stat, told.phone)


@lru_cache(256)
def _moment(done: str) -> datetime | None:
    """YYMMDDhhmm and perhaps seconds, in China; null, where it is no time."""
    if len(done) not in {10, 12} or not (done.isascii() and done.isdigit()):
        return None
    year, month, day, hour, minute, second = (int(done[at : at + 2] or 0) for at in range(0, 12, 2))
    try:
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=CHINA).astimezone(UTC)
    except ValueError:
        return None


def written(field: bytes, ids: Ids) -> str:
    """The id that an answer, or a parameter of a receipt, writes; empty where there is none."""
    text = field.split(b"\0", 1)[0][:LONGEST_TEXT_FIELD].decode("ascii", errors="replace").strip()
    return _same(text, 16 if ids == "decimal" else 10, ids)


def _same(text: str, base: Literal[10, 16], ids: Ids) -> str:
    """However an id is written, one number is one text."""
    if ids == "same" or not re.fullmatch(r"[0-9]+" if base == 10 else r"[0-9A-Fa-f]+", text):
        return text
    return str(int(text, base))


def asked(body: bytes, gateway_id: str, now: datetime) -> Receipt | None:
    """What a query_sm_resp tells; null: no end, or nothing that can be read."""
    fields = _Fields(bytes(HEADER) + body)
    try:
        fields.string()
        fields.string()
        stat, error = STATES.get(fields.number(), ""), fields.number()
    except Malformed:
        return None
    if stat not in FATES:
        return None
    return Receipt(gateway_id, FATES[stat], now, f"{stat}:{error}" if error else stat)
