"""Requests between nodes: letters late, twice and in any order, cancellations that cross an answer."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.errors import Refused
from kit.paths import ancestors, lies_in
from routing.requests import domain as requests
from routing.requests.domain import Asker, Matter, Place, Request, Wish

NOW = datetime(2026, 1, 5, tzinfo=UTC)
ROLES = frozenset({"clerk", "handler", "leader", "supervisor"})
PROVINCE, CITY, COUNTY, OTHER = (
    Place(f"u{path}", path, path, superiors=tuple(f"u{above}" for above in ancestors(path)[1:]))
    for path in ("33", "33.02", "33.02.25", "33.02.26")
)
NODES = [place.node for place in (PROVINCE, CITY, COUNTY, OTHER)]
# supervision goes down the tiers, support also across them and up
KINDS = {"supervise": (CITY, COUNTY, COUNTY), "support": (COUNTY, OTHER, COUNTY), "suggest": (COUNTY, CITY, COUNTY)}
WISHES = {"supervise": "overdue", "suggest": "improve-work"}


@dataclass
class Tree:
    """Nodes with their replica of one request, and the messages under way between them."""

    replicas: dict[str, Request | None] = field(default_factory=lambda: dict.fromkeys(NODES))
    cancelled: dict[str, set[int]] = field(default_factory=lambda: {node: set() for node in NODES})
    under_way: list[tuple[str, str, Request]] = field(default_factory=list)  # (kind, to, request)
    written: dict[int, Request] = field(default_factory=dict)

    def tell(self, node: str, request: Request) -> None:
        """As requests_usecases.tell: the event rises, letters go to the other party and to nodes above it."""
        assert request.version not in self.written, "two nodes wrote the same version"
        assert request.written_by == node
        self.written[request.version] = request
        self.replicas[node] = request
        other = requests.counterpart(request)
        risen = [above for above in NODES if above != node and lies_in(node, above)]
        for to in {*risen, *requests.audience(request, NODES), *([other] if other else [])}:
            self.under_way.append(("state", to, request))

    def go_on(self, which: int) -> None:
        """Something that somebody may do, as far as is known where they are; what ends it at once is left to chance."""
        able = [
            (place, action)
            for place in (CITY, COUNTY, OTHER)
            if (request := self.replicas[place.node]) is not None
            for action in ("receive", "answer", "close", "return")
            if requests.refusal(request, action, Asker("a", place, ROLES)) is None
        ]
        if able:
            self.act(*able[which % len(able)])

    def act(self, place: Place, action: str) -> None:
        request = self.replicas[place.node]
        if request is None:
            return
        who, version = Asker("a", place, ROLES), request.version
        adoption = "adopted" if request.kind == "suggest" else None
        try:
            if action == "cancel" and request.writer != place.node:
                requests.check(request, "cancel", who, version)
                self.under_way.append(("cancellation", request.receiver.node, request))
                return
            changed = {
                "receive": lambda: requests.receive(request, who, version, NOW),
                "answer": lambda: requests.answer(request, who, version, NOW, "答复", adoption),
                "close": lambda: requests.close(request, who, version, NOW),
                "return": lambda: requests.send_back(request, who, version, NOW, "再报", None),
                "cancel": lambda: requests.cancel(request, who, version, NOW),
            }[action]()
        except Refused:
            return
        self.tell(place.node, changed)

    def deliver(self, kind: str, to: str, told: Request) -> None:
        mine = self.replicas[to]
        if kind == "cancellation":
            if mine is None or mine.round < told.round:
                self.cancelled[to].add(told.round)
            else:
                self._settle(to, mine, told.round)
        elif mine is None or mine.version < told.version:
            self.replicas[to] = told
            if told.receiver.node == to and told.round in self.cancelled[to]:
                self._settle(to, told, told.round)

    def _settle(self, node: str, request: Request, round_: int) -> None:
        settled = requests.settle_cancellation(request, round_, NOW)
        if settled is not None:
            self.tell(node, settled)


def new_tree(kind: str) -> Tree:
    sender, receiver, holder = KINDS[kind]
    matter = Matter(UUID(int=1), "XF1", "accepted", holder)
    wish = Wish("请", WISHES.get(kind), NOW + timedelta(days=9))
    tree = Tree()
    tree.tell(sender.node, requests.send(kind, Asker("a", sender, ROLES), matter, receiver, wish, UUID(int=2), NOW))
    return tree


STEP = st.one_of(
    st.tuples(
        st.just("act"), st.sampled_from([CITY, COUNTY, OTHER]),
        st.sampled_from(["receive", "answer", "close", "return", "cancel"]),
    ),
    st.tuples(st.just("go-on"), st.integers(0, 20)),
    st.tuples(st.just("deliver"), st.integers(0, 50), st.booleans()),
    st.tuples(st.just("deliver"), st.integers(0, 50), st.booleans()),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)), steps=st.lists(STEP, min_size=15, max_size=60),
    order=st.randoms(use_true_random=False),
)  # fmt: skip
def test_one_writer_of_each_version_and_all_who_should_know_agree(kind: str, steps: list[Any], order: Random) -> None:
    tree = new_tree(kind)
    for step in steps:
        if step[0] == "act":
            tree.act(step[1], step[2])
        elif step[0] == "go-on":
            tree.go_on(step[1])
        elif tree.under_way:
            place = step[1] % len(tree.under_way)
            message = tree.under_way[place] if step[2] else tree.under_way.pop(place)  # kept: it comes twice
            tree.deliver(*message)
    while tree.under_way:
        order.shuffle(tree.under_way)
        tree.deliver(*tree.under_way.pop())
    final = tree.written[max(tree.written)]
    for node in NODES:
        if any(lies_in(party.node, node) for party in (final.sender, final.receiver)):
            assert tree.replicas[node] == final
    for before, after in zip(sorted(tree.written), sorted(tree.written)[1:], strict=False):
        assert tree.written[before].writer == tree.written[after].written_by


def test_an_answer_stands_against_a_cancellation_that_comes_after_it_also_when_it_is_returned() -> None:
    tree = new_tree("supervise")
    (first,) = [message for message in tree.under_way if message[1] == COUNTY.node]
    tree.act(CITY, "cancel")
    (wish,) = [message for message in tree.under_way if message[0] == "cancellation"]
    tree.deliver(*first)
    tree.act(COUNTY, "receive")
    tree.act(COUNTY, "answer")
    tree.deliver(*next(m for m in tree.under_way if m[1] == CITY.node and m[2].status == "answered"))
    tree.act(CITY, "return")
    tree.deliver(*next(m for m in tree.under_way if m[1] == COUNTY.node and m[2].status == "returned"))
    tree.deliver(*wish)
    returned = tree.replicas[COUNTY.node]
    assert returned is not None
    assert (returned.status, returned.round) == ("returned", 2)


def test_the_check_can_fail_when_two_nodes_write() -> None:
    tree = new_tree("supervise")
    sent = tree.replicas[CITY.node]
    assert sent is not None
    tree.tell(COUNTY.node, requests.receive(sent, Asker("b", COUNTY, ROLES), 1, NOW))
    cancelled = requests.settle_cancellation(sent, 1, NOW)
    assert cancelled is not None
    try:
        tree.tell(CITY.node, cancelled)
    except AssertionError:
        return
    raise AssertionError("a second writer of one version was not noticed")
