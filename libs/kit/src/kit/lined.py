"""YAML files as data in which every part knows its file and line, and so does what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Where = tuple[str | int, ...]
LARGEST = 256 * 1024
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where the wheel has it


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that is wrong; line 0 is the file, or the directory, as a whole."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


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


def read(file: Path, things: str) -> Source:
    """things: what such files hold. Raises nothing: what is wrong stands in `mistakes`."""
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
    source.data = _Reader(source, things).read(root, ())
    return source


class _Reader:
    """Turns nodes into data. An alias would be one part in two places, so there are none."""

    def __init__(self, source: Source, things: str) -> None:
        self.source, self.things = source, things
        self.seen: set[int] = set()
        self.scalars = yaml.constructor.SafeConstructor()

    def read(self, node: yaml.Node, where: Where) -> Any:
        self.source.places.setdefault(where, (str(self.source.file), node.start_mark.line + 1))
        if id(node) in self.seen:
            self.source.refuse(where, f"aliases (*name) are not used in {self.things}")
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
