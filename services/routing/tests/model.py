"""Some nodes of a tree with their replicas of one case and the messages between them, as the use cases and consumers of
routing treat them, and what must hold whatever they do.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from services.routing.tests.cases import ANYTHING, COUNTING

from kit.errors import Refused
from kit.paths import lies_in
from kit.readers import reader
from routing import rights
from routing.confidence import is_confidential, seen
from routing.decisions import decide, open_case, settle_recall
from routing.domain import Actor, Case, Order, Unit, check_request, is_kept_from, refusal
from routing.rights import may_tell
from routing.table import CONFIDENCE, MOST_HOPS, OFFICE
from routing.withdrawals.domain import Withdrawal, decided, next_step, passed_on

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


def check_clocks(case: Case) -> None:
    """Of each limit at most one runs; none ends before it begins; a case is due by one that runs."""
    running = [clock.name for clock in case.clocks if clock.open]
    assert len(running) == len(set(running))
    for clock in case.clocks:
        assert all(end is None or clock.started_at <= end for end in (clock.due_at, clock.stopped_at))
    assert case.due_at is None or case.due_at in {clock.due_at for clock in case.clocks if clock.open}


@dataclass
class Tree:
    """Nodes with their replica of one case, and the messages under way between them."""

    replicas: dict[str, Case | None]
    recalled: dict[str, set[UUID]]
    under_way: list[tuple[str, str, Any]] = field(default_factory=list)  # (kind, to, case)
    written: dict[int, Case] = field(default_factory=dict)
    writers: dict[int, str] = field(default_factory=dict)  # of the versions
    ids: "count[int]" = field(default_factory=lambda: count(10))
    # withdrawals: that lie at a node, by node; and what became of them where they were taken down
    lying: dict[str, dict[UUID, Withdrawal]] = field(default_factory=lambda: {node: {} for node in NODES.values()})
    answers: dict[UUID, str | None] = field(default_factory=dict)

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
        check_clocks(case)
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
            due_at=NOW + timedelta(days=9), holder_node=NODES[case.holder_unit],
        )  # fmt: skip
        try:
            if action == "recall" and case.writer != unit.node:
                check_request(case, "recall", who, case.version, ANYTHING, NOW)
                self.under_way.append(("recall", case.writer, case))
                return
            if action == "note-withdrawal" and case.writer != unit.node:
                check_request(case, action, who, case.version, ANYTHING, NOW)
                self._ask(case, unit)
                return
            changed = decide(case, action, order, ANYTHING, COUNTING)
        except Refused:
            return
        self.tell(unit.node, changed)

    def play(self, what: str, which: Any, *more: Any) -> None:
        """One step: somebody acts, withdraws elsewhere, does what is possible, or a message comes."""
        if what == "act":
            self.act(which, *more)
        elif what == "withdraw":
            known = self.replicas[which.node]
            if known is not None and known.writer != which.node:
                self.act(which, "note-withdrawal", which)
        elif what == "go-on":
            if able := self.possible():
                self.act(*able[which % len(able)], *more)
        elif self.under_way:
            place, twice = which % len(self.under_way), more[0]
            message = self.under_way[place] if twice else self.under_way.pop(place)
            self.deliver(*message)

    def possible(self) -> list[tuple[Unit, str]]:
        """What somebody may do, as far as is known where they are; what leads nowhere is left to chance."""
        idle = {"note-withdrawal", "suspend", "screen", *CONFIDENCE}
        going = [action for action in dict.fromkeys(MOVES) if action not in idle]
        return [
            (unit, action)
            for unit in UNITS
            if (case := self.replicas[unit.node]) is not None
            for action in going
            if refusal(case, action, Actor(action, unit.code, unit.node, ROLES, unit.above), ANYTHING, NOW) is None
        ]

    def _ask(self, case: Case, unit: Unit) -> None:
        asked = Withdrawal(UUID(int=next(self.ids)), case.id, unit.code, unit.node, unit.node, case.version, NOW)
        self.lying[unit.node][asked.id] = asked
        self.answers[asked.id] = None
        self.under_way.append(("withdrawal", case.writer, asked))

    def _take(self, to: str, asked: Withdrawal) -> None:
        """As withdrawals.usecases.take."""
        mine = self.replicas[to]
        step = next_step(mine, asked, to)
        if mine is None or step == "wait":
            self.lying[to].setdefault(asked.id, asked)
            return
        if step == "decide":
            unit = next(unit for unit in UNITS if unit.code == asked.unit)
            who = Actor("system", unit.code, to, OFFICE, unit.above)
            became = decided(mine, asked, who, NOW, ANYTHING, COUNTING, holder_node=NODES[mine.holder_unit])
            if isinstance(became, Case):
                self.tell(to, became)
            elif became is not None:
                self.under_way.append(("answer", asked.node, replace(asked, note=became)))
        else:
            on = passed_on(mine, asked, to)
            assert isinstance(on, Withdrawal), "it goes in a circle, or comes from a stranger"
            self.under_way.append(("withdrawal", mine.writer, on))
        if asked.node != to:
            self.lying[to].pop(asked.id, None)

    def deliver(self, kind: str, to: str, told: Any) -> None:
        mine = self.replicas[to]
        if kind == "withdrawal":
            self._take(to, told)
            return
        if kind == "answer":
            self.answers[told.id] = self.answers[told.id] or told.note
            self.lying[to].pop(told.id, None)
            return
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
        if kind == "file":
            for asked in list(self.lying[to].values()):
                self._take(to, asked)

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
