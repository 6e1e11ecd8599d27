"""The files of words: those that are shipped, and a node's own in their place; checked when they are read."""

import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from kit.lined import Mistake
from notify.words.domain import LANGUAGES, OF_NODE, OWN, SHIPPED, STAGES, STATES, USES, WHOLE_NODE, WORD, Text, Words

FOLDER = Path(__file__).parent  # <use>.toml of each use, and stages.toml
VOCABULARIES = (STATES, STAGES)
Where = tuple[str, ...]


def read(own: Path | None = None, folder: Path = FOLDER) -> Words:
    """Raises ValueError, which tells everything that is wrong as file:line: reason."""
    words, mistakes = _shipped(folder)
    if not mistakes and own is not None:
        words, mistakes = _with_own(words, own, ())
    if mistakes:
        raise ValueError("\n".join(map(str, mistakes)))
    return words


def check(own: Path, units: Collection[str]) -> list[Mistake]:
    """What is wrong with a node's own file. units: of the node, where it is known: a text of another one is never
    said.
    """
    return _with_own(_shipped(FOLDER)[0], own, units)[1]


def _shipped(folder: Path) -> tuple[Words, list[Mistake]]:
    """Each text in each language, each name once."""
    texts: dict[tuple[str, str, str], Text] = {}
    files = [_File(folder / f"{use}.toml") for use in USES]
    for use, file in zip(USES, files, strict=True):
        for name, told in file.tables(()):
            if (SHIPPED, name, LANGUAGES[0]) in texts:
                file.refuse((name,), f"{name} stands in another file")
            for language in LANGUAGES:
                text = file.text((name,), use, language, told)
                if text is not None:
                    texts[SHIPPED, name, language] = text
    stages = _File(folder / "stages.toml")
    said = {(SHIPPED, *key): word for kind, table in stages.tables(()) for key, word in stages.words((kind,), table)}
    return Words(texts, said), [mistake for file in (*files, stages) for mistake in file.mistakes]


def _with_own(words: Words, path: Path, units: Collection[str]) -> tuple[Words, list[Mistake]]:
    """[unit.name] with version and the languages it has; [unit.states] and [unit.stages] as in stages.toml."""
    file = _File(path)
    texts, said = dict(words.texts), dict(words.stages)
    for unit, tables in file.tables(()):
        if units and unit not in {*units, WHOLE_NODE}:
            file.refuse((unit,), f"this node has no unit {unit}")
        for name, told in file.tables((unit,), tables):
            if name in VOCABULARIES:
                said |= {(unit, *key): word for key, word in file.words((unit, name), told, words.stages)}
                continue
            for language in (key for key in told if key != "version"):
                text = _own_text(file, (unit, name), language, told, words)
                if text is not None:
                    texts[unit, name, language] = text
    return Words(texts, said), file.mistakes


def _own_text(file: "_File", where: Where, language: str, told: Mapping[str, Any], words: Words) -> Text | None:
    """Nothing says more than the text in whose place it stands."""
    unit, name = where
    instead_of = words.texts.get((SHIPPED, name, language))
    if instead_of is None:
        file.refuse((*where, language), f"{unit}.{name}.{language}: there is no such text")
        return None
    text = file.text(where, instead_of.use, language, told)
    if text is None:
        return None
    more = text.fields - instead_of.fields - OF_NODE
    if more:
        file.refuse((*where, language), f"{unit}.{name}.{language}: says more than the shipped text: {sorted(more)}")
    if text.version < OWN:
        file.refuse((*where, "version"), f"{unit}.{name}: versions of own texts count from {OWN}")
    return text


class _File:
    """One file, and what is wrong with it."""

    def __init__(self, file: Path) -> None:
        self.file, self.mistakes = file, list[Mistake]()
        self.data: dict[str, Any] = {}
        self.lines: list[str] = []
        try:
            text = file.read_text(encoding="utf-8")
            self.data, self.lines = tomllib.loads(text), text.splitlines(keepends=True)
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"at line (\d+)", str(error))
            self.mistakes.append(Mistake(str(file), int(line[1]) if line else 0, f"not TOML: {error}"))
        except UnicodeDecodeError:
            self.mistakes.append(Mistake(str(file), 0, "not UTF-8"))

    def refuse(self, where: Where, reason: str) -> None:
        """Note a mistake at a part, or at what the part belongs to when it is not there."""
        while where and not _holds(self.data, where):
            where = where[:-1]
        self.mistakes.append(Mistake(str(self.file), self._line_of(where) if where else 0, reason))

    def _line_of(self, where: Where) -> int:
        """The line with which a part is there. tomllib tells no lines, so it is asked about beginnings of the file."""
        low, high = 1, len(self.lines)
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if _holds(_beginning(self.lines[:middle]), where) else (middle + 1, high)
        return low

    def tables(self, where: Where, data: Mapping[str, Any] | None = None) -> list[tuple[str, dict[str, Any]]]:
        """By name; what is none is a mistake."""
        found = []
        for name, value in (self.data if data is None else data).items():
            if isinstance(value, dict):
                found.append((name, value))
            else:
                self.refuse((*where, name), f"{'.'.join((*where, name))} is no table")
        return found

    def text(self, where: Where, use: str, language: str, told: Mapping[str, Any]) -> Text | None:
        """None: it is not there, or may not go out, and a mistake says so."""
        name, version, said = where[-1], told.get("version"), told.get(language)
        if type(version) is not int or not isinstance(said, str):
            missing = language if type(version) is int else "version"
            self.refuse((*where, missing), f"{'.'.join(where)}: '{missing}' is missing")
            return None
        try:
            return Text(use, name, language, version, said)
        except ValueError as error:
            self.refuse((*where, language), ".".join((*where[:-1], str(error))))
            return None

    def words(
        self, where: Where, table: Mapping[str, Any], known: Mapping[tuple[str, str, str, str], str] | None = None
    ) -> list[tuple[tuple[str, str, str], str]]:
        """By kind, code and language: all languages; of a node's own file those it has, of codes that are known."""
        kind, found = where[-1], list[tuple[tuple[str, str, str], str]]()
        for code, told in self.tables(where, table):
            for language in LANGUAGES if known is None else told:
                word = told.get(language)
                named = ".".join((*where, code, language))
                if known is not None and (SHIPPED, kind, code, language) not in known:
                    self.refuse((*where, code, language), f"{named}: there is no such word")
                elif not isinstance(word, str) or not (WORD.fullmatch(word) or (kind == STAGES and not word)):
                    self.refuse((*where, code, language), f"{named}: a word has up to 60 letters and no digits")
                else:
                    found.append(((kind, code, language), word))
        return found


def _beginning(lines: list[str]) -> dict[str, Any]:
    """What the longest beginning of these lines says that is TOML: a text of several lines is cut off whole."""
    while lines:
        try:
            return tomllib.loads("".join(lines))
        except tomllib.TOMLDecodeError:
            lines = lines[:-1]
    return {}


def _holds(data: Any, where: Where) -> bool:
    for name in where:
        if not isinstance(data, dict) or name not in data:
            return False
        data = data[name]
    return True
