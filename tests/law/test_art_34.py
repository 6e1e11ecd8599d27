"""信访工作条例 第三十四条: 60 days from acceptance, extended once by at most 30 before they are over."""

import pytest

from kit.errors import Refused
from routing.procedures.library import Library
from tests.law.handling import do, opened
from tests.law.limits import Case


def accepted() -> Case:
    return Case().do("open", "2025-09-01 09:30").do("accept", "2025-09-08 10:00")


def test_sixty_days_run_from_acceptance() -> None:
    assert accepted().last_day("handling") == "2025-11-07"


def test_an_extension_adds_its_days_to_the_sixty() -> None:
    case = accepted().do("extend", "2025-11-07 23:59:59", days=30)
    assert case.last_day("handling") == "2025-12-08"  # the ninetieth day is Sunday 7 December


def test_an_extension_asked_after_expiry_is_refused() -> None:
    assert accepted().refused("extend", "2025-11-08 00:00", days=30) == "extension-too-late"


def test_more_than_thirty_days_are_refused() -> None:
    assert accepted().refused("extend", "2025-10-01 10:00", days=31) == "extension-too-long"


def test_a_second_extension_is_refused_although_days_are_left() -> None:
    case = accepted().do("extend", "2025-10-01 10:00", days=10)
    assert case.refused("extend", "2025-10-02 10:00", days=10) == "extension-too-long"


def test_days_on_which_a_legal_process_stood_in_the_way_are_not_counted() -> None:
    case = accepted().do("suspend", "2025-09-10 15:00").do("resume", "2025-09-12 09:00")  # 10, 11, 12 September
    assert case.last_day("handling") == "2025-11-10"


def test_nothing_is_extended_where_no_clock_runs() -> None:
    case = Case().do("open", "2025-09-01 09:30")
    assert case.refused("extend", "2025-09-02 10:00", days=5) == "nothing-to-extend"


@pytest.mark.parametrize("route", range(1, 6))
def test_routes_one_to_five_have_no_clock_of_sixty_days(route: int) -> None:
    chosen = Library.shipped().choose("appeal", route, None)
    case = Case(chosen.key).do("open", "2025-09-01 09:30").do("accept", "2025-09-08 10:00")
    assert not case.runs("handling")


@pytest.mark.parametrize("kind", ["suggestion", "accusation"])
def test_suggestions_and_accusations_have_no_clock_of_sixty_days(kind: str) -> None:
    chosen = Library.shipped().choose(kind, None, None)
    case = Case(chosen.key).do("open", "2025-09-01 09:30").do("accept", "2025-09-08 10:00")
    assert not case.runs("handling")


def test_an_extension_is_granted_until_24_00_of_the_last_day_and_not_after() -> None:
    case = do(opened(), "accept", "2025-09-08 10:00")
    assert do(case, "extend", "2025-11-07 23:59:59", days=30).clocks != case.clocks
    with pytest.raises(Refused, match="extension-too-late") as refused:
        do(case, "extend", "2025-11-08 00:00", days=30)
    assert refused.value.facts["rule"] == "Art 34"
