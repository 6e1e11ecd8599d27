"""Which node may tell of a version of a case, and which nodes it is told to. Standard library only."""

from collections.abc import Callable, Iterable

from kit.paths import ancestors
from routing.domain import Case
from routing.table import BY_ITSELF

Known = tuple[int, str]  # a version and the node that writes the one after it


def may_tell(case: Case, node: str, known: Known | None, here: str, node_of: Callable[[str], str | None]) -> bool:
    """Whether the node had the right to write this version: by the version before it, where that is known here.

    Where some are missing between, because they come later, it must be one that held the case, and whose unit acted.
    Nobody skips a version that this node writes. node_of: the node of a unit, None of one that is not in the directory.
    """
    if known is not None and known[0] + 1 == case.version:
        return known[1] == node
    if node not in case.nodes or (known is not None and known[0] < case.version and known[1] == here):
        return False
    # by itself a node acts for whatever unit it is; a merged case follows what the unit of its lead did
    if case.last.action in BY_ITSELF or case.last.action == "recall" or case.merged_into is not None:
        return True
    return node_of(case.last.unit) in {None, node}


# what came of a case, or why nothing yet: the units that handed it on are told with the reasons (Art 22, 23)
REPORTED = frozenset({
    "report", "decline", "answer", "extend", "refuse-again", "arbitrate", "end-hearing", "end-mediation",
    "refuse-objection",
})  # fmt: skip


def readers(case: Case) -> set[str]:
    """Nodes that must learn what was written with this version: those of the units that handed the case on; of a
    decision whose it is all that held it, since it went against one of them.
    """
    last = case.last
    if last.action not in REPORTED or not (last.note or last.fields):
        return set()
    return set(case.nodes) if last.action == "arbitrate" else {hop.from_node for hop in case.hops}


def audience(case: Case, node: str, known: Iterable[str]) -> list[str]:
    """Nodes that must learn of a version written at `node` but to which its event does not rise.

    They are the nodes that held the case and those above them, except the one that writes next: it gets the case.
    """
    concerned = {above for held in case.nodes for above in ancestors(held)} - set(ancestors(node)) - {case.writer}
    return sorted(concerned.intersection(known))
