"""The timeline (办理经过) of a case, with the papers that belong to each step."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """entry: of routing; papers: of documents, written for this step."""

    entry: Mapping[str, Any]
    papers: tuple[Mapping[str, Any], ...]


def steps_of(timeline: Iterable[Mapping[str, Any]], papers: Iterable[Mapping[str, Any]]) -> list[Step]:
    """A paper is written before the step that needs it: it stands with the first one after it, the newest with the
    last.
    """
    entries = list(timeline)
    found: list[list[Mapping[str, Any]]] = [[] for _ in entries]
    moments = [datetime.fromisoformat(entry["at"]) for entry in entries]
    for paper in papers:
        written = datetime.fromisoformat(paper["written_at"])
        place = next((place for place, at in enumerate(moments) if at >= written), len(entries) - 1)
        if entries:
            found[place].append(paper)
    return [Step(entry, tuple(belong)) for entry, belong in zip(entries, found, strict=True)]
