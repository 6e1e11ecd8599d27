"""The table of states and actions: every allowed and every forbidden pair."""

import itertools
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from services.routing.tests.cases import (
    ANYTHING,
    BUREAU,
    NOW,
    OFFICE,
    PROVINCE,
    TOWN,
    actor,
    attempt,
    fresh,
    in_state,
    offer_to,
    whoever,
)

import routing.refusals
import routing.timing.refusals  # noqa: F401 - these fill the catalogue
from kit.errors import CATALOGUE, Refused
from routing.domain import Case, Unit
from routing.guards import GUARDS, Situation
from routing.procedures.domain import ActionRule, Procedure
from routing.table import ACTIONS, BACK, ENDS, SAME, STATES, TABLE

GUARDED = {
    "not-a-review", "not-in-review", "was-handed-over", "not-forced", "objection-too-late", "was-assigned", "four-eyes",
    "in-review-window", "nothing-to-extend", "extension-too-late", "extension-too-long", "is-suspended", "is-merged",
    "not-terminated-before", "not-barred", "not-confidential", "confidential-already", "object-instead",
    "too-many-hops", "nothing-to-claim",
}  # fmt: skip


def prepared(state: str, action: str) -> Case:
    """Overlays that the action asks for."""
    case = in_state(state)
    return replace(
        case, suspended=action == "resume", merged_into=UUID(int=9) if action == "unmerge" else None,
        terminated_before=action in {"refuse-again", "lift-bar"},
        readers=(f"{case.holder_unit}:",) if action == "unmark-confidential" else None,
    )  # fmt: skip


@pytest.mark.parametrize(("state", "action"), list(itertools.product(STATES, ACTIONS)))
def test_every_pair_is_allowed_or_refused_as_the_table_says(state: str, action: str) -> None:
    case = prepared(state, action)
    if (state, action) not in TABLE:
        with pytest.raises(Refused, match="not-in-this-state"):
            attempt(case, action)
        return
    changed = attempt(case, action)
    expected = TABLE[(state, action)].to
    assert changed.state == {SAME: state, BACK: "screened"}.get(expected, expected)
    assert (changed.version, changed.last.action) == (case.version + 1, action)


def test_the_table_names_only_known_states_and_actions() -> None:
    assert {state for state, _ in TABLE} <= set(STATES)
    assert {rule.to for rule in TABLE.values()} <= {*STATES, SAME, BACK}


def test_every_state_is_reached_and_every_unfinished_one_is_left() -> None:
    reached = {rule.to for rule in TABLE.values()} | {"registered", "disputed", "terminated"}
    assert set(STATES) <= reached
    left = {state for state, _ in TABLE}
    assert set(STATES) - left <= ENDS


def test_every_guard_is_known_and_every_refusal_is_in_the_catalogue() -> None:
    case = in_state("received")
    for rule in TABLE.values():
        for guard in rule.guards:
            GUARDS[guard](Situation(case, whoever(case, "accept"), NOW, ANYTHING))
    assert {
        "not-in-this-state",
        "not-the-holder",
        "held-elsewhere",
        "suspended",
        "merged",
        "incomplete",
        *GUARDED,
    } <= set(CATALOGUE)


def test_a_procedure_narrows_the_table_but_no_case_is_stuck_between_units() -> None:
    narrow = Procedure(
        "narrow", 1, "", "", frozenset(), frozenset(), {"accept": ActionRule(roles=frozenset({"leader"}))}, ()
    )
    with pytest.raises(Refused, match="not-in-this-state"):
        attempt(in_state("received"), "decline", narrow)
    with pytest.raises(Refused, match="not-allowed"):
        attempt(in_state("received"), "accept", narrow, actor=actor(TOWN, "clerk"))
    assert attempt(in_state("offered"), "receive", narrow).state == "received"


def test_a_refused_action_tells_what_is_allowed() -> None:
    with pytest.raises(Refused) as refused:
        attempt(in_state("received"), "approve", actor=actor(TOWN))
    assert refused.value.facts["state"] == "received"
    assert "accept" in refused.value.facts["allowed"]


def test_a_stale_version_is_refused() -> None:
    with pytest.raises(Refused, match="version-conflict"):
        attempt(in_state("received"), "accept", version=7)


