"""Mass notices: who may do what when, whatever is tried in whatever order."""

from collections.abc import Mapping
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.errors import Refused
from notify.notices import domain
from notify.notices.domain import MESSAGE_STATES, STATES, TABLE, Progress, Standing

PEOPLE = ("an", "bo", "cai")
ACTIONS = sorted({action for _, action in TABLE})


def tried(standing: Standing, action: str, who: str) -> Standing:
    """As it stands after the action, if that was allowed."""
    try:
        match action:
            case "change":
                return domain.change(standing, who)
            case "gather":
                found = Standing(standing.state, standing.version, standing.writers, gathered=True, recipients=3)
                return found if standing.state == "draft" else standing
            case "submit":
                return domain.submit(standing, who)
            case "approve" | "return":
                decision: Literal["approve", "return"] = "approve" if action == "approve" else "return"
                return domain.decide(standing, decision, who)
            case "pause" | "resume" | "stop" | "finish":
                return domain.control(standing, action)
            case _:
                raise AssertionError(action)
    except Refused:
        return standing


@given(st.lists(st.tuples(st.sampled_from([*ACTIONS, "gather"]), st.sampled_from(PEOPLE)), max_size=25))
def test_nothing_runs_without_four_eyes_and_nothing_moves_after_the_end(steps: list[tuple[str, str]]) -> None:
    standing, approved_by = Standing(writers=frozenset({"an"})), ""
    for action, who in steps:
        after = tried(standing, action, who)
        if after.state == "running" and standing.state == "submitted":
            approved_by = who
            assert action == "approve"
            assert who not in after.writers
            assert after.gathered
            assert after.recipients
        if standing.state in {"stopped", "finished"}:
            assert after == standing
        assert after.version == standing.version + (after != standing and action != "gather")
        assert standing.writers <= after.writers
        standing = after
    if standing.state in {"running", "paused", "finished"}:
        assert approved_by
        assert approved_by not in standing.writers


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ACTIONS)
def test_whatever_the_table_does_not_name_is_refused(state: domain.State, action: str) -> None:
    standing = Standing(state, 4, frozenset({"an"}), gathered=True, recipients=2)
    after = tried(standing, action, "bo")
    leads_to = [to for pair, to in TABLE.items() if pair == (state, action)]
    assert after.state == (leads_to[0] if leads_to else state)
    assert (after.version > standing.version) is bool(leads_to)


def test_it_is_not_submitted_before_its_recipients_are_known_nor_without_any() -> None:
    for standing, slug in ((Standing(), "notice-gathering"), (Standing(gathered=True), "notice-without-recipients")):
        with pytest.raises(Refused, match=slug):
            domain.submit(standing, "an")


def test_who_returned_and_then_changed_a_notice_cannot_approve_it() -> None:
    submitted = domain.submit(Standing(writers=frozenset({"an"}), gathered=True, recipients=1), "an")
    changed = domain.change(domain.decide(submitted, "return", "bo"), "bo")
    again = domain.submit(Standing(changed.state, changed.version, changed.writers, gathered=True, recipients=1), "an")
    with pytest.raises(Refused, match="four-eyes-notice"):
        domain.decide(again, "approve", "bo")
    assert domain.decide(again, "approve", "cai").state == "running"


@given(st.dictionaries(st.sampled_from(MESSAGE_STATES), st.integers(0, 1000)), st.integers(0, 100), st.integers(0, 100))
def test_figures_add_up(messages: Mapping[str, int], left_out: int, waiting: int) -> None:
    progress = Progress(sum(messages.values()) + left_out + waiting, left_out, messages)
    assert progress.waiting == waiting
    assert progress.waiting + progress.left_out + sum(progress.messages.values()) == progress.recipients
    under_way = sum(messages.get(state, 0) for state in ("queued", "held", "sending"))
    assert progress.gone == progress.recipients - waiting - under_way
    assert progress.complete is (waiting + under_way == 0)
