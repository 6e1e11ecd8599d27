"""The table of states and actions: every allowed and every forbidden pair."""

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from kit.errors import CATALOGUE, Refused
from routing import domain
from routing.domain import ACTIONS, STATES, TABLE, Actor, Case, Unit

NOW = datetime(2026, 1, 5, tzinfo=UTC)
OFFICE = Unit("office", "33.02", "33.02")
TOWN = Unit("town", "33.02.25", "33.02")
BUREAU = Unit("bureau", "33.02.26", "33.02")
ALL = frozenset({"clerk", "handler", "leader"})


def actor(unit: Unit = OFFICE, *roles: str) -> Actor:
    return Actor("somebody", unit.code, unit.node, frozenset(roles) or ALL)


def fresh(**changes: object) -> Case:
    given = {"case_id": UUID(int=1), "number": "XF1", "channel": "letter", "kind": "appeal", "unit": OFFICE}
    return domain.open_case(**{**given, "registered_at": NOW, **changes})  # type: ignore[arg-type]  # test data


def offered(case: Case | None = None, to: Unit = TOWN) -> Case:
    case = case or fresh()
    return domain.offer(case, actor(), case.version, kind="transfer", to=to, hand_over_id=UUID(int=2), at=NOW)


def in_state(state: str) -> Case:
    case = fresh()
    if state == "registered":
        return case
    if state in {"offered", "received"}:
        case = offered(case)
        return case if state == "offered" else domain.receive(case, actor(TOWN), case.version, NOW)
    case = domain.accept(case, actor(), case.version, NOW)
    if state != "accepted":
        case = domain.write_opinion(case, actor(), case.version, NOW, "support")
    if state == "closed":
        case = domain.close(case, actor(), case.version, NOW)
    return case


def attempt(case: Case, action: str) -> Case:  # noqa: PLR0911 - one branch an action
    """Do an action as whoever the table lets do it, so that only the state can refuse."""
    rule = TABLE.get((case.state, action))
    party = rule.party if rule else "holder"
    offer = case.hand_over
    code = (
        case.holder_unit
        if party == "holder" or offer is None
        else {"offered": offer.to_unit, "offerer": offer.from_unit}[party]
    )
    who = Actor("somebody", code, "33.02", ALL)
    match action:
        case "transfer" | "assign":
            due = NOW + timedelta(days=15)
            return domain.offer(
                case, who, case.version, kind=action, to=BUREAU, hand_over_id=UUID(int=3), at=NOW, due_at=due
            )
        case "receive":
            return domain.receive(case, who, case.version, NOW)
        case "return":
            return domain.send_back(case, who, case.version, NOW, "not-ours", "不属本单位职责")
        case "withdraw":
            return domain.withdraw(case, who, case.version, NOW)
        case "accept":
            return domain.accept(case, who, case.version, NOW)
        case "write-opinion":
            return domain.write_opinion(case, who, case.version, NOW, "explain")
        case _:
            return domain.close(case, who, case.version, NOW)


@pytest.mark.parametrize(("state", "action"), list(itertools.product(STATES, ACTIONS)))
def test_every_pair_is_allowed_or_refused_as_the_table_says(state: str, action: str) -> None:
    case = in_state(state)
    assert case.state == state
    if (state, action) not in TABLE:
        with pytest.raises(Refused, match="not-in-this-state"):
            attempt(case, action)
        return
    changed = attempt(case, action)
    expected = TABLE[(state, action)].to
    assert changed.state == (expected if expected in STATES else "registered")
    assert (changed.version, changed.last.action) == (case.version + 1, action)


def test_the_table_names_only_known_states_and_actions() -> None:
    assert {state for state, _ in TABLE} <= set(STATES)
    assert {action for _, action in TABLE} == set(ACTIONS)


def test_every_refusal_of_the_domain_is_in_the_catalogue() -> None:
    import routing.refusals  # noqa: F401 - fills the catalogue

    assert {"not-in-this-state", "not-the-holder", "held-elsewhere", "already-the-holder", "deadline-missing"} <= set(
        CATALOGUE
    )


def test_a_stale_version_is_refused() -> None:
    case = fresh()
    with pytest.raises(Refused, match="version-conflict"):
        domain.accept(case, actor(), case.version - 1, NOW)


def test_only_the_holder_acts() -> None:
    with pytest.raises(Refused, match="not-the-holder"):
        domain.accept(fresh(), actor(TOWN), 1, NOW)


def test_a_clerk_does_not_close() -> None:
    case = in_state("opinion-written")
    with pytest.raises(Refused, match="not-allowed"):
        domain.close(case, actor(OFFICE, "clerk"), case.version, NOW)


def test_a_returned_case_falls_back_to_its_sender_as_it_was() -> None:
    before = in_state("received")
    back = domain.send_back(
        domain.offer(before, actor(TOWN), before.version, kind="transfer", to=BUREAU, hand_over_id=UUID(int=4), at=NOW),
        actor(BUREAU), before.version + 1, NOW, "not-ours", "",
    )  # fmt: skip
    assert (back.state, back.holder_unit, back.writer) == ("received", TOWN.code, TOWN.node)
    assert back.hand_over is None


def test_nothing_is_offered_to_the_accused_unit_or_one_below_it() -> None:
    case = fresh(accused_units=("accused",), kind="accusation")
    accused = Unit("accused", "33.02.25", "33.02")
    below = Unit("below", "33.02.25.100", "33.02")
    beside = Unit("beside", "33.02.25", "33.02")
    for to in (accused, below):
        with pytest.raises(Refused, match="accused-unit"):
            domain.offer(case, actor(), 1, kind="transfer", to=to, hand_over_id=UUID(int=5), at=NOW, accused=(accused,))
    assert domain.offer(
        case, actor(), 1, kind="transfer", to=beside, hand_over_id=UUID(int=5), at=NOW, accused=(accused,)
    )


def test_an_assignment_needs_a_deadline_to_come() -> None:
    for due in (None, NOW):
        with pytest.raises(Refused, match="deadline-missing"):
            domain.offer(fresh(), actor(), 1, kind="assign", to=TOWN, hand_over_id=UUID(int=6), at=NOW, due_at=due)
