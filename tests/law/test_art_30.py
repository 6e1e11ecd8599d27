"""信访工作条例 第三十条, 第四十六条第五项: the accused unit and its subordinates are never given the case."""

from dataclasses import replace

import pytest
from services.routing.tests.cases import OFFICE, TOWN, attempt, in_state

from kit.errors import Refused
from routing.domain import Unit

ACCUSED = Unit("accused", "33.02.25", "33.02")
BELOW = Unit("below", "33.02.25.100", "33.02")


@pytest.mark.parametrize("to", [ACCUSED, BELOW])
@pytest.mark.parametrize(
    ("state", "action"), [("screened", "transfer"), ("received", "assign"), ("disputed", "arbitrate")]
)
def test_no_hand_over_reaches_the_accused_unit_or_one_below_it(state: str, action: str, to: Unit) -> None:
    case = replace(in_state(state), accused_units=(ACCUSED.code,))
    with pytest.raises(Refused, match="accused-unit"):
        attempt(case, action, to=to, accused=(ACCUSED,))


def test_no_review_reaches_the_accused_unit() -> None:
    case = replace(in_state("closed"), accused_units=(ACCUSED.code,))
    with pytest.raises(Refused, match="accused-unit"):
        attempt(case, "request-review", parent=ACCUSED, accused=(ACCUSED,))


def test_the_accused_unit_can_do_nothing_with_a_case() -> None:
    case = replace(in_state("received"), accused_units=(TOWN.code,))
    with pytest.raises(Refused, match="accused-unit"):
        attempt(case, "accept")


def test_the_rule_names_the_article_and_nothing_of_the_content() -> None:
    case = replace(in_state("screened"), accused_units=(ACCUSED.code,))
    with pytest.raises(Refused) as refused:
        attempt(case, "transfer", to=ACCUSED, accused=(ACCUSED,))
    assert refused.value.facts == {"rule": "Art 30"}


def test_another_unit_is_given_it_so_that_the_check_can_fail() -> None:
    case = replace(in_state("screened"), accused_units=(ACCUSED.code,))
    assert attempt(case, "transfer", accused=(ACCUSED,)).state == "offered"
    assert OFFICE.code != ACCUSED.code
