"""信访工作条例 第三十条, 第四十六条第五项: what accuses a unit never reaches it, nor its subordinates."""

from dataclasses import replace

import pytest
from services.routing.tests.cases import COUNTING, OFFICE, TOWN, actor, attempt, fresh, in_state, order

from contracts.units import Unit as Entry
from contracts.units import UnitDirectory
from kit.errors import Refused
from routing.decisions import decide
from routing.domain import Unit, refusal

# the first unit of a region is its petition office (信访局)
TREE = UnitDirectory(
    Entry(code, code, region, region)
    for code, region in (
        ("province", "33"), ("city", "33.02"), ("city-bureau", "33.02"), ("county", "33.02.25"),
        ("county-bureau", "33.02.25"), ("town", "33.02.25.100"), ("town-station", "33.02.25.100"),
        ("other-county", "33.02.26"),
    )
)  # fmt: skip
ACCUSED = Unit("accused", "33.02.25", "33.02")
BELOW = Unit("below", "33.02.25.100", "33.02", ("accused", "office"))
BESIDE = Unit("beside", "33.02.25", "33.02", ("office", TOWN.code))


@pytest.mark.parametrize(
    ("accused", "kept_from"),
    [
        ("town-station", {"town-station"}),
        ("town", {"town", "town-station"}),
        ("county-bureau", {"county-bureau", "town", "town-station"}),
        ("county", {"county", "county-bureau", "town", "town-station"}),
        ("city-bureau", {"city-bureau", "county", "county-bureau", "town", "town-station", "other-county"}),
        ("province", set(TREE.units)),
    ],
)
def test_whom_it_is_kept_from(accused: str, kept_from: set[str]) -> None:
    assert {code for code, unit in TREE.units.items() if TREE.is_kept_from(unit, [accused])} == kept_from


@pytest.mark.parametrize(
    ("registered_by", "accused", "holder"),
    [
        ("town", (), "town"),
        ("town", ("town-station",), "town"),  # the unit beside or above the accused holds it itself
        ("town", ("town",), "county"),
        ("town-station", ("town",), "county"),
        ("town", ("county-bureau",), "county"),
        ("town", ("county",), "city"),
        ("town", ("town", "county", "city-bureau"), "city"),
        ("county", ("province",), None),  # for the organ above: nobody in this tree may hold it
    ],
)
def test_a_case_opens_at_the_nearest_unit_it_is_not_kept_from(
    registered_by: str, accused: tuple[str, ...], holder: str | None
) -> None:
    found = TREE.competent(TREE.units[registered_by], accused)
    assert (found and found.code) == holder


def test_the_registering_unit_never_holds_what_accuses_it_and_the_superior_acts_at_once() -> None:
    case = fresh(unit=TOWN, holder=OFFICE, accused_units=(TOWN.code,))
    assert (case.holder_unit, case.writer, case.registered_region) == (OFFICE.code, OFFICE.node, TOWN.region)
    assert (case.hand_over, case.hops) == (None, ())  # so that nobody can give it back
    procedure = order(case, "screen").procedure
    assert procedure is not None
    assert decide(case, "screen", order(case, "screen", actor=actor(OFFICE)), procedure, COUNTING).state == "screened"


@pytest.mark.parametrize("to", [ACCUSED, BELOW])
@pytest.mark.parametrize(
    ("state", "action"), [("screened", "transfer"), ("received", "assign"), ("disputed", "arbitrate")]
)
def test_no_hand_over_reaches_the_accused_unit_or_one_below_it(state: str, action: str, to: Unit) -> None:
    case = replace(in_state(state), accused_units=(ACCUSED.code,))
    with pytest.raises(Refused, match="accused-unit"):
        attempt(case, action, to=to)
    assert attempt(case, action, to=BESIDE).state == "offered"


@pytest.mark.parametrize("parent", [ACCUSED, BELOW])
def test_no_review_reaches_the_accused_unit_or_one_below_it(parent: Unit) -> None:
    case = replace(in_state("closed"), accused_units=(ACCUSED.code,))
    with pytest.raises(Refused, match="accused-unit"):
        attempt(case, "request-review", parent=parent)
    assert attempt(case, "request-review", parent=BESIDE).state == "offered"


@pytest.mark.parametrize("accused", [TOWN.code, "above the town"])
def test_the_accused_unit_and_those_below_it_can_do_nothing_with_a_case(accused: str) -> None:
    case = replace(in_state("received"), accused_units=(accused,))
    who = replace(actor(TOWN), above=("above the town",))
    with pytest.raises(Refused, match="accused-unit"):
        attempt(case, "accept", actor=who)
    procedure = order(case, "accept").procedure
    assert procedure is not None
    allowed = refusal(replace(case, accused_units=("beside",)), "accept", who, procedure, order(case, "accept").at)
    assert allowed is None


def test_the_rule_names_the_article_and_nothing_of_the_content() -> None:
    case = replace(in_state("screened"), accused_units=(ACCUSED.code,))
    with pytest.raises(Refused) as refused:
        attempt(case, "transfer", to=ACCUSED)
    assert refused.value.facts == {"rule": "Art 30"}
