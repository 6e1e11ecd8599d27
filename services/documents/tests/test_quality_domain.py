"""The rules of quality review: what a record says by itself, what an answer needs, what follows on what."""

from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.quality.domain import (
    ENDINGS,
    ENDS,
    HANDLING,
    RECTIFYING,
    STEPS,
    Answered,
    Item,
    after,
    check_reviewer,
    fits,
    points,
    rectified,
    unanswered,
    wrong_with,
)
from documents.quality.facts import Done, Filed, Record, proposed
from documents.quality.library import Checklists
from kit.errors import Refused

CHECKLIST = Checklists.shipped().get("case-handling/1")
START = date(2026, 1, 5)


def record(*steps: tuple[str, int], **changes: Any) -> Record:
    """Steps of one unit: actions, and how many days after the beginning."""
    done = tuple(Done(action, "u", START + timedelta(days)) for action, days in steps)
    return Record(steps=done, **changes)


def said(item: str, known: Record) -> str | None:
    return proposed(CHECKLIST.items[item], known).answer


@pytest.mark.parametrize(("days", "answer"), [(0, "pass"), (15, "pass"), (16, None), (23, None), (24, "fail")])
def test_a_limit_that_holidays_may_have_moved_is_left_to_a_person(days: int, answer: str | None) -> None:
    assert said("notice-in-time", record(("open", 0), ("receive", 10), ("accept", 10 + days))) == answer


def test_the_notice_runs_from_the_last_receipt_before_it() -> None:
    twice = record(("open", 0), ("receive", 2), ("transfer", 30), ("receive", 40), ("accept", 50))
    assert said("notice-in-time", twice) == "pass"
    assert said("decided-in-time", twice) == "fail"


def test_a_clock_that_stood_still_decides_nothing() -> None:
    assert said("notice-in-time", record(("receive", 0), ("suspend", 1), ("resume", 90), ("accept", 95))) is None
    late = record(("accept", 0), ("suspend", 3), ("submit", 9), ("serve", 99), due_on=START + timedelta(60))
    assert said("opinion-in-time", late) is None


@pytest.mark.parametrize(("served", "answer"), [(60, "pass"), (61, "fail")])
def test_the_opinion_is_due_by_the_day_that_routing_told(served: int, answer: str) -> None:
    due = record(("accept", 0), ("submit", 30), ("serve", served), due_on=START + timedelta(60))
    assert said("opinion-in-time", due) == answer
    assert said("opinion-in-time", record(("submit", 30), ("serve", served))) is None  # no limit was told


def test_a_paper_that_is_not_here_is_missing_only_where_all_of_the_case_is_here() -> None:
    extended = record(("accept", 0), ("extend", 50))
    notice = (Filed("extension-notice", START + timedelta(49), sealed=True),)
    late = (Filed("extension-notice", START + timedelta(53), sealed=True),)
    assert said("extension-told", extended) == "fail"
    assert said("extension-told", record(("extend", 50), whole=False)) is None
    assert said("extension-told", record(("extend", 50), papers=notice)) == "pass"
    assert said("extension-told", record(("extend", 50), papers=late)) == "fail"
    assert said("extension-told", record(("accept", 0))) == "not-applicable"
    assert said("notice-kept", record(("accept", 0))) is None  # told otherwise in writing it is no paper


def test_papers_seals_files_and_steps_are_looked_for() -> None:
    opinion = (Filed("opinion", START, sealed=True),)
    assert said("opinion-sealed", record(("approve", 1), papers=opinion)) == "pass"
    assert said("opinion-sealed", record(("approve", 1), papers=(Filed("opinion", START, sealed=False),))) == "fail"
    assert said("papers-complete", record(("submit", 1), ("extend", 2), papers=opinion)) == "fail"
    assert said("papers-complete", record(("submit", 1), papers=opinion)) == "pass"
    assert [said("attachments-kept", record(files=number)) for number in (0, 1)] == [None, "pass"]
    assert [said("served", record(("approve", 1), *more)) for more in ((), (("close", 2),))] == ["fail", "pass"]


