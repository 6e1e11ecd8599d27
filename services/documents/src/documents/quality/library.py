"""Checklists as data: reads `<name>.v<version>.yaml`, refuses what is wrong with file, line and reason."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from jsonschema import Draft202012Validator

from contracts.case_events import CASE_HAPPENINGS
from documents.papers.library import Library as Papers
from documents.quality.domain import Checklist, Item
from documents.quality.facts import ARRIVED, actions_in, papers_in
from kit.errors import Refused
from kit.lined import Mistake, Source, read

SHIPPED = Path(__file__).parent / "checklists"
LONGEST = 300  # letters of a reason
# release -> "name/version" -> SHA-256, for ever; `python -m documents.quality release` adds to it
RELEASED: Mapping[str, Mapping[str, str]] = json.loads((SHIPPED / "released.json").read_text(encoding="utf-8"))
SCHEMA: Mapping[str, Any] = json.loads((SHIPPED / "checklist.schema.json").read_text(encoding="utf-8"))


class BadChecklist(ValueError):
    """Checklists that cannot be used: every mistake that was found, a line each, as `file:line: reason`."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(str(each) for each in self.mistakes))


@dataclass(frozen=True)
class Checklists:
    """The checklists of a node by key: all versions, for the rounds that were opened with them."""

    checklists: Mapping[str, Checklist]

    @classmethod
    def read(cls, *directories: Path, papers: Collection[str]) -> Self:
        """papers: the kinds that are filed here. Raises BadChecklist with all that is wrong."""
        sources = [_read(file) for directory in directories for file in sorted(directory.glob("*.yaml"))]
        taken: dict[str, Source] = {}
        for source in sources:
            if not source.mistakes:
                _check(source, frozenset(papers))
            if not source.mistakes:
                _take(source, taken)
        mistakes = [mistake for source in sources for mistake in source.mistakes]
        if mistakes:
            raise BadChecklist(mistakes)
        return cls({key: _checklist(source) for key, source in taken.items()})

    @classmethod
    def of_node(cls, own: Path | None, papers: Papers) -> "Checklists":
        """The shipped ones and those of the office's directory. Raises BadChecklist."""
        if own is None:
            return cls.shipped()
        if not own.is_dir():
            raise BadChecklist([Mistake(str(own), 0, "there is no such directory")])
        return cls.read(SHIPPED, own, papers=_kinds(papers))

    @classmethod
    def shipped(cls) -> "Checklists":
        """The checklists that come with the suite."""
        return _shipped()

    def get(self, key: str) -> Checklist:
        """Raises Refused("checklist-unknown-here")."""
        if key not in self.checklists:
            raise Refused("checklist-unknown-here", checklist=key[:100])
        return self.checklists[key]

    def newest(self) -> tuple[Checklist, ...]:
        """The newest version of each: what new rounds are opened with."""
        by_name: dict[str, Checklist] = {}
        for each in sorted(self.checklists.values(), key=lambda each: each.version):
            by_name[each.name] = each
        return tuple(by_name[name] for name in sorted(by_name))


@cache
def _shipped() -> Checklists:
    return Checklists.read(SHIPPED, papers=_kinds(Papers.shipped()))


def _kinds(papers: Papers) -> frozenset[str]:
    return frozenset(each.files_as for each in papers.templates.values())


def _read(file: Path) -> Source:
    source = read(file, "checklists")
    if not isinstance(source.data, dict) and not source.mistakes:
        source.refuse((), "a checklist is a mapping")
    return source


def _check(source: Source, papers: frozenset[str]) -> None:
    for error in Draft202012Validator(SCHEMA).iter_errors(source.data):
        source.refuse(tuple(error.absolute_path), _said(error.message, error.validator, error.instance)[:LONGEST])
    if source.mistakes:
        return
    for name, item in source.data["items"].items():
        if item["group"] not in source.data["groups"]:
            source.refuse(("items", name, "group"), f"there is no group {item['group']!r}")
        _check_names(source, ("items", name, "only_after"), item.get("only_after", ()), "action", CASE_HAPPENINGS)
        rule = item.get("fact")
        if rule is not None:
            place = ("items", name, "fact")
            _check_names(source, place, actions_in(rule), "action", {*CASE_HAPPENINGS, ARRIVED})
            _check_names(source, place, papers_in(rule), "kind of paper", papers)
            if not {"pass", "fail"} <= set(item["answers"]):
                source.refuse((*place[:2], "answers"), "what the record answers can pass and fail")


def _said(message: str, validator: object, instance: object) -> str:
    """Rules of which only one can hold are told by name: the library would print them all."""
    if validator == "oneOf" and isinstance(instance, dict):
        return f"no such fact, or not with these fields: {', '.join(map(str, instance))}"
    return message


def _check_names(
    source: Source, place: tuple[str, ...], names: Iterable[str], what: str, known: Collection[str]
) -> None:
    for name in names:
        if name not in known:
            source.refuse(place, f"there is no {what} {name!r}")


def _take(source: Source, taken: dict[str, Source]) -> None:
    name, version = source.data["name"], source.data["version"]
    if source.file.name != f"{name}.v{version}.yaml":
        source.refuse(("name",), f"{name}/{version} belongs in a file {name}.v{version}.yaml")
    elif (twin := taken.setdefault(f"{name}/{version}", source)) is not source:
        source.refuse(("name",), f"{name}/{version} is defined in {twin.file} already; write the next version")


def _checklist(source: Source) -> Checklist:
    data = source.data
    return Checklist(
        name=data["name"], version=data["version"], zh=data["zh"], en=data["en"], basis=data["basis"],
        groups={name: (said[0], said[1]) for name, said in data["groups"].items()},
        items={name: _item(name, each) for name, each in data["items"].items()},
        digest=sha256(source.file.read_bytes()).hexdigest(),
    )  # fmt: skip


def _item(name: str, data: Mapping[str, Any]) -> Item:
    answers: Sequence[str] = data["answers"]
    return Item(
        name=name, group=data["group"], zh=data["zh"], en=data["en"], article=data["article"],
        weight=data.get("weight", 0), severity=data.get("severity", "minor"), answers=frozenset(answers),
        only_after=frozenset(data.get("only_after", ())), fact=data.get("fact"),
    )  # fmt: skip
