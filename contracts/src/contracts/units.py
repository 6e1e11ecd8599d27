"""The directory of units (单位) that all nodes share: reference data, read from units.csv. Standard library only."""

import csv
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.regions import code_of
from kit.paths import ancestors, lies_in


@dataclass(frozen=True, slots=True)
class Unit:
    """code; Chinese name; dotted region; path of the node that serves it."""

    code: str
    name: str
    region: str
    node: str


class UnitDirectory:
    """All units by code, and the regions they make known. The first unit listed for a region is its petition office."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self.units: Mapping[str, Unit] = {unit.code: unit for unit in units}
        self._of_region: dict[str, tuple[str, ...]] = {}
        for unit in self.units.values():
            self._of_region[unit.region] = (*self._of_region.get(unit.region, ()), unit.code)
        self.regions = frozenset(self._of_region)
        self._offices = {unit.region: unit for unit in reversed(list(self.units.values()))}

    def superior(self, unit: Unit) -> Unit | None:
        """The next higher unit (上一级): of a department the office of its region, of an office the one above it."""
        above = (self._offices.get(region) for region in ancestors(unit.region))
        return next((office for office in above if office is not None and office.code != unit.code), None)

    def superiors(self, code: str) -> tuple[str, ...]:
        """Codes of the next higher unit, the one above that, and so on; none of a unit that is not in the directory."""
        found: list[str] = []
        unit = self.units.get(code)
        while unit is not None and (unit := self.superior(unit)) is not None:
            found.append(unit.code)
        return tuple(found)

    def above(self, code: str, region: str) -> tuple[str, ...]:
        """Codes of all units above one: its superiors, and every unit of the higher regions it lies in.

        What accuses any of these, or the unit itself, is kept from it (Art 30, 46(5)): an office has the departments of
        its region below it, and every unit those of lower regions. region: of a unit that is not in the directory.
        """
        unit = self.units.get(code) or Unit(code, code, region, "")
        office = self.superior(unit)
        own = (office.code,) if office is not None and office.region == unit.region else ()
        higher = ancestors(unit.region)[1:]
        return (*own, *(each for region in higher for each in self._of_region.get(region, ())))

    def is_kept_from(self, unit: Unit, accused: Collection[str]) -> bool:
        """Whether the unit is accused or below an accused one (Art 30)."""
        return bool(accused) and not {unit.code, *self.above(unit.code, unit.region)}.isdisjoint(accused)

    def competent(self, unit: Unit | None, accused: Collection[str]) -> Unit | None:
        """The unit, or its nearest superior, that is neither accused nor below an accused one."""
        while unit is not None and self.is_kept_from(unit, accused):
            unit = self.superior(unit)
        return unit

    def common_superior(self, *regions: str) -> Unit | None:
        """The office of the smallest region that all of these lie in."""
        shared = [region for region in ancestors(regions[0]) if all(lies_in(each, region) for each in regions)]
        return next((self._offices[region] for region in shared if region in self._offices), None)

    @classmethod
    def read(cls, file: Path) -> "UnitDirectory":
        """Columns unit, name, region, node. Raises ValueError with the line of a bad row."""
        units = []
        with file.open(encoding="utf-8", newline="") as lines:
            for line, row in enumerate(csv.DictReader(lines), start=2):
                try:
                    code_of(row["region"])
                    units.append(Unit(row["unit"], row["name"], row["region"], row["node"]))
                except (KeyError, ValueError) as error:
                    raise ValueError(f"{file.name}:{line}: {error}") from error
        return cls(units)
