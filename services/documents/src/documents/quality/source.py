"""Checklist files as data in which every part knows its line."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Where = tuple[str | int, ...]
LARGEST = 256 * 1024
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, where the wheel has it


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that is wrong; line 0 is the file as a whole."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass
class Source:
    """A file, read. lines: of every part, by the way to it; a key of a mapping stands for its value."""

    file: Path
    data: Any = None
    lines: dict[Where, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def refuse(self, where: Where, reason: str) -> None:
        """Note a mistake at a part, or at what the part belongs to when it is not there."""
        while where and where not in self.lines:
            where = where[:-1]
        self.mistakes.append(Mistake(str(self.file), self.lines.get(where, 0), reason[:300]))


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
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        source.refuse((), f"cannot be read: {type(error).__name__}")
    else:
        source.data = None if root is None else _data(source, root, (), set())
        if not isinstance(source.data, dict) and not source.mistakes:
            source.refuse((), "a checklist is a mapping")
    return source


def _data(source: Source, node: yaml.Node, where: Where, seen: set[int]) -> Any:
    """An alias would be one part in two places, so there are none."""
    source.lines.setdefault(where, node.start_mark.line + 1)
    if id(node) in seen:
        source.refuse(where, "aliases (*name) are not used in checklists")
        return None
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_data(source, each, (*where, place), seen) for place, each in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(source, node, where, seen)
    try:
        return yaml.constructor.SafeConstructor().construct_object(node, deep=True)
    except (yaml.constructor.ConstructorError, ValueError):
        source.refuse(where, f"{str(node.value)[:60]!r} is no value")
        return None


def _mapping(source: Source, node: yaml.MappingNode, where: Where, seen: set[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
            source.mistakes.append(Mistake(str(source.file), line, f"{name[:60]!r} is not a name; put it in quotes"))
        elif name in found:
            source.mistakes.append(Mistake(str(source.file), line, f"{name!r} stands here twice"))
        else:
            source.lines[(*where, name)] = line
            found[name] = _data(source, value, (*where, name), seen)
    return found