def test_only_the_holder_acts() -> None:
    with pytest.raises(Refused, match="not-the-holder"):
        attempt(in_state("received"), "accept", actor=actor(OFFICE))


def test_nobody_approves_what_they_sent_for_approval() -> None:
    case = replace(in_state("in-approval"), submitted_by="somebody")
    with pytest.raises(Refused, match="four-eyes"):
        attempt(case, "approve")


def test_every_approver_of_the_chain_has_a_say() -> None:
    chain = replace(ANYTHING, approval=("handler", "leader"))
    once = attempt(in_state("in-approval"), "approve", chain, actor=actor(OFFICE, "handler"))
    assert (once.state, once.step) == ("in-approval", 1)
    with pytest.raises(Refused, match="not-allowed"):
        attempt(once, "approve", chain, actor=actor(OFFICE, "handler"))
    second = actor(OFFICE, "leader", subject="leader")
    assert attempt(once, "approve", chain, actor=second).state == "opinion-approved"


def test_nobody_approves_twice_in_two_roles_until_the_opinion_is_sent_anew() -> None:
    chain = replace(ANYTHING, approval=("handler", "leader"))
    once = attempt(in_state("in-approval"), "approve", chain, actor=actor(OFFICE))
    with pytest.raises(Refused, match="four-eyes"):
        attempt(once, "approve", chain, actor=actor(OFFICE))
    returned = attempt(once, "return-draft", chain, actor=actor(OFFICE))
    anew = attempt(returned, "submit", chain, actor=actor(OFFICE, subject="another"))
    assert attempt(anew, "approve", chain, actor=actor(OFFICE)).step == 1


def test_an_appeal_without_a_route_must_be_screened() -> None:
    assert fresh().state == "registered"
    assert fresh(route=6).state == "screened"
    assert fresh(kind="suggestion").state == "screened"


def test_a_suspended_or_merged_case_waits() -> None:
    with pytest.raises(Refused, match="suspended"):
        attempt(replace(in_state("accepted"), suspended=True), "submit")
    with pytest.raises(Refused, match="merged"):
        attempt(replace(in_state("accepted"), merged_into=UUID(int=9)), "submit")


def test_nothing_is_offered_to_the_accused_unit_or_one_below_it() -> None:
    case = replace(in_state("screened"), accused_units=("accused",))
    accused = Unit("accused", "33.02.25", "33.02")
    below = Unit("below", "33.02.25.100", "33.02", above=("accused", "office"))
    beside = Unit("beside", "33.02.25", "33.02", above=("office",))
    for to in (accused, below):
        with pytest.raises(Refused, match="accused-unit"):
            attempt(case, "transfer", to=to)
    assert attempt(case, "transfer", to=beside)


def test_an_assignment_needs_a_deadline_to_come() -> None:
    for due in (None, NOW):
        with pytest.raises(Refused, match="deadline-missing"):
            attempt(in_state("screened"), "assign", due_at=due)


def test_an_agreed_objection_gives_the_case_back_as_its_sender_held_it() -> None:
    objected = attempt(in_state("received"), "object", arbiter=OFFICE)
    assert (objected.state, objected.holder_unit, objected.asked) == ("objected", TOWN.code, OFFICE.code)
    back = attempt(objected, "agree-objection")
    assert (back.state, back.holder_unit, back.writer, back.hops) == ("screened", OFFICE.code, OFFICE.node, ())
    assert (back.objections, back.objected_units) == (1, (TOWN.code,))


def test_a_refused_objection_is_not_made_again() -> None:
    kept = attempt(attempt(in_state("received"), "object", arbiter=OFFICE), "refuse-objection")
    assert (kept.state, kept.holder_unit, kept.writer) == ("received", TOWN.code, TOWN.node)
    with pytest.raises(Refused, match="not-forced"):
        attempt(kept, "object")


def test_an_objection_after_five_working_days_is_refused() -> None:
    with pytest.raises(Refused, match="objection-too-late"):
        attempt(in_state("received"), "object", at=NOW + timedelta(days=31))


