"""Definition files: what one says, and what it leaves to the one it is based on."""

from collections.abc import Iterable, Sequence
from typing import Any

from kit.lined import Mistake, Source, Where
from routing.table import BY_ITSELF

LISTS_OF_ACTIONS = ("starts", "stops", "pauses", "resumes", "extends", "right")


class BadDefinition(ValueError):
    """Definitions that cannot be used: every mistake that was found, a line each, as `file:line: reason`."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(str(each) for each in self.mistakes))


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
