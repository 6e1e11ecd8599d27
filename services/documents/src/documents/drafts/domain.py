"""The rules of drafts: how two versions of one differ, section by section. Standard library only."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

MOST_PIECES = 1000  # a text in more is compared in larger ones: the time grows with the square
MOST_LETTERS = 2000  # of two sentences that are compared letter by letter
_CUTS = (re.compile(r"(?<=[。；！？\n])"), re.compile(r"(?<=\n)"))

Kind = Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Change:
    """A stretch of text that both versions have, only the one before, or only the one after."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A section that differs."""

    section: str
    changes: tuple[Change, ...]


def differences(before: Mapping[str, Any], after: Mapping[str, Any], order: Sequence[str]) -> list[Difference]:
    """The sections that differ, in this order. Whoever joins what is not added has the text before; what is not
    removed, that after.
    """
    found: list[Difference] = []
    for name in order:
        old, new = as_text(before.get(name)), as_text(after.get(name))
        if old != new:
            found.append(Difference(name, changes(old, new)))
    return found


def as_text(value: Any) -> str:
    """A section as it is compared and taken to Word: lists a line each."""
    if isinstance(value, list):
        return "\n".join(map(str, value))
    return "" if value is None else str(value)


def changes(old: str, new: str) -> tuple[Change, ...]:
    """From one text to the other: by sentences, and within a changed sentence by letters."""
    return tuple(_joined(_compared(_pieces(old, new), _pieces(new, old))))


def _pieces(text: str, other: str) -> list[str]:
    for cut in _CUTS:
        pieces, others = cut.split(text), cut.split(other)
        if max(len(pieces), len(others)) <= MOST_PIECES:
            return pieces
    return [text]


def _compared(old: Sequence[str], new: Sequence[str], *, letters: bool = False) -> Iterator[Change]:
    for what, i, j, k, m in SequenceMatcher(None, old, new, autojunk=not letters).get_opcodes():
        before, after = "".join(old[i:j]), "".join(new[k:m])
        if what == "equal":
            yield Change("same", before)
        elif what == "replace" and not letters and max(len(before), len(after)) <= MOST_LETTERS:
            yield from _compared(before, after, letters=True)
        else:
            yield Change("removed", before)
            yield Change("added", after)


def _joined(changes: Iterator[Change]) -> Iterator[Change]:
    """Neighbours of one kind are one; what is empty is none."""
    held: Change | None = None
    for each in changes:
        if not each.text:
            continue
        if held is not None and held.kind == each.kind:
            held = Change(each.kind, held.text + each.text)
            continue
        if held is not None:
            yield held
        held = each
    if held is not None:
        yield held
