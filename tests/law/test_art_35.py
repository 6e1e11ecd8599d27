"""信访工作条例 第三十五条: review is asked for within 30 days of service and answered within 30 days."""

from dataclasses import replace

import pytest
from services.routing.tests.cases import OFFICE, PROVINCE

from kit.errors import Refused
from tests.law.handling import do, opened
from tests.law.limits import Case, at


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


def test_a_review_is_asked_for_until_24_00_of_the_thirtieth_day_and_not_after() -> None:
    accepted = do(opened(), "accept", "2025-09-08 10:00")
    approved = replace(accepted, state="opinion-approved", handler_unit=OFFICE.code)
    case = do(approved, "serve", "2025-10-20 10:00")
    assert do(case, "request-review", "2025-11-19 23:59:59", parent=PROVINCE).stage == "review"
    with pytest.raises(Refused, match="in-review-window") as refused:
        do(case, "request-review", "2025-11-20 00:00", parent=PROVINCE)
    assert refused.value.facts["rule"] == "Art 35, 36"
    asked_in_time = do(case, "request-review", "2025-11-25 09:00", parent=PROVINCE, asked_at=at("2025-11-19 17:00"))
    assert asked_in_time.stage == "review", "the day of the request counts, not that of its record"
