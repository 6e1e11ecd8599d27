"""信访工作条例 第二十三条: the unit tells within 15 days of receipt; it may object within 5 working days."""

from typing import Any

import pytest
from services.routing.tests.cases import TOWN

from kit.errors import Refused
from tests.law.handling import do, handed_over
from tests.law.limits import Case


def test_there_are_two_clocks_of_fifteen_days_one_after_the_other() -> None:
    case = Case().do("open", "2025-09-01 09:30").do("transfer", "2025-09-10 10:00").do("receive", "2025-09-11 10:00")
    assert not case.runs("office-decision")
    assert case.last_day("unit-notice") == "2025-09-26"


def test_five_working_days_to_object_run_over_a_weekend_day_that_is_made_up_for() -> None:
    # 25, 26, then Sunday 28 September (调休), 29, 30; the holidays after it are not reached
    case = Case().do("open", "2025-09-01 09:30").do("transfer", "2025-09-24 10:00").do("receive", "2025-09-24 11:00")
    assert case.last_day("objection") == "2025-09-30"


def test_five_working_days_to_object_leave_out_the_holidays() -> None:
    # 30 September, 9, 10, then Saturday 11 October (调休), 13
    case = Case().do("open", "2025-09-20 09:30").do("transfer", "2025-09-29 10:00").do("receive", "2025-09-29 11:00")
    assert case.last_day("objection") == "2025-10-13"


def test_each_hop_has_its_own_clocks() -> None:
    case = Case().do("open", "2025-09-01 09:30").do("transfer", "2025-09-02 10:00").do("receive", "2025-09-03 10:00")
    case.do("transfer", "2025-09-15 10:00")
    assert not case.runs("unit-notice")
    case.do("receive", "2025-09-17 10:00")
    assert case.last_day("unit-notice") == "2025-10-09"  # 2 October is a holiday
    assert [clock.name for clock in case.clocks].count("unit-notice") == 1


def test_what_is_a_right_makes_nobody_late() -> None:
    case = Case().do("open", "2025-09-01 09:30").do("transfer", "2025-09-02 10:00").do("receive", "2025-09-03 10:00")
    assert case.level("objection", "2026-01-01 00:00") == "green"


def test_the_clock_of_the_hand_over_runs_until_somebody_signs_for_it() -> None:
    case = Case().do("open", "2025-09-01 09:30").do("transfer", "2025-09-24 10:00")
    assert case.last_day("receive-hand-over") == "2025-09-28"  # 25, 26, Sunday 28 (调休)
    assert case.level("receive-hand-over", "2025-09-29 00:00") == "red"
    assert not case.do("receive", "2025-09-29 08:00").runs("receive-hand-over")


@pytest.mark.parametrize(
    ("received", "last", "after"),
    [
        ("2025-09-24 11:00", "2025-09-30", "2025-10-01"),  # over Sunday 28 September, on which people work (调休)
        ("2025-09-29 11:00", "2025-10-13", "2025-10-14"),  # over the holidays and Saturday 11 October (调休)
        ("2025-09-15 11:00", "2025-09-22", "2025-09-23"),  # over a weekend like any other
    ],
)
def test_an_objection_is_heard_until_24_00_of_the_fifth_working_day(received: str, last: str, after: str) -> None:
    case = handed_over(received)
    objecting: dict[str, Any] = {"reason": "not-ours", "note": "不属本单位"}
    assert do(case, "object", f"{last} 23:59:59", TOWN, **objecting).state == "objected"
    with pytest.raises(Refused, match="objection-too-late") as refused:
        do(case, "object", f"{after} 00:00", TOWN, **objecting)
    assert refused.value.facts["rule"] == "Art 23"
