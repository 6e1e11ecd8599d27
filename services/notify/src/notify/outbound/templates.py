"""The texts of templates.toml, and those that a node has in their place, checked when they are read."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from notify.domain import TEMPLATES, Template

FILE = Path(__file__).with_name("templates.toml")
LANGUAGES = ("zh", "en")
WHOLE_NODE = "all"  # instead of a unit
OWN = 100  # versions of a node's own texts count from here: each message tells by its version whose words it was in
Key = tuple[str, str]  # name, language


@dataclass(frozen=True)
class Templates(Mapping[Key, Template]):
    """By name and language, as the whole node says it; own: by unit as well."""

    shipped: Mapping[Key, Template]
    own: Mapping[tuple[str, str, str], Template]

    def of(self, unit: str, name: str, language: str) -> Template:
        """In the words of this unit. Raises KeyError."""
        return self.own.get((unit, name, language)) or self[name, language]

    def __getitem__(self, key: Key) -> Template:
        return self.own.get((WHOLE_NODE, *key)) or self.shipped[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self.shipped)

    def __len__(self) -> int:
        return len(self.shipped)


def read(file: Path = FILE, own: Path | None = None) -> Templates:
    """Raises ValueError for a missing or an unlawful one."""
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    try:
        shipped = {
            (name, language): Template(name, language, int(raw[name]["version"]), str(raw[name][language]))
            for name in TEMPLATES
            for language in LANGUAGES
        }
    except KeyError as missing:
        raise ValueError(f"{file.name}: {missing} is missing") from missing
    return Templates(shipped, _own(own, shipped) if own else {})


def _own(file: Path, shipped: Mapping[Key, Template]) -> dict[tuple[str, str, str], Template]:
    """[unit.name] with version and the languages it has; nothing says more than the text in whose place it stands."""
    raw: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(file.read_text(encoding="utf-8"))
    found = {}
    for unit, texts in raw.items():
        for name, told in texts.items():
            for language in told.keys() - {"version"}:
                if (name, language) not in shipped:
                    raise ValueError(f"{file.name}: nothing is called {name} in {language}")
                template = Template(name, language, int(told["version"]), str(told[language]))
                _check(file, unit, template, shipped[name, language])
                found[unit, name, language] = template
    return found


def _check(file: Path, unit: str, template: Template, instead_of: Template) -> None:
    where = f"{file.name}: {unit}.{template.name}.{template.language}"
    more = template.fields - instead_of.fields - {"office", "link"}
    if more:
        raise ValueError(f"{where} says more than the shipped text: {sorted(more)}")
    if "office" not in template.fields:
        raise ValueError(f"{where} is not signed by the office")
    if template.version < OWN:
        raise ValueError(f"{where}: versions of own texts count from {OWN}")
