"""What a text will be when it goes out: how many short messages, and at what cost by which gateway."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from notify.gateways.settings import GatewaySettings
from notify.outbound.parts import ALONE, JOINED, Parts, split
from notify.words.domain import DAYS, Text, day_in

# of the length that real ones have; where several can be named it is two
NUMBER, OTHER_NUMBER, QUERY_CODE = "XF330225202601050000318", "XF330225202601050000342", "7K2M9PQR4T"
STAGES = {"zh": "正在办理", "en": "being handled"}
DAY = date(2026, 12, 31)


@dataclass(frozen=True, slots=True)
class Preview:
    """units: septets, or UTF-16 units, of all and of one part at most; costs: in yuan by gateway."""

    text: str
    parts: Parts
    room: int
    costs: Mapping[str, Decimal]


def preview(text: str, gateways: Iterable[GatewaySettings]) -> Preview:
    """The signature is part of the text. Raises TooLong."""
    parts = split(text)
    room = (ALONE if len(parts) == 1 else JOINED)[parts.alphabet]
    return Preview(text, parts, room, {each.name: each.cost * len(parts) for each in gateways})


def sample(text: Text, given: Mapping[str, str]) -> str:
    """A message of this text; what is not given is made up. Days are given as ISO dates, and written as days are.

    Raises ValueError: something is not of its type.
    """
    stage, between = STAGES[text.language], ";" if text.language == "zh" else "; "
    made_up = {
        "number": NUMBER,
        "numbers": f"A {NUMBER}{between}B {OTHER_NUMBER}",
        "statuses": f"{NUMBER} {stage}{between}{OTHER_NUMBER} {stage}",
        "query_code": QUERY_CODE,
        "stage": stage,
        **dict.fromkeys(DAYS, DAY.isoformat()),
        **given,
    }
    days = {name: day_in(text.language, date.fromisoformat(made_up[name])) for name in DAYS & text.fields}
    return text.render({**made_up, **days})
