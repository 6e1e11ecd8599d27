"""What routing holds while it runs, beside its database: units, procedures, the calendar."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from contracts.units import Unit as Entry
from contracts.units import UnitDirectory
from kit.errors import Refused
from kit.runtime import Runtime
from routing.decisions import Counting
from routing.domain import Unit
from routing.procedures.domain import ClockRule
from routing.procedures.library import Library
from routing.procedures.usecases import keeping
from routing.settings import Settings
from routing.timing.calendars import WorkingDays
from routing.timing.clocks import CountingPolicy


@dataclass
class Resources:
    units: UnitDirectory
    settings: Settings
    procedures: Library
    counting: Counting
    exports: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    def unit(self, code: str) -> Unit:
        """Raises Refused("unknown-unit")."""
        known = self.units.units.get(code)
        if known is None:
            raise Refused("unknown-unit", field="to_unit")
        return self._known(known)

    def holder(self, unit: Unit, accused: tuple[str, ...]) -> Unit:
        """Who holds what a unit registers: itself, or the nearest superior from which it is not kept (Art 30).

        Raises Refused("accused-unit") when there is none.
        """
        found = self._competent(Entry(unit.code, unit.code, unit.region, unit.node), accused)
        if found is None:
            raise Refused("accused-unit", rule="Art 30")
        return found

    def superior(self, code: str, accused: tuple[str, ...] = ()) -> Unit | None:
        """The unit that reviews the opinions of this one (Art 35, 36): the next above from which it is not kept."""
        known = self.units.units.get(code)
        return self._competent(known and self.units.superior(known), accused)

    def arbiter(self, *regions: str, accused: tuple[str, ...] = (), parties: Collection[str] = ()) -> Unit | None:
        """The nearest common superior of units in these regions from which it is not kept (Art 30), and none of the
        parties: nobody settles a dispute of their own.
        """
        found = self.units.common_superior(*regions)
        while found is not None and found.code in parties:
            found = self.units.superior(found)
        return self._competent(found, accused)

    def _competent(self, first: Entry | None, accused: tuple[str, ...]) -> Unit | None:
        found = self.units.competent(first, accused)
        return self._known(found) if found else None

    def _known(self, unit: Entry) -> Unit:
        return Unit(unit.code, unit.region, unit.node, self.units.above(unit.code, unit.region))

    def clock_rules(self, procedure: str) -> Sequence[ClockRule]:
        """None of a procedure that only newer nodes know."""
        known = self.procedures.procedures.get(procedure)
        return known.clocks if known else ()

    def node_of(self, code: str) -> str | None:
        """None of a unit that the directory does not name."""
        known = self.units.units.get(code)
        return known.node if known else None

    def name(self, code: str) -> str:
        known = self.units.units.get(code)
        return known.name if known else code


@asynccontextmanager
async def open_resources(runtime: Runtime) -> AsyncIterator[Resources]:
    settings = Settings.model_validate(runtime.settings.services.get("routing", {}))
    overrides = settings.calendar_overrides
    policy = CountingPolicy(settings.exclude_first_day, settings.roll_to_next_working_day)
    own = runtime.settings.resolve(settings.definitions) if settings.definitions else None
    async with keeping(runtime, own) as library:
        yield Resources(
            UnitDirectory.read(runtime.settings.resolve(runtime.settings.node.units_file)),
            settings,
            library,
            Counting(WorkingDays.read(runtime.settings.resolve(overrides) if overrides else None), policy),
            asyncio.Semaphore(settings.exports),
        )


def of(runtime: Runtime) -> Resources:
    resources: Resources = runtime.resources
    return resources
