"""What a text will be when it goes out: how many short messages, and at what cost by which gateway."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from notify.domain import Template
from notify.gateways.settings import GatewaySettings
from notify.outbound.parts import ALONE, JOINED, Parts, split

# of the length that real ones have
SAMPLES: Mapping[str, str] = {"number": "XF330225202601050000318", "query_code": "7K2M9PQR4T"}
STAGES = {"zh": "正在办理", "en": "being handled"}
DAYS = {"zh": "2026年12月31日", "en": "31 December 2026"}


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


def sample(template: Template, given: Mapping[str, str]) -> str:
    """A message of this template; what is not given is made up. Raises ValueError: something is not of its type."""
    made_up = {
        **SAMPLES,
        "stage": STAGES[template.language],
        **dict.fromkeys(("date", "until"), DAYS[template.language]),
    }
    return template.render({**made_up, **given})
