"""The words of answers: read from templates.toml, checked when they are read."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from string import Formatter
from typing import Any

from notify.inbound.deciding import Answer, Known

FILE = Path(__file__).with_name("templates.toml")
LANGUAGES = ("zh", "en")
WORDS = ("states", "stages")
CHINA = timezone(timedelta(hours=8))
# domain rule: number, stage, link or query code and dates, signed by the office; never what was said, nor names
MAY_GO_OUT = frozenset({"office", "number", "numbers", "query_code", "stage", "statuses", "date", "link"})


@dataclass(frozen=True, slots=True)
class Words:
    """One answer in one language. Raises ValueError for what may not go out."""

    name: str
    language: str
    version: int
    text: str

    def __post_init__(self) -> None:
        fields = {field for _, field, _, _ in Formatter().parse(self.text) if field is not None}
        if not fields <= MAY_GO_OUT or len(self.text.splitlines()) != 1:
            raise ValueError(f"{self.name}.{self.language}: {sorted(fields - MAY_GO_OUT)} may not go out")


@dataclass(frozen=True, slots=True)
class Book:
    """All answers of a language, and the words for states and stages."""

    language: str
    answers: Mapping[str, Words]
    states: Mapping[str, str]
    stages: Mapping[str, str]

    def render(self, answer: Answer, office: str, **more: str) -> str:
        """more: what only this answer says, of MAY_GO_OUT."""
        values = {
            "office": office,
            "number": answer.known[0].number if answer.known else "",
            "numbers": self._joined([each.number for each in answer.known]),
            "stage": self.stage_of(answer.known[0]) if answer.known else "",
            "statuses": self._joined([f"{each.number} {self.stage_of(each)}" for each in answer.known]),
            "date": self._date(answer),
            **more,
        }
        return self.answers[answer.template].text.format_map(values)

    def stage_of(self, known: Known) -> str:
        """In words; a state that a newer node knows is "being handled"."""
        state = self.states.get(known.state or "registered", self.states["other"])
        return self.stages.get(known.stage or "handling", "") + state

    def _joined(self, parts: Sequence[str]) -> str:
        return (";" if self.language == "zh" else "; ").join(parts)

    def _date(self, answer: Answer) -> str:
        moment = answer.date or (answer.known[0].since if answer.known else None)
        return "" if moment is None else self.day(moment)

    def day(self, moment: datetime) -> str:
        """As the day is in China."""
        day = moment.astimezone(CHINA)
        return f"{day.month}月{day.day}日" if self.language == "zh" else f"{day:%Y-%m-%d}"


def read(file: Path = FILE) -> Mapping[str, Book]:
    """By language. Raises ValueError for an answer that lacks a language, or says what may not go out."""
    raw: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    return {language: _book(raw, language, file.name) for language in LANGUAGES}


def _book(raw: Mapping[str, Any], language: str, name: str) -> Book:
    try:
        answers = {
            key: Words(key, language, int(said["version"]), str(said[language]))
            for key, said in raw.items()
            if key not in WORDS
        }
        states, stages = ({key: str(said[language]) for key, said in raw[kind].items()} for kind in WORDS)
    except KeyError as missing:
        raise ValueError(f"{name}: {missing} is missing") from missing
    return Book(language, answers, states, stages)
