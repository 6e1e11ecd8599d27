"""信访工作条例 第三十一条: only appeals of item (6) are handled by petition procedure, with the 60 days of Art 34."""

import pytest

from routing.procedures.library import Library
from tests.law.limits import Case


@pytest.mark.parametrize("route", [1, 2, 3, 4, 5])
def test_routes_one_to_five_have_no_sixty_days(route: int) -> None:
    procedure = Library.shipped().choose("appeal", route)
    assert not [clock for clock in procedure.clocks if clock.name == "handling"]
    case = Case(procedure.key).do("open", "2025-09-01 09:30")
    assert not [clock for clock in case.clocks if clock.name == "handling"]


@pytest.mark.parametrize("kind", ["suggestion", "accusation"])
def test_suggestions_and_accusations_have_no_sixty_days(kind: str) -> None:
    assert not [clock for clock in Library.shipped().choose(kind, None).clocks if clock.name == "handling"]


def test_route_six_has_them_so_that_the_check_can_fail() -> None:
    case = (
        Case(Library.shipped().choose("appeal", 6).key).do("open", "2025-09-01 09:30").do("accept", "2025-09-02 10:00")
    )
    assert case.last_day("handling") == "2025-11-01" or case.runs("handling")
