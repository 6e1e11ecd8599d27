"""信访工作条例 第二十二条: what is taken back puts nothing off; an assignment is due as long as it stands."""

from collections.abc import Iterator
from typing import Any

import pytest
from services.routing.tests.cases import OFFICE, PROVINCE, STATION, TOWN, fresh

from kit.errors import Refused
from routing.decisions import refuse_unknown_unit, settle_recall
from routing.domain import Case, Unit
from routing.timing.clocks import Clock
from tests.law.handling import COUNTING, do, handed_over, opened
from tests.law.limits import at, procedure

LATER = {"to": STATION, "due_at": at("2025-10-20 18:00")}
SOONER = {"to": STATION, "due_at": at("2025-09-20 18:00")}


def clock(case: Case, name: str) -> Clock:
    return next(each for each in case.clocks if each.name == name)


def running(case: Case) -> set[str]:
    return {each.name for each in case.clocks if each.open}


def days() -> Iterator[str]:
    return (f"2025-09-{day:02}" for day in range(2, 17))


def test_who_hands_over_and_recalls_every_day_has_fifteen_days_all_the_same() -> None:
    case = opened("2025-09-01 09:30")
    promised = clock(case, "office-decision")
    for day in days():
        case = do(do(case, "transfer", f"{day} 10:00", to=TOWN), "recall", f"{day} 10:05")
    assert clock(case, "office-decision") == promised
    assert case.due_at == promised.due_at == at("2025-09-17 00:00")


def test_what_nobody_knows_the_unit_of_comes_back_with_the_days_that_were_left() -> None:
    case = do(opened("2025-09-01 09:30"), "transfer", "2025-09-10 10:00", to=TOWN)
    assert not clock(case, "office-decision").open
    back = refuse_unknown_unit(case, at("2025-09-12 10:00"), procedure(), COUNTING)
    assert (back.state, clock(back, "office-decision").due_at) == ("screened", at("2025-09-17 00:00"))
    assert running(back) == {"office-decision"}


def test_a_recall_that_another_node_grants_gives_no_time_either() -> None:
    case = do(opened("2025-09-01 09:30"), "transfer", "2025-09-10 10:00", to=TOWN)
    assert case.hand_over is not None
    back = settle_recall(case, case.hand_over.id, case.version, at("2025-09-20 10:00"), procedure(), COUNTING)
    assert back is not None
    assert clock(back, "office-decision").due_at == at("2025-09-17 00:00")


def test_the_unit_that_hands_on_and_recalls_still_has_to_tell_the_petitioner_in_time() -> None:
    case = handed_over("2025-09-03 10:00")
    promised = {name: clock(case, name) for name in ("unit-notice", "objection")}
    for day in days():
        if day > "2025-09-03":
            offered = do(case, "transfer", f"{day} 10:00", TOWN, to=STATION)
            assert running(offered) == {"receive-hand-over"}
            case = do(offered, "recall", f"{day} 10:05", TOWN)
    assert {name: clock(case, name) for name in promised} == promised
    assert running(case) == set(promised), "nothing that was the office's begins at the unit"


def test_what_an_objection_brings_back_is_decided_anew_by_whoever_handed_it_on() -> None:
    below = do(do(handed_over("2025-09-03 10:00"), "transfer", "2025-09-05 10:00", TOWN, to=STATION), "receive",
               "2025-09-08 10:00", STATION)  # fmt: skip
    objected = do(below, "object", "2025-09-09 10:00", STATION, reason="not-ours")
    back = do(objected, "agree-objection", "2025-09-10 10:00", TOWN)
    assert (back.state, back.holder_unit) == ("received", TOWN.code)
    assert running(back) == {"unit-notice"}
    assert clock(back, "unit-notice").due_at == at("2025-09-26 00:00")


def assigned(moment: str = "2025-09-02 10:00", **more: Any) -> Case:
    """To the town, by 20 October."""
    case = do(opened(), "assign", moment, **{"to": TOWN, "due_at": at("2025-10-20 18:00"), **more})
    return do(case, "receive", moment, TOWN)


