"""One holder, whatever happens on the way: random actions at several nodes, messages late, twice and in any order."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.errors import Refused
from kit.paths import lies_in
from routing import domain
from routing.domain import Actor, Case, Unit

NOW = datetime(2026, 1, 5, tzinfo=UTC)
ROLES = frozenset({"clerk", "handler", "leader"})
UNITS = [Unit(f"u{path}", path, path) for path in ("33", "33.02", "33.02.25", "33.02.26")]


@dataclass
class Tree:
    """Nodes with their replica of one case, and the messages under way between them."""

    replicas: dict[str, Case | None]
    withdrawn: dict[str, set[UUID]]
    under_way: list[tuple[str, str, Case]] = field(default_factory=list)  # (kind, to, case)
    written: dict[int, Case] = field(default_factory=dict)
    ids: "count[int]" = field(default_factory=lambda: count(10))

    def tell(self, node: str, case: Case) -> None:
        """As usecases.tell: the event rises, the offer goes to its receiver, progress to nodes it cannot rise to."""
        assert case.version not in self.written, "two nodes wrote the same version"
        self.written[case.version] = case
        self.replicas[node] = case
        if case.hand_over is not None and case.hand_over.to_node != node:
            self.under_way.append(("offer", case.hand_over.to_node, case))
        risen = [other for other in self.replicas if other != node and lies_in(node, other)]
        for other in risen + domain.audience(case, node, self.replicas):
            self.under_way.append(("case", other, case))

    def act(self, unit: Unit, action: str, to: Unit) -> None:
        case = self.replicas[unit.node]
        if case is None:
            return
        who = Actor("a", unit.code, unit.node, ROLES)
        try:
            if action == "transfer":
                changed = domain.offer(
                    case, who, case.version, kind="transfer", to=to, hand_over_id=UUID(int=next(self.ids)), at=NOW
                )
            elif action == "receive":
                changed = domain.receive(case, who, case.version, NOW)
            elif action == "return":
                changed = domain.send_back(case, who, case.version, NOW, "not-ours", "")
            elif action == "withdraw" and case.writer != unit.node:
                domain.check_request(case, "withdraw", who, case.version)
                self.under_way.append(("withdrawal", case.writer, case))
                return
            else:
                changed = domain.withdraw(case, who, case.version, NOW)
        except Refused:
            return
        self.tell(unit.node, changed)

    def deliver(self, kind: str, to: str, told: Case) -> None:
        mine = self.replicas[to]
        if kind == "withdrawal":
            self._withdrawal(to, mine, told)
            return
        if mine is None or mine.version < told.version:
            self.replicas[to] = told
            offer = told.hand_over
            if kind == "offer" and offer is not None and offer.id in self.withdrawn[to]:
                settled = domain.settle_withdrawal(told, offer.id, told.version, NOW)
                assert settled is not None
                self.tell(to, settled)

    def _withdrawal(self, to: str, mine: Case | None, told: Case) -> None:
        assert told.hand_over is not None
        if mine is None or mine.version < told.version:
            self.withdrawn[to].add(told.hand_over.id)
            return
        settled = domain.settle_withdrawal(mine, told.hand_over.id, told.version, NOW)
        if settled is not None:
            self.tell(to, settled)


def new_tree(first: Unit) -> Tree:
    nodes = [unit.node for unit in UNITS]
    tree = Tree(dict.fromkeys(nodes), {node: set() for node in nodes})
    tree.tell(
        first.node,
        domain.open_case(case_id=UUID(int=1), number="n", channel="web", kind="appeal", unit=first, registered_at=NOW),
    )
    return tree


STEP = st.one_of(
    st.tuples(
        st.just("act"), st.sampled_from(UNITS), st.sampled_from(["transfer", "receive", "return", "withdraw"]),
        st.sampled_from(UNITS),
    ),
    st.tuples(st.just("deliver"), st.integers(0, 50), st.booleans()),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(first=st.sampled_from(UNITS), steps=st.lists(STEP, max_size=60), order=st.randoms(use_true_random=False))
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
    assert [unit for unit in UNITS if unit.code == final.holder_unit and unit.node == final.writer]


def test_the_check_can_fail_when_two_nodes_write() -> None:
    tree = new_tree(UNITS[0])
    case = tree.replicas["33"]
    assert case is not None
    accepted = domain.accept(case, Actor("a", "u33", "33", ROLES), 1, NOW)
    tree.tell("33", accepted)
    try:
        tree.tell("33.02", accepted)
    except AssertionError:
        return
    raise AssertionError("a second writer of one version was not noticed")
