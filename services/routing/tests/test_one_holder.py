"""One holder, whatever happens on the way: random actions at several nodes, messages late, twice and in any order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from services.routing.tests.cases import ANYTHING, COUNTING

from kit.errors import Refused
from kit.paths import lies_in
from kit.readers import reader
from routing import rights
from routing.confidence import is_confidential, seen
from routing.decisions import decide, open_case, settle_recall
from routing.domain import Actor, Case, Order, Unit, check_request, is_kept_from
from routing.rights import may_tell
from routing.table import MOST_HOPS

NOW = datetime(2026, 1, 5, tzinfo=UTC)
ROLES = frozenset({"clerk", "handler", "leader"})
MOVES = (
    "transfer", "transfer", "receive", "receive", "recall", "object", "object", "agree-objection", "refuse-objection",
    "arbitrate", "assign", "accept", "suspend", "resume", "submit", "approve", "close", "request-review",
    "note-withdrawal", "screen", "mark-confidential", "unmark-confidential",
)  # fmt: skip
OFFICES = [
    Unit("u33", "33", "33"), Unit("u33.02", "33.02", "33.02", ("u33",)),
    Unit("u33.02.25", "33.02.25", "33.02.25", ("u33.02", "u33")),
    Unit("u33.02.26", "33.02.26", "33.02.26", ("u33.02", "u33")),
]  # fmt: skip
# a department beside the office of the county, at its node
UNITS = [*OFFICES, Unit("b33.02.25", "33.02.25", "33.02.25", ("u33.02.25", "u33.02", "u33"))]
NODES = {unit.code: unit.node for unit in UNITS}


ABOVE = {unit.code: unit.above for unit in UNITS}


def check_readers(case: Case, acted: set[str]) -> None:
    """Who holds a confidential case reads it, who must decide on it, and whoever has acted on it."""
    if is_confidential(case):
        assert case.readers
        needed = {case.holder_unit, *acted} | ({case.asked} if case.asked else set())
        assert {reader(unit) for unit in needed} <= {*case.readers}


def arbiter(case: Case, action: str, to: Unit) -> Unit | None:
    """The lowest office above both sides that is none of them, as routing.usecases asks for it."""
    came = case.came_by
    if case.state == "disputed":
        return next(unit for unit in UNITS if unit.code == case.asked)
    if action == "object" and came is not None:
        sides, parties = (case.holder_region, came.from_region), {case.holder_unit, came.from_unit}
    else:
        sides, parties = (case.holder_region, to.region), {to.code}
    above = [unit for unit in OFFICES if all(lies_in(side, unit.region) for side in sides) and unit.code not in parties]
    return max(above, key=lambda unit: len(unit.region), default=None)


def superior(unit: Unit, accused: Iterable[str]) -> Unit | None:
    """The nearest office above that is neither accused nor below one that is, as resources.superior finds it."""
    above = [office for office in OFFICES if office.code in unit.above]
    return max(
        (office for office in above if not is_kept_from(accused, office.code, office.above)),
        key=lambda office: len(office.region), default=None,
    )  # fmt: skip


def check_accused(case: Case) -> None:
    """Art 30: no unit holds what accuses it, or one above it, nor is it asked to decide about it."""
    for unit in {case.holder_unit, case.asked or case.holder_unit}:
        assert not is_kept_from(case.accused_units, unit, ABOVE[unit])


def check_direction(case: Case) -> None:
    """What was signed for went on downwards alone, never back, not without end; no party settles its own dispute."""
    offer, units = case.hand_over, {unit.code: unit for unit in UNITS}
    if offer is not None and offer.kind in {"transfer", "assign"} and offer.from_state == "received":
        assert offer.from_unit in units[offer.to_unit].above
        assert offer.to_unit != case.hops[-1].from_unit
    assert len(case.hops) <= MOST_HOPS + 3
    if case.state == "disputed":
        assert case.asked != case.holder_unit
    if case.state == "disputed" and case.last.action == "object":
        assert case.asked != case.hops[-1].from_unit


@dataclass
class Tree:
    """Nodes with their replica of one case, and the messages under way between them."""

    replicas: dict[str, Case | None]
    recalled: dict[str, set[UUID]]
    under_way: list[tuple[str, str, Case]] = field(default_factory=list)  # (kind, to, case)
    written: dict[int, Case] = field(default_factory=dict)
    writers: dict[int, str] = field(default_factory=dict)  # of the versions
    ids: "count[int]" = field(default_factory=lambda: count(10))

    def tell(self, node: str, case: Case) -> None:
        """As usecases.tell: the event rises, the offer goes to its receiver, progress to nodes it cannot rise to."""
        assert case.version not in self.written, "two nodes wrote the same version"
        case = seen(case, ABOVE.__getitem__)
        self.written[case.version] = case
        self.writers[case.version] = node
        self.replicas[node] = case
        assert case.holder_unit, "a case without a holder"
        check_direction(case)
        check_accused(case)
        check_readers(case, {each.last.unit for each in self.written.values()})
        if case.writer != node:
            self.under_way.append(("file", case.writer, case))
        risen = [other for other in self.replicas if other != node and lies_in(node, other)]
        for other in risen + rights.audience(case, node, self.replicas):
            self.under_way.append(("case", other, case))

    def act(self, unit: Unit, action: str, to: Unit) -> None:
        case = self.replicas[unit.node]
        if case is None:
            return
        who = Actor(action, unit.code, unit.node, ROLES, unit.above)  # nobody approves what they submitted
        above = arbiter(case, action, to)
        parent = next((u for u in UNITS if u.node != unit.node and lies_in(unit.node, u.node)), None)
        accused = (to.code,) if action == "screen" else ()
        if accused:
            parent = superior(unit, case.accusing(accused))
        order = Order(
            actor=who, version=case.version, at=NOW, reason="not-ours", route=6, procedure=ANYTHING, accused=accused,
            to=None if action == "request-review" else to,
            hand_over=UUID(int=next(self.ids)), arbiter=above, parent=parent, outcome="explain",
            due_at=NOW + timedelta(days=9),
        )  # fmt: skip
        try:
            if action == "recall" and case.writer != unit.node:
                check_request(case, "recall", who, case.version, ANYTHING, NOW)
                self.under_way.append(("recall", case.writer, case))
                return
            changed = decide(case, action, order, ANYTHING, COUNTING)
        except Refused:
            return
        self.tell(unit.node, changed)

    def deliver(self, kind: str, to: str, told: Case) -> None:
        mine = self.replicas[to]
        if kind == "recall":
            self._recall(to, mine, told)
            return
        known = None if mine is None else (mine.version, mine.writer)
        assert may_tell(told, self.writers[told.version], known, to, NODES.get), "a true version is refused"
        if mine is None or mine.version < told.version:
            self.replicas[to] = told
            offer = told.hand_over
            if kind == "file" and offer is not None and offer.id in self.recalled[to]:
                settled = settle_recall(told, offer.id, told.version, NOW, ANYTHING, COUNTING)
                assert settled is not None
                self.tell(to, settled)

    def _recall(self, to: str, mine: Case | None, told: Case) -> None:
        assert told.hand_over is not None
        if mine is None or mine.version < told.version:
            self.recalled[to].add(told.hand_over.id)
            return
        settled = settle_recall(mine, told.hand_over.id, told.version, NOW, ANYTHING, COUNTING)
        if settled is not None:
            self.tell(to, settled)


def new_tree(first: Unit) -> Tree:
    nodes = [unit.node for unit in UNITS]
    tree = Tree(dict.fromkeys(nodes), {node: set() for node in nodes})
    tree.tell(
        first.node,
        open_case(
            case_id=UUID(int=1),
            number="n",
            channel="web",
            kind="appeal",
            unit=first,
            registered_at=NOW,
            route=6,
            procedure=ANYTHING,
            counting=COUNTING,
        ),
    )
    return tree


STEP = st.one_of(
    st.tuples(
        st.just("act"), st.sampled_from(UNITS), st.sampled_from(MOVES),
        st.sampled_from(UNITS),
    ),
    st.tuples(st.just("deliver"), st.integers(0, 50), st.booleans()),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(first=st.sampled_from(UNITS), steps=st.lists(STEP, max_size=90), order=st.randoms(use_true_random=False))
def test_one_writer_one_holder_and_all_who_should_know_agree(first: Unit, steps: list[Any], order: Random) -> None:
    tree = new_tree(first)
    for step in steps:
        if step[0] == "act":
            tree.act(step[1], step[2], step[3])
        elif tree.under_way:
            place = step[1] % len(tree.under_way)
            message = tree.under_way[place] if step[2] else tree.under_way.pop(place)  # kept: it comes twice
            tree.deliver(*message)
    while tree.under_way:
        order.shuffle(tree.under_way)
        tree.deliver(*tree.under_way.pop())
    final = tree.written[max(tree.written)]
    for node in (node for node in tree.replicas if any(lies_in(held, node) for held in final.nodes)):
        assert tree.replicas[node] == final
    assert tree.replicas[final.writer] == final
    decides = final.asked or final.holder_unit
    assert [unit for unit in UNITS if unit.code == decides and unit.node == final.writer]
    assert [unit for unit in UNITS if unit.code == final.holder_unit]


def test_the_check_can_fail_when_two_nodes_write() -> None:
    tree = new_tree(UNITS[0])
    case = tree.replicas["33"]
    assert case is not None
    accepted = decide(case, "accept", Order(Actor("a", "u33", "33", ROLES), 1, NOW), ANYTHING, COUNTING)
    tree.tell("33", accepted)
    try:
        tree.tell("33.02", accepted)
    except AssertionError:
        return
    raise AssertionError("a second writer of one version was not noticed")