def test_whom_a_case_accuses_has_no_part_in_it() -> None:
    accused = record(("open", 0), accused=True)
    assert said("accused-kept-out", accused) == "pass"
    assert said("accused-kept-out", record(("open", 0), accused=True, kept_out=frozenset({"u"}))) == "fail"
    assert said("accused-kept-out", record(("open", 0))) == "not-applicable"


ACTIONS = st.sampled_from(sorted({*HANDLING, "open", "receive", "transfer", "assign", "merge", "arrived"}))


@given(st.lists(st.tuples(ACTIONS, st.integers(0, 200)), max_size=12), st.booleans(), st.integers(0, 3))
def test_whatever_a_case_went_through_the_record_gives_answers_that_its_items_take(
    steps: list[tuple[str, int]], whole: bool, files: int
) -> None:
    known = record(*sorted(steps, key=lambda step: step[1]), whole=whole, files=files)
    for item in CHECKLIST.items.values():
        told = proposed(item, known)
        assert told.answer is None or told.answer in item.answers
        assert bool(told.zh) == bool(told.en)


ITEMS = st.sampled_from(sorted(CHECKLIST.items))
GIVEN = st.builds(
    Answered, ITEMS, st.sampled_from(["pass", "fail", "not-applicable", "note"]),
    st.sampled_from([None, "minor", "serious", "grave"]), st.sampled_from(["", "有问题"]),
    st.sampled_from([None, "pass", "fail"]),
)  # fmt: skip


@given(GIVEN)
def test_every_answer_that_stands_is_one_of_its_item_and_every_finding_has_severity_and_words(given_: Answered) -> None:
    item = CHECKLIST.items[given_.item]
    if wrong_with(item, given_) is None:
        assert given_.answer in item.answers
        assert (given_.answer == "fail") == (given_.severity is not None)
        assert given_.note or given_.answer in {"pass", "not-applicable"}
        assert given_.note or given_.record in {None, given_.answer}


@given(st.lists(GIVEN, unique_by=lambda each: each.item))
def test_points_never_exceed_what_applied_and_what_stands_open_is_told(found: list[Answered]) -> None:
    right, weight = points(CHECKLIST, found)
    assert 0 <= right <= weight <= sum(item.weight for item in CHECKLIST.items.values())
    done = {each.item for each in found}
    assert set(unanswered(CHECKLIST, done)) == set(CHECKLIST.items) - done - {"remarks"}
    assert fits("sound", found) == all(each.severity != "grave" for each in found)
    assert fits("unsound", found)


def test_only_these_steps_lead_on() -> None:
    for state, step in product(("open", "rectifying", "rectified", "concluded"), ("answer", "order", "conclude")):
        if (state, step) in STEPS:
            assert after(state, step) == STEPS[state, step]  # type: ignore[arg-type,index]  # of the list above
        else:
            with pytest.raises(Refused, match="quality-not-now"):
                after(state, step)  # type: ignore[arg-type]
    for state, step in product(("ordered", "answered", "returned", "accepted"), ("answer", "return", "accept")):
        if (state, step) not in RECTIFYING:
            with pytest.raises(Refused, match="quality-not-now"):
                rectified(state, step)


@given(st.sampled_from("abc"), st.sampled_from("abc"), st.lists(st.sampled_from("abc")))
def test_nobody_of_a_unit_that_handled_a_case_reviews_it(unit: str, reviewer: str, handled_by: list[str]) -> None:
    if unit == reviewer and unit not in handled_by:
        check_reviewer(unit, reviewer, handled_by)
    else:
        with pytest.raises(Refused):
            check_reviewer(unit, reviewer, handled_by)


def test_an_item_without_a_fact_is_left_to_people() -> None:
    plain = Item("x", "g", "甲", "a", "Art 1", 1, "minor", frozenset({"pass", "fail"}))
    assert (proposed(plain, Record()).answer, proposed(plain, Record()).zh) == (None, "")


def test_ends_and_the_actions_that_lead_there_are_those_of_the_case_table() -> None:
    assert set(ENDINGS) <= set(HANDLING)
    assert len(ENDS) == len(set(ENDS)) == 9
