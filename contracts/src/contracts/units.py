"""The directory of units (单位) that all nodes share: reference data, read from units.csv. Standard library only."""

import csv
from collections.abc import Iterable, Mapping
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
        self.regions = frozenset(unit.region for unit in self.units.values())
        self._offices = {unit.region: unit for unit in reversed(list(self.units.values()))}

    def superior(self, unit: Unit) -> Unit | None:
        """The next higher unit (上一级): of a department the office of its region, of an office the one above it."""
        above = (self._offices.get(region) for region in ancestors(unit.region))
        return next((office for office in above if office is not None and office.code != unit.code), None)

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