@pytest.mark.parametrize("ending", ["recall", "agree-objection", "return"])
def test_a_hop_below_that_comes_to_nothing_does_not_end_the_assignment_above_it(ending: str) -> None:
    case = do(assigned(), "transfer", "2025-09-04 10:00", TOWN, to=STATION)
    if ending == "recall":
        back = do(case, "recall", "2025-09-05 10:00", TOWN)
    elif ending == "return":
        back = refuse_unknown_unit(case, at("2025-09-05 10:00"), procedure(), COUNTING)
    else:
        objected = do(do(case, "receive", "2025-09-05 10:00", STATION), "object", "2025-09-05 11:00", STATION,
                      reason="not-ours")  # fmt: skip
        back = do(objected, "agree-objection", "2025-09-05 12:00", TOWN)
    assert [hop.kind for hop in back.hops] == ["assign"]
    promised = clock(back, "result-report")
    assert (promised.open, promised.due_at) == (True, at("2025-10-20 18:00"))


def test_with_the_assignment_itself_its_date_goes() -> None:
    offered = do(opened(), "assign", "2025-09-02 10:00", to=TOWN, due_at=at("2025-10-20 18:00"))
    assert not clock(do(offered, "recall", "2025-09-03 10:00"), "result-report").open
    objected = do(assigned(), "object", "2025-09-03 10:00", TOWN, reason="not-ours")
    assert not clock(do(objected, "agree-objection", "2025-09-04 10:00"), "result-report").open


def test_a_sooner_date_set_below_goes_with_the_hand_over_that_set_it() -> None:
    below = do(assigned(), "assign", "2025-09-04 10:00", TOWN, **SOONER)
    assert clock(below, "result-report").due_at == at("2025-09-20 18:00")
    back = do(below, "recall", "2025-09-05 10:00", TOWN)
    assert clock(back, "result-report").due_at == at("2025-10-20 18:00")
    kept = do(do(assigned(), "assign", "2025-09-04 10:00", TOWN, **LATER), "recall", "2025-09-05 10:00", TOWN)
    assert clock(kept, "result-report").started_at == at("2025-09-02 10:00")


def hand_on(case: Case, by: Unit, to: Unit, **more: Any) -> str:
    """The slug with which it is refused, or the state it leads to."""
    try:
        return do(case, "transfer", "2025-09-05 10:00", by, to=to, **more).state
    except Refused as refused:
        return refused.slug


def test_what_was_received_goes_down_the_tiers_only() -> None:
    case = handed_over("2025-09-03 10:00")
    beside = Unit("another town", TOWN.region, TOWN.node, above=(OFFICE.code, PROVINCE.code))
    assert hand_on(case, TOWN, STATION) == "offered"
    assert hand_on(case, TOWN, OFFICE) == "object-instead", "back to its sender"
    assert hand_on(case, TOWN, PROVINCE) == "object-instead", "up"
    assert hand_on(case, TOWN, beside) == "object-instead", "sideways"
    assert hand_on(opened(), OFFICE, PROVINCE) == "offered", "what an office registered may belong to anybody"


def gone_up() -> Case:
    """A town registers it and sends it to the province, which sends it to the office between them."""
    office = Unit(OFFICE.code, OFFICE.region, OFFICE.node, above=(PROVINCE.code,))
    case = fresh(unit=TOWN, registered_at=at("2025-09-01 09:30"), procedure=procedure(), counting=COUNTING, route=6)
    case = do(do(case, "transfer", "2025-09-02 10:00", TOWN, to=PROVINCE), "receive", "2025-09-02 11:00", PROVINCE)
    return do(do(case, "transfer", "2025-09-02 12:00", PROVINCE, to=office), "receive", "2025-09-02 13:00", OFFICE)


def test_where_a_case_has_been_before_only_the_common_superior_sends_it_again() -> None:
    town = Unit(TOWN.code, TOWN.region, TOWN.node, above=(OFFICE.code, PROVINCE.code))
    again = do(gone_up(), "transfer", "2025-09-03 10:00", to=town, arbiter=PROVINCE)
    assert (again.state, again.asked, again.holder_unit) == ("disputed", PROVINCE.code, OFFICE.code)
    insisted = do(gone_up(), "transfer", "2025-09-03 10:00", to=town, arbiter=OFFICE)  # it is the superior of both
    assert insisted.hand_over is not None
    assert (insisted.state, insisted.hand_over.forced) == ("offered", True)


def test_a_case_is_handed_on_only_so_often() -> None:
    case = handed_over("2025-09-03 10:00")
    assert hand_on(case, TOWN, STATION, hops=2) == "offered"
    assert hand_on(case, TOWN, STATION, hops=1) == "too-many-hops"
