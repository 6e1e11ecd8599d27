"""信访工作条例 第三十五条: review is asked for within 30 days of service and answered within 30 days."""

from tests.law.limits import Case


def served() -> Case:
    case = Case().do("open", "2025-09-01 09:30").do("accept", "2025-09-02 10:00")
    return case.do("serve", "2025-10-20 10:00")


def test_thirty_days_to_ask_run_from_service() -> None:
    assert served().last_day("ask-review") == "2025-11-19"
    assert not served().runs("handling")


def test_closing_what_was_served_does_not_open_the_window_anew() -> None:
    assert served().do("close", "2025-10-25 10:00").last_day("ask-review") == "2025-11-19"


def test_thirty_days_to_answer_run_from_the_request() -> None:
    case = served().do("request-review", "2025-11-03 10:00", stage="review")
    assert not case.runs("ask-review")
    assert case.last_day("review") == "2025-12-03"
