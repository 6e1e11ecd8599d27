"""The shape of a cluster: who is above whom, and whose petition numbers share a region code."""

import pytest

from xinqiao_local.tree import FOUR_TIERS, LANES, NodeSpec, Tree, with_ports, with_split


def spec(path: str, slug: str | None = None) -> NodeSpec:
    return NodeSpec(path, f"节点{path}", slug or path, f"{path}-xf")


def test_each_of_the_four_tiers_hangs_below_the_one_above() -> None:
    tree = Tree(FOUR_TIERS)
    above = [tree.parent(node) for node in tree.specs]
    assert above == [None, *tree.specs[:-1]]
    assert tree.children(tree.specs[-1]) == []


def test_a_tier_without_a_node_is_passed_over() -> None:
    tree = Tree([spec("33"), spec("33.02.25"), spec("33.02.25.100"), spec("33.04")])
    assert [tree.children(node) for node in tree.specs[:2]] == [[tree.specs[1], tree.specs[3]], [tree.specs[2]]]


def test_nodes_with_one_region_code_number_in_lanes_of_their_own() -> None:
    tree = Tree([spec("33"), spec("33.02.25"), spec("33.02.25.100"), spec("33.02.25.101"), spec("33.02.26")])
    assert [tree.lane(node) for node in tree.specs] == [0, 0, 1, 2, 0]


def test_more_nodes_than_lanes_under_one_code_are_refused() -> None:
    tree = Tree([spec("33.02.25"), *(spec(f"33.02.25.{number}") for number in range(100, 100 + LANES))])
    with pytest.raises(ValueError, match="more than 32"):
        tree.lane(tree.specs[-1])


@pytest.mark.parametrize(
    ("specs", "reason"),
    [
        ([spec("33"), spec("33", "again")], "one path"),
        ([spec("33", "a"), spec("33.02", "a")], "one slug"),
        ([spec("33"), spec("34")], "one root"),
        ([spec("33.02"), spec("33.0")], "one root"),  # a prefix of the text is not a region above
        ([], "one root"),
    ],
)
def test_a_shape_that_is_no_tree_is_refused(specs: list[NodeSpec], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Tree(specs)


def test_only_the_named_nodes_are_split() -> None:
    assert [node.split for node in with_split(FOUR_TIERS, ["county"])] == [False, False, True, False]
    with pytest.raises(ValueError, match="village"):
        with_split(FOUR_TIERS, ["village"])


def test_ports_to_learn_by_heart_are_given_on_demand_only() -> None:
    assert {node.port for node in FOUR_TIERS} == {None}
    assert [node.port for node in with_ports(FOUR_TIERS)] == [8133, 8233, 8333, 8433]
