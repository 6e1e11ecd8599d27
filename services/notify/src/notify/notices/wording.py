"""What a mass notice says: texts of words.toml, whose variables have types; made for each recipient."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Formatter

from notify.inbound import answers
from notify.inbound.answers import Book

FILE = Path(__file__).with_name("words.toml")
LANGUAGES = ("zh", "en")
OF_NODE, OF_RECIPIENT, DATES = (
    frozenset({"office", "link"}),
    frozenset({"number", "stage"}),
    frozenset({"date", "until"}),
)
# domain rule: number, stage, link and days are all that ever goes out
MAY_GO_OUT = OF_NODE | OF_RECIPIENT | DATES
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """One text in one language. Raises ValueError for what may not go out, and for a text nobody has signed."""

    name: str
    language: str
    version: int
    text: str

    def __post_init__(self) -> None:
        if not self.fields <= MAY_GO_OUT or "office" not in self.fields:
            raise ValueError(f"{self.name}.{self.language}: signed by the office, with {sorted(MAY_GO_OUT)} alone")
        if len(self.text.splitlines()) != 1:
            raise ValueError(f"{self.name}.{self.language}: a message is one line")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(field for _, field, _, _ in Formatter().parse(self.text) if field is not None)

    @property
    def dates(self) -> list[str]:
        """What its author has to give."""
        return sorted(self.fields & DATES)


@dataclass(frozen=True)
class Wordings:
    """texts: by name and language; books: how answers to texts say where a case stands, by language."""

    texts: Mapping[tuple[str, str], Words]
    books: Mapping[str, Book]

    @classmethod
    def read(cls, file: Path = FILE) -> "Wordings":
        """Raises ValueError for a missing or an unlawful text."""
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        try:
            texts = {
                (name, language): Words(name, language, int(told["version"]), str(told[language]))
                for name, told in raw.items()
                for language in LANGUAGES
            }
        except KeyError as missing:
            raise ValueError(f"{file.name}: {missing} is missing") from missing
        return cls(texts, answers.read())

    def render(self, words: Words, values: Mapping[str, str], *, number: str, state: str) -> str:
        """values: of the node, and the days as ISO dates."""
        language = words.language
        days = {name: day_in(language, values[name]) for name in words.dates}
        states = self.books[language].states
        stage = states.get(state, states["other"])
        return words.text.format_map({**values, **days, "number": number, "stage": stage})


def day_in(language: str, iso: str) -> str:
    """A day as people read it, with its year: a message may be read long after. Raises ValueError."""
    day = date.fromisoformat(iso)
    if language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
