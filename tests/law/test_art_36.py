"""信访工作条例 第三十六条: re-review within 30 days, in which the time of a hearing is not counted."""

from tests.law.limits import Case


def in_re_review() -> Case:
    case = Case().do("open", "2025-06-02 09:30").do("accept", "2025-06-03 10:00").do("serve", "2025-07-01 10:00")
    case.do("request-review", "2025-07-10 10:00", stage="review").do("serve", "2025-08-04 10:00", stage="review")
    return case.do("request-review", "2025-08-11 10:00", stage="re-review")


def test_thirty_days_run_from_the_request() -> None:
    assert in_re_review().last_day("re-review") == "2025-09-10"


def test_the_days_of_a_hearing_are_not_counted() -> None:
    case = in_re_review().do("start-hearing", "2025-08-20 09:00", stage="re-review")
    case.do("end-hearing", "2025-08-21 17:00", stage="re-review")
    assert case.last_day("re-review") == "2025-09-12"


def test_a_hearing_of_a_few_hours_takes_its_day_out() -> None:
    case = in_re_review().do("start-hearing", "2025-08-20 09:00", stage="re-review")
    case.do("end-hearing", "2025-08-20 11:00", stage="re-review")
    assert case.last_day("re-review") == "2025-09-11"


def test_two_sittings_on_one_day_take_it_out_once() -> None:
    case = in_re_review()
    for begins, ends in (("09:00", "11:00"), ("14:00", "16:00")):
        case.do("start-hearing", f"2025-08-20 {begins}", stage="re-review")
        case.do("end-hearing", f"2025-08-20 {ends}", stage="re-review")
    assert case.last_day("re-review") == "2025-09-11"


def test_a_hearing_after_the_time_is_over_heals_nothing() -> None:
    case = in_re_review().do("start-hearing", "2025-09-11 00:00", stage="re-review")
    case.do("end-hearing", "2025-09-12 17:00", stage="re-review")
    assert case.last_day("re-review") == "2025-09-10"


def test_while_the_hearing_goes_on_nobody_is_late() -> None:
    case = in_re_review().do("start-hearing", "2025-08-20 09:00", stage="re-review")
    assert case.level("re-review", "2026-01-01 00:00") == "green"


def test_in_the_handling_of_the_unit_a_hearing_is_counted() -> None:
    case = Case().do("open", "2025-09-01 09:30").do("accept", "2025-09-08 10:00")
    case.do("start-hearing", "2025-09-10 09:00").do("end-hearing", "2025-09-12 17:00")
    assert case.last_day("handling") == "2025-11-07"
