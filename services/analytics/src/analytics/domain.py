"""Figures and the order of steps. Standard library only."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from kit.errors import Refused
from kit.paths import lies_in

# what a petition may have gone through, in the order of the field (domain of the cases: routing)
STEPS = (
    "registered", "handed-over", "received", "accepted", "declined", "opinion-returned", "opinion-approved", "served",
    "closed",
)  # fmt: skip
# states in which nothing is left to do: handled to its end, or ended without an opinion
CLOSED = ("closed", "terminated")
ENDED = ("answered", "filed", "declined", "not-accepted-again", "guided", "exported", "withdrawn")


@dataclass(frozen=True, slots=True)
class Count:
    """How many petitions of a region and all below have this value in this dimension."""

    region: str
    dimension: str
    value: str
    petitions: int


@dataclass(frozen=True, slots=True)
class Figures:
    """registered: petitions registered; closed: of these, whose case is closed now; ended: that ended otherwise;
    by_step: that ever did the step.
    """

    registered: int
    closed: int
    ended: int
    by_channel: Mapping[str, int]
    by_kind: Mapping[str, int]
    by_state: Mapping[str, int]
    by_step: Mapping[str, int]

    @property
    def open(self) -> int:
        return self.registered - self.closed - self.ended


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of a region with all below, of the region alone, and of each child region with all below."""

    region: str
    figures: Figures
    own: Figures
    children: Mapping[str, Figures]


def check_region(asked: str, readable: str) -> None:
    """Only one's own region and those below. Both dotted paths. Raises Refused("region-outside-scope")."""
    if not lies_in(asked, readable):
        raise Refused("region-outside-scope", region=readable)


def statistics(region: str, counts: Iterable[Count]) -> Statistics:
    """Put together from the counts of the region and of its children."""
    tables: dict[str, Counter[tuple[str, str]]] = {region: Counter()}
    for count in counts:
        tables.setdefault(count.region, Counter())[count.dimension, count.value] += count.petitions
    whole = tables.pop(region)
    own = Counter(whole)
    for table in tables.values():
        own.subtract(table)
    return Statistics(
        region, _figures(whole), _figures(own), {child: _figures(tables[child]) for child in sorted(tables)}
    )


def _figures(table: Counter[tuple[str, str]]) -> Figures:
    by: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (dimension, value), petitions in sorted(table.items()):
        if petitions != 0:
            by[dimension][value] = petitions
    return Figures(
        registered=table["total", "registered"],
        closed=sum(table["state", state] for state in CLOSED),
        ended=sum(table["state", state] for state in ENDED),
        by_channel=by["channel"],
        by_kind=by["kind"],
        by_state=by["state"],
        by_step={step: table["step", step] for step in STEPS},
    )


class Told(Protocol):
    """A step as somebody told it."""

    @property
    def type(self) -> str: ...

    @property
    def sequence(self) -> int: ...

    @property
    def time(self) -> datetime: ...


Step = TypeVar("Step", bound=Told)


def in_order(steps: Sequence[Step]) -> list[Step]:
    """By time; but versions of the case in the order of their numbers, for clocks of nodes may differ."""
    ordered = sorted(steps, key=lambda step: step.time)
    versions = iter(sorted((step for step in ordered if _of_case(step)), key=lambda step: step.sequence))
    return [next(versions) if _of_case(step) else step for step in ordered]


def _of_case(step: Told) -> bool:
    return step.type.startswith("routing.case.")
