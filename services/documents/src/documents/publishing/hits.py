"""What may not stand in a public text: numbers of people, where they live, who raised a case, who is accused in it.

Rules only; a person removes or explains each. Standard library only.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from documents.pages.domain import HAN, excerpt, letters
from documents.publishing.domain import Topic

AROUND = 12  # letters shown on each side
GAPS = re.compile(r"(?<=\d)[\s\-‐-―.·_]{1,3}(?=\d)")
RULES: tuple[tuple[str, "re.Pattern[str]"], ...] = (
    ("id_number", re.compile(r"(?<!\d)(?:[1-9]\d{16}[\dX]|[1-9]\d{14})(?![\dX])", re.IGNORECASE)),
    ("phone", re.compile(r"(?<!\d)(?:(?:\+?86)?1[3-9]\d{9}|0\d{9,11}|400\d{7})(?!\d)")),
    ("petition_number", re.compile(r"XF\d{20}[0-9A-Z]", re.IGNORECASE)),
    ("mail", re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+", re.ASCII)),
    # a door, not a street: a number of a house, a building, a flat or a group of a village
    ("address", re.compile(rf"[{HAN}]{{1,20}}(?:路|街|巷|弄|里|村|社区|小区|花园|公寓|大厦|组|队)[{HAN}]{{0,6}}"
                           r"[\d一二三四五六七八九十百]{1,6}(?:号|弄|栋|幢|室|单元|组|队|户)")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What documents knows of a case: who raised it or takes part, where they live, the units it accuses."""

    names: frozenset[str] = field(default=frozenset(), repr=False)
    addresses: frozenset[str] = field(default=frozenset(), repr=False)
    accused: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """rule: which one; value: what was found, in one form however it was written; excerpt: with what is around it."""

    rule: str
    value: str = field(repr=False)
    excerpt: str = field(repr=False)


def find(text: str, known: Known) -> list[Hit]:
    """Everything found, each value once, as it comes in the rules and in the text."""
    found: dict[tuple[str, str], Hit] = {}
    for hit in (*_by_rules(text), *_by_case(text, known)):
        found.setdefault((hit.rule, hit.value), hit)
    return list(found.values())


def topics_in(text: str, topics: Sequence[Topic]) -> list[str]:
    """The names of the sensitive topics a text is about."""
    kept = letters(text)
    return [topic.name for topic in topics if any(letters(word) in kept for word in topic.words)]


def _by_rules(text: str) -> Iterator[Hit]:
    """Wide letters count as narrow ones, what nobody sees does not count, nor what parts the digits of a number."""
    plain = "".join(each for each in unicodedata.normalize("NFKC", text) if unicodedata.category(each) != "Cf")
    for form in (plain, GAPS.sub("", plain)):
        for rule, pattern in RULES:
            for hit in pattern.finditer(form):
                around = form[max(0, hit.start() - AROUND) : hit.end() + AROUND]
                yield Hit(rule, letters(hit[0]), " ".join(around.split()))


def _by_case(text: str, known: Known) -> Iterator[Hit]:
    for rule, values in (("name", known.names), ("address", known.addresses), ("accused", known.accused)):
        for value in sorted(values):
            around = excerpt(text, value) if len(letters(value)) > 1 else None
            if around is not None:
                yield Hit(rule, letters(value), around)


# forms in which papers name people, and what is no part of a name
PARTS = re.compile(r"[、,，;；/\n\s（）()]+")
TITLES = re.compile(r"(?:等(?:\d+|[一二三四五六七八九十百]+)?[名位]?(?:人|群众)?|先生|女士|同志|本人|[:：])$")


def names_in(values: Iterable[str]) -> set[str]:
    """People's names out of the sections of papers that name people."""
    parts = (part for value in values for part in PARTS.split(value))
    names = (TITLES.sub("", part.rpartition("：")[2].rpartition(":")[2].strip()) for part in parts)
    return {name for name in names if 2 <= len(name) <= 20}
