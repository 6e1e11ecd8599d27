"""Which units a select offers, and in which order."""

from pathlib import Path

from tests.support.nodes import UNITS

from contracts.units import Unit, UnitDirectory
from portal.choices import MOST, units_near
from portal.domain import Account


def person(region: str) -> Account:
    return Account("a", "甲", "330225-xf", region, ("clerk",))


def test_units_stand_in_groups_near_ones_first(tmp_path: Path) -> None:
    (tmp_path / "units.csv").write_text(UNITS, encoding="utf-8")
    directory = UnitDirectory.read(tmp_path / "units.csv")
    near = units_near(directory, person("33.02.25"), ["330225-xf"])
    assert list(near) == ["same", "below", "above", "elsewhere"]
    assert [unit.code for unit in near["same"]] == ["330225-js"]
    assert [unit.code for unit in near["below"]] == ["330225100-cj", "330225100-xf", "330225101-xf"]
    assert [unit.code for unit in near["above"]] == ["330200-xf", "330000-xf"]


def test_a_large_directory_offers_the_nearest_units() -> None:
    far = [Unit(f"far-{n}", "远", f"33.03.{n % 90 + 10}", "33") for n in range(MOST)]
    near = [Unit(f"near-{n}", "近", f"33.02.25.{n + 100}", "33.02.25") for n in range(20)]
    offered = units_near(UnitDirectory([*far, *near]), person("33.02.25"))
    assert len(offered["below"]) == 20
    assert sum(map(len, offered.values())) == MOST