def test_the_second_objection_goes_to_the_common_superior_who_decides_for_good() -> None:
    disputed = attempt(replace(in_state("received"), objections=1), "object")
    assert (disputed.state, disputed.holder_unit, disputed.asked) == ("disputed", TOWN.code, PROVINCE.code)
    sent = attempt(disputed, "arbitrate", to=BUREAU)
    assert (sent.state, sent.holder_unit) == ("offered", BUREAU.code)
    received = attempt(sent, "receive")
    with pytest.raises(Refused, match="not-forced"):
        attempt(received, "object")


def test_the_same_unit_a_second_time_is_for_the_common_superior() -> None:
    case = replace(in_state("screened"), objected_units=(BUREAU.code,))
    assert attempt(case, "transfer").state == "disputed"
    insisted = attempt(case, "transfer", arbiter=OFFICE)  # who sends is the common superior itself
    assert insisted.hand_over is not None
    assert insisted.hand_over.forced


def test_a_review_goes_to_the_parent_unit_and_nowhere_else() -> None:
    closed = in_state("closed")
    with pytest.raises(Refused, match="not-the-parent-unit"):
        attempt(closed, "request-review", to=BUREAU)
    asked = attempt(closed, "request-review")
    assert (asked.state, asked.stage, asked.holder_unit, asked.handler_unit) == (
        "offered", "review", PROVINCE.code, OFFICE.code,
    )  # fmt: skip
    with pytest.raises(Refused, match="not-a-review"):
        attempt(asked, "recall")


def test_after_the_re_review_the_matter_is_terminated() -> None:
    last = replace(in_state("served"), stage="re-review", served_at=NOW)
    terminated = attempt(last, "close")
    assert terminated.state == "terminated"
    with pytest.raises(Refused, match="not-in-this-state"):
        attempt(terminated, "request-review")


def test_a_review_is_asked_for_within_thirty_days() -> None:
    with pytest.raises(Refused, match="in-review-window"):
        attempt(in_state("closed"), "request-review", at=NOW + timedelta(days=30))
    late_paper = attempt(
        in_state("closed"), "request-review", at=NOW + timedelta(days=31), asked_at=NOW + timedelta(days=29)
    )
    assert late_paper.stage == "review"


def test_what_was_terminated_before_is_not_accepted_again() -> None:
    case = replace(in_state("screened"), terminated_before=True)
    with pytest.raises(Refused, match="not-terminated-before"):
        attempt(case, "accept")
    assert attempt(case, "refuse-again").state == "not-accepted-again"
    assert offer_to().kind == "transfer"


def test_a_review_is_not_handed_on_to_the_unit_whose_opinion_it_is() -> None:
    case = replace(in_state("received"), stage="review", handler_unit=BUREAU.code)
    for action in ("transfer", "assign"):
        with pytest.raises(Refused, match="not-in-review"):
            attempt(case, action)


def test_nobody_settles_a_dispute_of_their_own() -> None:
    objected = attempt(replace(in_state("received"), objections=1), "object", arbiter=TOWN)
    assert (objected.state, objected.asked) == ("objected", OFFICE.code)


def test_service_is_not_before_the_approval_nor_a_request_before_the_service() -> None:
    case = replace(in_state("opinion-approved"), approved_at=NOW)
    with pytest.raises(Refused, match="invalid-input"):
        attempt(case, "serve", served_at=NOW - timedelta(days=1))
    served = replace(in_state("served"), served_at=NOW)
    with pytest.raises(Refused, match="in-review-window"):
        attempt(served, "request-review", asked_at=NOW - timedelta(days=1))


def test_a_limit_is_extended_once() -> None:
    extended = attempt(in_state("accepted"), "extend")
    with pytest.raises(Refused, match="extension-too-long"):
        attempt(extended, "extend")


@pytest.mark.parametrize("state", ["offered", "objected", "disputed", "opinion-approved", "served"])
def test_a_petitioner_withdraws_as_long_as_nothing_has_ended(state: str) -> None:
    withdrawn = attempt(in_state(state), "note-withdrawal")
    assert (withdrawn.state, withdrawn.hand_over, withdrawn.asked) == ("withdrawn", None, None)
    assert withdrawn.holder_unit == in_state(state).holder_unit
