"""What a text message can say: texts, the variables each may have, and how days and stages are written.

Standard library only.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from string import Formatter

LANGUAGES = ("zh", "en")
SHIPPED, WHOLE_NODE = "", "all"  # instead of a unit: whose words these are
OWN = 100  # versions of a node's own texts count from here: each message tells by its version whose words it was in
CHINA = timezone(timedelta(hours=8))
STATES, STAGES = "states", "stages"  # how far a case is; what stands before it in a review
OTHER = "other"  # the word for a state that a newer node knows
LONGEST = 1000
_DAY = r"\d{4}年\d{1,2}月\d{1,2}日|\d{1,2} [A-Z][a-z]+ \d{4}"
_NUMBER = r"[0-9A-Za-z-]{4,64}"
_LISTED = rf"(?:[A-E] )?{_NUMBER}"  # with the letter by which it may be named
_STAGE = r"[^\W\d_][^\d;\x00-\x1f]{0,119}"
WORD = re.compile(r"[^\W\d_][^\d;\x00-\x1f]{0,59}")
# domain rule: only numbers, stages, links, query codes and days ever go out, signed by the office; each has its type
TYPES: Mapping[str, str] = {
    "office": r"[^\x00-\x1f【】\[\]]{1,80}",
    "number": _NUMBER,
    "numbers": rf"{_LISTED}(?:; ?{_LISTED})*",
    "query_code": r"[0-9A-Z]{6,32}",
    "link": r"https?://[!-~]{1,200}",
    "stage": _STAGE,
    "statuses": rf"{_NUMBER} {_STAGE}(?:; ?{_NUMBER} {_STAGE})*",
    "date": _DAY,
    "until": _DAY,
}
DAYS = frozenset({"date", "until"})
OF_NODE = frozenset({"office", "link"})
# what texts are for, and what each may say: told of a case, answering a text, told to many. Only the first two go to
# the one telephone that a query code is for
USES: Mapping[str, frozenset[str]] = {
    "notice": OF_NODE | {"number", "query_code", "stage"} | DAYS,
    "answer": OF_NODE | {"number", "numbers", "query_code", "stage", "statuses", "date"},
    "mass": OF_NODE | {"number", "stage"} | DAYS,
}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """One text in one language. use: one of USES. Raises ValueError for what may not go out."""

    use: str
    name: str
    language: str
    version: int
    text: str

    def __post_init__(self) -> None:
        wrong = self._wrong()
        if wrong:
            raise ValueError(f"{self.name}.{self.language}: {wrong}")

    def _wrong(self) -> str | None:
        try:
            parts = list(Formatter().parse(self.text))
        except ValueError as error:
            return str(error)
        if any(kind or conversion for _, _, kind, conversion in parts):
            return "a variable stands in its braces alone"
        if not self.fields <= USES[self.use]:
            return f"{sorted(self.fields - USES[self.use])} may not go out"
        if "office" not in self.fields:
            return "it is not signed by the office"
        if len(self.text.splitlines()) != 1 or len(self.text) > LONGEST:
            return f"a message is one line of up to {LONGEST} letters"
        return None

    @property
    def fields(self) -> frozenset[str]:
        return _fields(self.text)

    def render(self, values: Mapping[str, str]) -> str:
        """Raises ValueError, which tells the variable and never the value: something is not what it should be."""
        wrong = [field for field in sorted(self.fields) if not re.fullmatch(TYPES[field], values.get(field, ""))]
        if wrong or not _shape(self.text).fullmatch(text := self.text.format_map(values)):
            raise ValueError(f"{self.name}.{self.language}: {wrong} is not of its type")
        return text


@lru_cache(maxsize=1024)
def _fields(text: str) -> frozenset[str]:
    return frozenset(field for _, field, _, _ in Formatter().parse(text) if field is not None)


@lru_cache(maxsize=1024)
def _shape(text: str) -> re.Pattern[str]:
    """What every message of a text looks like: its own words, and typed values."""
    parts = Formatter().parse(text)
    return re.compile(
        "".join(re.escape(said) + (f"(?:{TYPES[field]})" if field else "") for said, field, _, _ in parts)
    )


@dataclass(frozen=True)
class Words:
    """texts: by whose they are, name and language; stages: by whose, kind (STATES, STAGES), code and language."""

    texts: Mapping[tuple[str, str, str], Text]
    stages: Mapping[tuple[str, str, str, str], str]

    def of(self, unit: str, name: str, language: str) -> Text:
        """In the words of this unit; else of the whole node; else as shipped. Raises KeyError."""
        for whose in (unit, WHOLE_NODE, SHIPPED):
            if text := self.texts.get((whose, name, language)):
                return text
        raise KeyError(name)

    def listed(self) -> Iterator[tuple[str | None, Text]]:
        """Every text as the whole node says it (None), then those that units say in words of their own."""
        for whose, name, language in self.texts:
            if whose == SHIPPED:
                yield None, self.of(WHOLE_NODE, name, language)
        for (whose, _, _), text in self.texts.items():
            if whose not in {SHIPPED, WHOLE_NODE}:
                yield whose, text

    def stage_of(self, unit: str, language: str, state: str | None, stage: str | None = None) -> str:
        """How far a case is, in words; a state that a newer node knows is "being handled"."""
        said = self._word(unit, STATES, state or "registered", language) or self._word(unit, STATES, OTHER, language)
        return self._word(unit, STAGES, stage or "handling", language) + said

    def _word(self, unit: str, kind: str, code: str, language: str) -> str:
        found = (self.stages.get((whose, kind, code, language)) for whose in (unit, WHOLE_NODE, SHIPPED))
        return next((word for word in found if word is not None), "")


def day_in(language: str, day: date | datetime) -> str:
    """A day as people read it, with its year: a message may be read long after. Of a moment: the day in China."""
    if isinstance(day, datetime):
        day = day.astimezone(CHINA).date()
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
