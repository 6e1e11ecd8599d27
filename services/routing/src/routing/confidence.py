"""Who alone may read a confidential case (保密): the units that have to do with it, and the leaders and supervisors of
the offices above them. Standard library only.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from kit.readers import EVERYBODY, reader

if TYPE_CHECKING:
    from routing.domain import Case

MOST = 100  # as the contract has it; who comes later reads while it holds the case
SUPERVISING = ("leader", "supervisor")
OPEN = (EVERYBODY,)

Superiors = Callable[[str], Iterable[str]]


def open_to_all(readers: Iterable[str] | None) -> bool:
    """Whether whoever is in scope may read it."""
    return readers is None or EVERYBODY in readers


def is_confidential(case: "Case") -> bool:
    return not open_to_all(case.readers)


def joined(units: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    """Units that have to do with a case, each once, in the order in which they came to it."""
    return tuple(dict.fromkeys((*units, *more)))[:MOST]


def concerned(case: "Case") -> set[str]:
    """The units that registered, acted on, support, hold or held it, to which it is offered, or that must decide."""
    return {*case.units, *between(case)}


def between(case: "Case") -> set[str]:
    """The units that hold or held it, to which it is offered, or that must decide."""
    offers = (*case.hops, *((case.hand_over,) if case.hand_over is not None else ()))
    handed = {unit for offer in offers for unit in (offer.from_unit, offer.to_unit)}
    named = {case.holder_unit, case.asked, case.handler_unit} - {None}
    return {*case.objected_units, *handed, *named}


def seen(case: "Case", superiors: Superiors) -> "Case":
    """With the readers that this version has, where it is confidential. superiors: the offices above a unit."""
    if not is_confidential(case):
        return case
    units = concerned(case)
    offices = {office for unit in units for office in superiors(unit)}
    named = {reader(unit) for unit in units} | {reader(office, role) for office in offices for role in SUPERVISING}
    return replace(case, readers=tuple(sorted(named)))
