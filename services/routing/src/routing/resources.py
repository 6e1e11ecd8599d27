"""What routing holds while it runs, beside its database: units, procedures, the calendar."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from contracts import units
from contracts.units import UnitDirectory
from kit.errors import Refused
from kit.runtime import Runtime
from routing.decisions import Counting
from routing.domain import Unit
from routing.procedures.domain import ClockRule
from routing.procedures.library import Library
from routing.settings import Settings
from routing.timing.calendars import WorkingDays
from routing.timing.clocks import CountingPolicy


@dataclass
class Resources:
    units: UnitDirectory
    settings: Settings
    procedures: Library
    counting: Counting

    def unit(self, code: str) -> Unit:
        """Raises Refused("unknown-unit")."""
        known = self.units.units.get(code)
        if known is None:
            raise Refused("unknown-unit", field="to_unit")
        return _unit(known)

    def accused(self, codes: tuple[str, ...]) -> tuple[Unit, ...]:
        return tuple(self.unit(code) for code in codes if code in self.units.units)

    def superior(self, code: str, accused: tuple[str, ...] = ()) -> Unit | None:
        """The unit that reviews the opinions of this one (Art 35, 36); one that is accused does not (Art 30)."""
        above = self.units.units.get(code)
        while above is not None:
            above = self.units.superior(above)
            if above is not None and above.code not in accused:
                return _unit(above)
        return None

    def arbiter(self, *regions: str, accused: tuple[str, ...] = ()) -> Unit | None:
        """The nearest common superior of units in these regions that is not accused (Art 30)."""
        found = self.units.common_superior(*regions)
        while found is not None and found.code in accused:
            found = self.units.superior(found)
        return _unit(found) if found else None

    def clock_rules(self, procedure: str) -> Sequence[ClockRule]:
        """None of a procedure that only newer nodes know."""
        known = self.procedures.procedures.get(procedure)
        return known.clocks if known else ()

    def name(self, code: str) -> str:
        known = self.units.units.get(code)
        return known.name if known else code


def _unit(known: units.Unit) -> Unit:
    return Unit(known.code, known.region, known.node)


@asynccontextmanager
async def open_resources(runtime: Runtime) -> AsyncIterator[Resources]:
    settings = Settings.model_validate(runtime.settings.services.get("routing", {}))
    overrides = settings.calendar_overrides
    policy = CountingPolicy(settings.exclude_first_day, settings.roll_to_next_working_day)
    yield Resources(
        UnitDirectory.read(runtime.settings.resolve(runtime.settings.node.units_file)),
        settings,
        Library.shipped(),
        Counting(WorkingDays.read(runtime.settings.resolve(overrides) if overrides else None), policy),
    )


def of(runtime: Runtime) -> Resources:
    resources: Resources = runtime.resources
    return resources
