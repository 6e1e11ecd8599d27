"""One holder, whatever happens on the way: random actions at several nodes, messages late, twice and in any order."""

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from services.routing.tests.cases import ANYTHING, COUNTING
from services.routing.tests.model import MOVES, NOW, ROLES, UNITS, new_tree

from kit.paths import lies_in
from routing.decisions import decide
from routing.domain import Actor, Order, Unit

STEP = st.one_of(
    st.tuples(
        st.just("act"), st.sampled_from(UNITS), st.sampled_from(MOVES),
        st.sampled_from(UNITS),
    ),
    st.tuples(st.just("go-on"), st.integers(0, 100), st.sampled_from(UNITS)),
    st.tuples(st.just("go-on"), st.integers(0, 100), st.sampled_from(UNITS)),
    st.tuples(st.just("withdraw"), st.sampled_from(UNITS)),
    st.tuples(st.just("deliver"), st.integers(0, 50), st.booleans()),
    st.tuples(st.just("deliver"), st.integers(0, 50), st.booleans()),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    first=st.sampled_from(UNITS), steps=st.lists(STEP, min_size=20, max_size=60),
    order=st.randoms(use_true_random=False),
)  # fmt: skip
def test_one_writer_one_holder_and_all_who_should_know_agree(first: Unit, steps: list[Any], order: Random) -> None:
    tree = new_tree(first)
    for step in steps:
        tree.play(*step)
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
    for asked, answer in tree.answers.items():
        assert final.state == "withdrawn" or answer is not None, f"the withdrawal {asked} is lost"


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
