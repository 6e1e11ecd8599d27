"""What routing holds while it runs, beside its database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from contracts.units import UnitDirectory
from kit.errors import Refused
from kit.runtime import Runtime
from routing.domain import Unit


@dataclass
class Resources:
    units: UnitDirectory

    def unit(self, code: str) -> Unit:
        """Raises Refused("unknown-unit")."""
        known = self.units.units.get(code)
        if known is None:
            raise Refused("unknown-unit", field="to_unit")
        return Unit(known.code, known.region, known.node)

    def accused(self, codes: tuple[str, ...]) -> tuple[Unit, ...]:
        return tuple(self.unit(code) for code in codes if code in self.units.units)

    def name(self, code: str) -> str:
        known = self.units.units.get(code)
        return known.name if known else code


@asynccontextmanager
async def open_resources(runtime: Runtime) -> AsyncIterator[Resources]:
    yield Resources(UnitDirectory.read(runtime.settings.resolve(runtime.settings.node.units_file)))


def of(runtime: Runtime) -> Resources:
    resources: Resources = runtime.resources
    return resources
