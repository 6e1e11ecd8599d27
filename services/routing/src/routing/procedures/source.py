"""Definition files as data in which every part knows its file and line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from routing.table import BY_ITSELF

Where = tuple[str | int, ...]
LARGEST = 256 * 1024
LISTS_OF_ACTIONS = ("starts", "stops", "pauses", "resumes", "extends", "right")
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where the wheel has it


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that is wrong; line 0 is the file, or the directory, as a whole."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class BadDefinition(ValueError):
    """Definitions that cannot be used: every mistake that was found, a line each, as `file:line: reason`."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(str(each) for each in self.mistakes))


@dataclass
class Source:
    """A file, read. places: (file, line) of every part, by the way to it; a key of a mapping stands for its value."""

    file: Path
    data: Any = None
    places: dict[Where, tuple[str, int]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def refuse(self, where: Where, reason: str) -> None:
        """Note a mistake at a part, or at what the part belongs to when it is not there."""
        while where and where not in self.places:
            where = where[:-1]
        file, line = self.places.get(where, (str(self.file), 0))
        self.mistakes.append(Mistake(file, line, reason))

    def section(self, name: str) -> Mapping[str, Any]:
        """A mapping of the file; empty when the file has something else there."""
        found = self.data.get(name) if isinstance(self.data, dict) else None
        return found if isinstance(found, dict) else {}

    def named(self, name: str) -> Any:
        return self.data.get(name) if isinstance(self.data, dict) else None


def read(file: Path) -> Source:
    """Raises nothing: what is wrong stands in `mistakes`."""
    source = Source(file)
    try:
        if file.stat().st_size > LARGEST:
            source.refuse((), f"the file has more than {LARGEST} bytes")
            return source
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        source.mistakes.append(Mistake(str(file), mark.line + 1 if mark else 0, f"not YAML: {error.problem}"))
        return source
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        source.refuse((), f"cannot be read: {type(error).__name__}")
        return source
    if root is None:
        source.refuse((), "the file is empty")
        return source
    source.data = _Reader(source).read(root, ())
    return source


class _Reader:
    """Turns nodes into data. An alias would be one part in two places, so there are none."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.seen: set[int] = set()
        self.scalars = yaml.constructor.SafeConstructor()

    def read(self, node: yaml.Node, where: Where) -> Any:
        self.source.places.setdefault(where, (str(self.source.file), node.start_mark.line + 1))
        if id(node) in self.seen:
            self.source.refuse(where, "aliases (*name) are not used in definitions")
            return None
        self.seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, where)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(each, (*where, index)) for index, each in enumerate(node.value)]
        return self._scalar(node, where)

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = str(key.value)
            line = (str(self.source.file), key.start_mark.line + 1)
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                self.source.mistakes.append(Mistake(*line, f"{name[:60]!r} is not a name; put it in quotes"))
            elif name in found:
                self.source.mistakes.append(Mistake(*line, f"{name!r} stands here twice"))
            else:
                self.source.places[(*where, name)] = line
                found[name] = self.read(value, (*where, name))
        return found

    def _scalar(self, node: yaml.Node, where: Where) -> Any:
        try:
            return self.scalars.construct_object(node, deep=True)
        except (yaml.constructor.ConstructorError, ValueError):
            self.source.refuse(where, f"{str(node.value)[:60]!r} is no value")
            return None


def based_on(child: Source, base: Source, always: frozenset[str]) -> Source:
    """The child with what it leaves out filled in from its base.

    The child's lists of actions and clocks stand (and the actions in `always`, which nothing can forbid); for each of
    them, what the child does not say is as in the base. Of a clock's actions in the base, those of the child are taken.
    """
    if not isinstance(child.data, dict):
        return child
    merged = Source(child.file, dict(child.data), dict(child.places), list(child.mistakes))
    for section in ("actions", "clocks"):
        if not isinstance(child.data.get(section), dict):
            continue
        given = dict(child.section(section))
        if section == "actions":
            given |= {name: None for name in base.section(section) if name in always and name not in given}
        merged.data[section] = {
            name: _filled(merged, base, (section, name), said, frozenset(child.section("actions")) | always)
            for name, said in given.items()
        }
    return merged


def _filled(merged: Source, base: Source, where: Where, said: Any, actions: frozenset[str]) -> Any:
    inherited = base.section(str(where[0])).get(str(where[1]))
    if said is None:
        said = {}
    if not isinstance(said, dict) or not isinstance(inherited, dict):
        return said
    taken = {key: value for key, value in inherited.items() if key not in said}
    for way, place in base.places.items():
        if way[:2] == where and (len(way) == 2 or way[2] in taken):
            merged.places.setdefault(way, place)
    if where[0] == "clocks":
        taken = {key: _known(value, actions) if key in LISTS_OF_ACTIONS else value for key, value in taken.items()}
    return {**taken, **said}


def _known(names: Any, actions: frozenset[str]) -> Any:
    if not isinstance(names, Sequence) or isinstance(names, str):
        return names
    return [name for name in names if str(name) in actions or name in BY_ITSELF]
