"""A lead with merged cases lives through anything: everybody comes to an end or can be unmerged, and nobody is lost."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from services.routing.tests.cases import ALL, BUREAU, COUNTING, NOW, OFFICE, PROVINCE, TOWN

from kit.errors import Refused
from routing.confidence import is_confidential
from routing.decisions import decide, open_case
from routing.domain import Actor, Case, Order
from routing.links.domain import (
    ANSWERED,
    FOLLOWED,
    Following,
    accused_with,
    check_merge,
    confided_with,
    ends,
    followed,
    recognised,
)
from routing.procedures.domain import Procedure
from routing.procedures.library import Library
from routing.table import TABLE
from routing.timing import clocks

LIBRARY = Library.shipped()
PROCEDURE = LIBRARY.get("ordinary-petition/1")
MERGEABLE = [one for one in LIBRARY.procedures.values() if "merge" in one.actions]
UNITS = (OFFICE, TOWN, BUREAU, PROVINCE)
ACCUSED = ("accused", "another", OFFICE.code, TOWN.code)
DOING = (
    "transfer", "receive", "receive", "object", "agree-objection", "refuse-objection", "arbitrate", "recall", "accept",
    "investigate", "submit", "approve", "serve", "close", "answer", "decline", "refuse-again", "guide", "file",
    "note-withdrawal", "suspend", "resume", "unmerge", "unmerge", "request-review", "recognise", "unrecognise",
    "screen", "screen", "mark-confidential", "unmark-confidential", "mark-confidential", "unmark-confidential",
)  # fmt: skip


def new(number: int) -> Case:
    return open_case(
        case_id=UUID(int=number), number=f"XF{number}", channel="web", kind="appeal", unit=OFFICE, registered_at=NOW,
        route=6, procedure=PROCEDURE, counting=COUNTING,
    )  # fmt: skip


def parties(case: Case) -> Iterator[str]:
    offer = case.hand_over
    yield from {case.holder_unit, case.asked or "", offer.from_unit if offer else ""}


@dataclass
class Office:
    """All cases, and what the node that merged them is still to be told of."""

    cases: dict[int, Case]
    told: list[Case] = field(default_factory=list)
    following: dict[int, Following] = field(default_factory=dict)
    hours: "count[int]" = field(default_factory=lambda: count(1))

    def now(self) -> datetime:
        return NOW + timedelta(hours=next(self.hours))

    def write(self, number: int, case: Case) -> None:
        before = self.cases[number]
        assert (case.id, case.number, case.version) == (before.id, before.number, before.version + 1)
        self.cases[number] = case
        if case.last.action in FOLLOWED:
            self.told.append(case)

    def merge(self, number: int, lead: int) -> None:
        case, at = self.cases[number], self.now()
        if number == lead:
            return
        who = Actor("somebody", case.holder_unit, case.writer, ALL)
        try:
            check_merge(case, self.cases[lead], case.writer)
            order = Order(who, case.version, at, lead=self.cases[lead].id)
            self.write(number, decide(case, "merge", order, PROCEDURE, COUNTING))
            self.following[number] = Following(self.cases[lead].version)
        except Refused:
            return

    def act(self, number: int, action: str, to: int) -> None:
        case, at = self.cases[number], self.now()
        if action in {"recognise", "unrecognise"}:
            changed = recognised(case, at, terminated=action == "recognise")
            if changed is not None:
                self.write(number, changed)
            return
        for unit in parties(case):
            order = Order(
                Actor(f"{action} by {unit}", unit, case.writer, ALL), case.version, at, reason="not-ours",
                to=None if action == "request-review" else UNITS[to], hand_over=UUID(int=1000 + case.version),
                arbiter=PROVINCE, parent=PROVINCE, outcome="explain", route=6, procedure=PROCEDURE,
                accused=(ACCUSED[to],) if action == "screen" else (),
            )  # fmt: skip
            try:
                self.write(number, decide(case, action, order, PROCEDURE, COUNTING))
            except Refused:
                continue
            return

    def further(self, number: int, to: int) -> None:
        """One step nearer to an opinion that is served."""
        before = self.cases[number]
        for action in ("receive", "accept", "submit", "approve", "close" if to > 1 else "serve"):
            if self.cases[number] is before:
                self.act(number, action, to)

    def follow(self, lead: Case) -> None:
        for number, case in list(self.cases.items()):
            holder = next(unit for unit in UNITS if unit.code == case.holder_unit)
            accused = accused_with(
                case, lead, self.now(), PROCEDURE, COUNTING, holder=holder, superior=PROVINCE
            )  # fmt: skip
            if accused is not None:
                self.write(number, accused)
            known = self.following.get(number, Following())
            confided, self.following[number] = confided_with(accused or case, lead, self.now(), known)
            if confided is not None:
                self.write(number, confided)
            alike = confided or accused or case
            changed = followed(alike, lead, self.now(), PROCEDURE, COUNTING) if ends(lead) else None
            if changed is not None:
                self.write(number, changed)


NUMBERS = st.integers(1, 5)
STEP = st.one_of(
    st.tuples(st.just("merge"), NUMBERS, NUMBERS),
    st.tuples(st.sampled_from(DOING), NUMBERS, st.integers(0, 3)),
    st.tuples(st.sampled_from(DOING), st.just(1), st.integers(0, 3)),
    st.tuples(st.just("further"), st.integers(1, 2), st.integers(0, 3)),
    st.tuples(st.just("tell"), st.integers(0, 50), st.integers(0, 1)),
)


@settings(max_examples=400, deadline=None)
@given(steps=st.lists(STEP, max_size=70), order=st.randoms(use_true_random=False))
def test_everybody_comes_to_an_end_or_can_be_unmerged(steps: list[tuple[str, int, int]], order: Random) -> None:
    office = Office({number: new(number) for number in range(1, 6)})
    for number in range(2, 6):
        office.merge(number, 1)
    for what, number, other in steps:
        if what == "merge":
            office.merge(number, other)
        elif what == "further":
            office.further(number, other)
        elif what != "tell":
            office.act(number, what, other)
        elif office.told:
            place = number % len(office.told)
            office.follow(office.told[place] if other else office.told.pop(place))  # kept: it comes twice
    while office.told:
        order.shuffle(office.told)
        office.follow(office.told.pop())
    for number, case in office.cases.items():
        assert (case.id.int, case.number) == (number, f"XF{number}")
        no_circle(office, case)
        kept_from_the_same(office, case)
        if case.merged_into is not None and (case.state, "unmerge") in TABLE:
            lead = office.cases[case.merged_into.int]
            assert lead.stage == "handling"
            assert lead.state not in ANSWERED, "the lead has its answer and this case waits for ever"
            office.act(number, "unmerge", 0)
            assert office.cases[number].merged_into is None
            assert office.cases[number].state == case.state


def kept_from_the_same(office: Office, case: Case) -> None:
    """Art 30: of what is handled together nobody is told who is accused by any of it."""
    if case.merged_into is not None and (case.state, "unmerge") in TABLE:
        assert {*office.cases[case.merged_into.int].accused_units} <= {*case.accused_units}
        assert case.holder_unit not in case.accused_units
        assert is_confidential(case) or not is_confidential(office.cases[case.merged_into.int])


def no_circle(office: Office, case: Case) -> None:
    seen, at = set(), case
    while at.merged_into is not None and (at.state, "unmerge") in TABLE:
        assert at.id not in seen
        seen.add(at.id)
        at = office.cases[at.merged_into.int]


WORKING = sorted({state for state, action in TABLE if action == "unmerge"})


@pytest.mark.parametrize("procedure", MERGEABLE, ids=lambda each: each.name)
@pytest.mark.parametrize("state", WORKING)
def test_a_merge_undone_leaves_a_case_as_it_was_with_the_time_it_had(state: str, procedure: Procedure) -> None:
    before = replace(new(1), state=state, procedure=procedure.key, clocks=())
    for action in ("open", "receive", "accept"):
        running = clocks.apply(
            before.clocks, procedure.clocks, action, "handling", NOW, COUNTING.calendar, COUNTING.policy
        )
        before = replace(before, clocks=running)
    merged = decide(before, "merge", order_at(before, 1), procedure, COUNTING)
    after = decide(merged, "unmerge", order_at(merged, 24 * 8), procedure, COUNTING)
    assert plain(after) == plain(before)
    pausing = {rule.name for rule in procedure.clocks if "merge" in rule.pauses}
    for was, now in zip(before.clocks, after.clocks, strict=True):
        assert (was.name, was.open, was.started_at, now.paused_at) == (now.name, now.open, now.started_at, None)
        assert was.due_at is not None
        assert now.due_at is not None
        assert now.due_at > was.due_at if was.name in pausing and was.open else now.due_at == was.due_at


def plain(case: Case) -> Case:
    """Without its time limits and what was done last."""
    return replace(case, clocks=(), due_at=None, version=1, last=new(1).last)


def order_at(case: Case, hours: int) -> Order:
    who = Actor("somebody", case.holder_unit, case.writer, ALL)
    return Order(who, case.version, NOW + timedelta(hours=hours), lead=UUID(int=9))


def test_an_end_that_nobody_heard_of_is_noticed() -> None:
    office = Office({number: new(number) for number in (1, 2)})
    office.merge(2, 1)
    office.act(1, "decline", 0)
    waiting = office.cases[2]
    assert (waiting.merged_into, office.cases[1].state) == (UUID(int=1), "declined")
    office.follow(office.told.pop())
    assert office.cases[2].state == "declined"
