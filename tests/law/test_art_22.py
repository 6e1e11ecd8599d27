"""信访工作条例 第二十二条: a petition office decides within 15 days of registration."""

from routing.timing.clocks import CountingPolicy
from tests.law.limits import Case


def test_the_fifteen_days_end_at_24_00_of_the_fifteenth_day_after_registration() -> None:
    case = Case().do("open", "2025-09-01 09:30")
    assert case.last_day("office-decision") == "2025-09-16"
    assert case.level("office-decision", "2025-09-16 23:59:59") == "yellow"
    assert case.level("office-decision", "2025-09-17 00:00") == "red"


def test_the_day_of_registration_is_not_counted_however_late_it_was() -> None:
    early, late = (Case().do("open", f"2025-09-01 {hour}") for hour in ("00:00", "23:59:59"))
    assert early.last_day("office-decision") == late.last_day("office-decision") == "2025-09-16"


def test_an_office_may_count_the_first_day() -> None:
    case = Case(policy=CountingPolicy(exclude_first_day=False)).do("open", "2025-09-01 09:30")
    assert case.last_day("office-decision") == "2025-09-15"


def test_a_last_day_on_a_holiday_moves_to_the_first_working_day_after_it() -> None:
    case = Case().do("open", "2025-09-16 10:00")  # the fifteenth day is 1 October; people work again on the 9th
    assert case.last_day("office-decision") == "2025-10-09"


def test_a_last_day_on_a_weekend_day_that_is_made_up_for_does_not_move() -> None:
    case = Case().do("open", "2025-09-26 10:00")  # the fifteenth day is Saturday 11 October, on which people work
    assert case.last_day("office-decision") == "2025-10-11"


def test_an_office_may_leave_the_last_day_where_it_falls() -> None:
    case = Case(policy=CountingPolicy(roll_to_next_working_day=False)).do("open", "2025-09-16 10:00")
    assert case.last_day("office-decision") == "2025-10-01"


def test_handing_over_in_time_stops_the_clock_for_good() -> None:
    case = Case().do("open", "2025-09-01 09:30").do("transfer", "2025-09-16 23:59")
    assert not case.runs("office-decision")
    assert case.level("office-decision", "2026-01-01 00:00") == "green"


def test_what_was_handed_over_late_stays_late() -> None:
    case = Case().do("open", "2025-09-01 09:30").do("transfer", "2025-09-17 00:00")
    assert case.level("office-decision", "2025-09-17 00:00") == "red"


def test_an_assignment_has_the_date_its_sender_set_and_handing_it_on_does_not_put_it_off() -> None:
    case = Case().do("open", "2025-09-01 09:30").do("assign", "2025-09-02 10:00", due="2025-10-20 18:00")
    case.do("receive", "2025-09-03 10:00").do("assign", "2025-09-03 11:00", due="2025-11-20 18:00")
    promised = case.clock("result-report")
    assert promised.set_due
    assert str(promised.due_at) == "2025-10-20 18:00:00+08:00"


def test_an_assignment_without_a_date_to_come_is_refused() -> None:
    case = Case().do("open", "2025-09-01 09:30")
    assert case.refused("assign", "2025-09-02 10:00") == "deadline-missing"
