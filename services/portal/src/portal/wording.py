"""Every label in Chinese and English, from labels/*.toml; and how moments and numbers are written."""

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from functools import cache
from pathlib import Path
from typing import Any

LANGUAGES = ("zh", "en")
DEFAULT = "zh"
CHINA = timezone(timedelta(hours=8))
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*(?:Z|[+-]\d\d:\d\d)")
_FOLDER = Path(__file__).parent / "labels"


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in table.items():
        found |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


@cache
def labels(language: str) -> dict[str, str]:
    """All labels of a language by dotted key, from all its files. Raises ValueError for one that stands twice."""
    found: dict[str, str] = {}
    for file in sorted(_FOLDER.glob(f"{language}*.toml")):
        more = _flat(tomllib.loads(file.read_text(encoding="utf-8")))
        if twice := found.keys() & more.keys():
            raise ValueError(f"{file.name}: {min(twice)} stands in another file")
        found |= more
    return found


class Wording:
    """How one page speaks."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._labels = labels(language)

    def __call__(self, key: str, **facts: object) -> str:
        """A label; raises KeyError for one that the catalogue lacks."""
        text = self._labels[key]
        return text.format(**facts) if facts else text

    def word(self, vocabulary: str, value: str | None) -> str:
        """A value of an open vocabulary; one that is not known yet is shown as it is."""
        return self._labels.get(f"{vocabulary}.{value}", value or "")

    def knows(self, vocabulary: str, value: str | None) -> bool:
        return f"{vocabulary}.{value}" in self._labels

    def choices(self, vocabulary: str) -> list[tuple[str, str]]:
        """The known values of a vocabulary with their words, in the order of the catalogue."""
        prefix = vocabulary + "."
        return [(key.removeprefix(prefix), text) for key, text in self._labels.items() if key.startswith(prefix)]

    def told(self, problem: Mapping[str, Any], part: str) -> str:
        """`title` or `next` of a problem in this language: for a person at a page where the catalogue has it so."""
        slug = str(problem.get("type", "")).rpartition(":")[2]
        plain = self._labels.get(f"problem.{slug}.{part}")
        return plain or str(problem.get(part if self.language == "zh" else f"{part}_en") or problem.get(part) or "")

    def reason(self, field: str, said: Mapping[str, Any]) -> str:
        """Why a field was refused: as told in this language, else as the catalogue says of the field."""
        if self.language in said:
            return str(said[self.language])
        return self._labels.get(f"invalid.{field.rsplit('.', 1)[-1]}", str(said.get("reason", "")))

    def article(self, article: str) -> str:
        """A provision as routing names it ("Art 22, 23", or another rule's name) as people cite it."""
        number = article.removeprefix("Art ")
        if number == article:
            return article
        return self("case.article", article=number if self.language == "en" else number.replace(", ", "、"))

    def procedure(self, key: str) -> str:
        """A procedure by its key ("ordinary-petition/1"), with its version."""
        name, _, version = key.partition("/")
        return self("case.procedure_version", name=self.word("procedure", name), version=version)

    def filled(self, field: Mapping[str, Any]) -> str:
        """What was filled into a field of a procedure's form; moments as the clock on the wall shows them."""
        value = field["value"]
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            return moment(value)
        return str(field[self.language])


def moment(text: str | None) -> str:
    """An ISO moment as the clock on the wall in China shows it, to the minute."""
    return datetime.fromisoformat(text).astimezone(CHINA).strftime("%Y-%m-%d %H:%M") if text else ""


def deadline(text: str | None) -> str:
    """The end of a time limit: 24:00 of the last day, as the law counts, not 00:00 of the next one."""
    if text is None:
        return ""
    ends = datetime.fromisoformat(text).astimezone(CHINA)
    if (ends.hour, ends.minute, ends.second) == (0, 0, 0):
        return (ends - timedelta(days=1)).strftime("%Y-%m-%d 24:00")
    return ends.strftime("%Y-%m-%d %H:%M")


def at_china_clock(text: str) -> str:
    """What a date or date-and-time field gave, as an ISO moment; a day alone means its end. Raises ValueError."""
    given = datetime.fromisoformat(text)
    if "T" not in text:
        given = given.replace(hour=23, minute=59, second=59)
    return given.replace(tzinfo=CHINA).isoformat()


def size(count: int) -> str:
    """Bytes as people read them."""
    for unit, scale in (("MB", 1_000_000), ("KB", 1_000)):
        if count >= scale:
            return f"{count / scale:.1f} {unit}"
    return f"{count} B"
