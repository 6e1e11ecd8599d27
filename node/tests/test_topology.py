"""The topology as a value: what the node file alone decides."""

from typing import Any

import pytest

from node.declaring import differences
from node.topology import Binding, Topology, topology_of, vhost_of


@pytest.fixture
def root(settings_for: Any, services: Any) -> Topology:
    return topology_of(settings_for("33"), services)


@pytest.fixture
def middle(settings_for: Any, services: Any) -> Topology:
    return topology_of(settings_for("33.02"), services)


def test_the_root_has_no_way_up(root: Topology) -> None:
    names = {*root.exchanges, *root.queues, *root.shovels}
    assert not names & {"letters.up", "bulk.up", "from-parent", "link.up", "link.up.bulk", "link-up", "link-down"}
    assert root.policies["xinqiao.letters"]["definition"] == {"alternate-exchange": "letters.undeliverable"}


def test_below_the_root_a_letter_for_somebody_unknown_goes_up(middle: Topology) -> None:
    assert middle.policies["xinqiao.letters"]["definition"] == {"alternate-exchange": "letters.up"}
    for source in ("from-parent", "from-child.33.02.25"):
        assert middle.policies[f"xinqiao.{source}"]["definition"] == {"alternate-exchange": "letters.undeliverable"}
    assert Binding("letters.up", "link.up", "") in middle.bindings


def test_what_came_down_never_rises(middle: Topology) -> None:
    rising = {binding.source for binding in middle.bindings if binding.destination == "link.up"}
    assert rising == {"events", "from-child.33.02.25", "from-child.33.02.26", "letters.up"}


def test_letters_of_a_child_go_to_the_letters_exchange_only(middle: Topology) -> None:
    keys = {
        binding.key
        for binding in middle.bindings
        if binding.source == "from-child.33.02.25" and binding.destination not in {"letters", "bulk"}
    }
    assert keys == {"intake.#", "routing.#", "documents.#", "notify.#", "analytics.#"}


def test_what_is_large_never_comes_by_a_queue_or_a_shovel_of_letters(middle: Topology) -> None:
    large = {binding.destination for binding in middle.bindings if binding.key.startswith("bulk.")}
    small = {binding.destination for binding in middle.bindings if binding.key.startswith("letter.")}
    assert {"bulk", "link.down.33.02.25.bulk", "documents.parts"} <= large
    assert not large & small
    queues = [shovel["src-queue"] for shovel in middle.shovels.values()]
    assert sorted(queues) == ["link.down.33.02", "link.down.33.02.bulk", "link.up", "link.up.bulk"]


def test_every_queue_is_replicated_or_a_stream(middle: Topology) -> None:
    kinds = {name: arguments["x-queue-type"] for name, arguments in middle.queues.items()}
    assert kinds.pop("events.stream") == "stream"
    assert set(kinds.values()) == {"quorum"}


def test_every_queue_that_is_not_a_delay_or_parking_place_hears_something(middle: Topology) -> None:
    bound = {binding.destination for binding in middle.bindings if binding.kind == "queue"}
    aside = {name for name in middle.queues if name.startswith("retry.") or name.endswith(".parked")}
    assert set(middle.queues) - aside == bound - aside


def test_a_child_may_write_into_its_own_exchange_only(middle: Topology) -> None:
    user = middle.users["link.33.02.25"]
    assert (user.configure, user.write, user.read) == (
        r"^$", r"^from-child\.33\.02\.25$", r"^link\.down\.33\.02\.25(\.bulk)?$",
    )  # fmt: skip
    assert "link-password" not in repr(middle)


def test_shovels_confirm_and_add_nothing(middle: Topology) -> None:
    for shovel in middle.shovels.values():
        assert shovel["ack-mode"] == "on-confirm"
        assert not shovel["dest-add-forward-headers"]
        assert not shovel["dest-add-timestamp-header"]


@pytest.mark.parametrize(
    ("url", "name"),
    [("amqp://h", "/"), ("amqp://h/", "/"), ("amqp://h/%2F", "/"), ("amqp://h:1/tests-33.02", "tests-33.02")],
)
def test_the_virtual_host_of_an_address(url: str, name: str) -> None:
    assert vhost_of(url) == name


def test_equal_topologies_have_no_differences(middle: Topology) -> None:
    assert list(differences(middle, middle)) == []


def test_a_missing_and_a_foreign_thing_are_differences(middle: Topology, root: Topology) -> None:
    found = list(differences(middle, root))
    assert "exchange letters.up: missing 缺少" in found
    assert "policy xinqiao.letters: different 不一致" in found
    assert "exchange from-child.33.02: left over 多余" in found
    assert "queue link.down.33.03: left over 多余" in found
    assert "link user link.33.03: left over 多余" in found
