"""信访工作条例 第四十条: petition offices supervise the departments of their region and all that lies below."""

import pytest

from kit.errors import Refused
from routing.requests.domain import Asker, Place, check_may
from routing.requests.rules import KINDS
from tests.law.test_art_30 import TREE

ROLES = frozenset({"leader", "supervisor"})


def place(code: str) -> Place:
    unit = TREE.units[code]
    return Place(code, unit.region, unit.node, TREE.above(code, unit.region), TREE.superiors(code))


def may(kind: str, asker: str, holder: str) -> bool:
    try:
        check_may(KINDS[kind].by, KINDS[kind].roles, Asker("a", place(asker), ROLES), place(holder))
    except Refused as refusal:
        return refusal.slug != "not-above-the-holder"
    return True


@pytest.mark.parametrize(
    ("holder", "supervisors"),
    [
        ("town-station", {"town", "county", "city", "province"}),
        ("town", {"county", "city", "province"}),
        ("county-bureau", {"county", "city", "province"}),
        ("county", {"city", "province"}),
        ("city-bureau", {"city", "province"}),
        ("province", set()),
    ],
)
def test_who_supervises_a_holder(holder: str, supervisors: set[str]) -> None:
    assert {code for code in TREE.units if may("supervise", code, holder)} == supervisors
    # a leader also instructs the own unit, and who handles a matter may suggest what would end its cause
    for kind in ("instruct", "suggest"):
        assert {code for code in TREE.units if may(kind, code, holder)} == supervisors | {holder}
