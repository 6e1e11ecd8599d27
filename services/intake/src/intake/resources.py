"""What intake holds while it runs, beside its database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from contracts.units import UnitDirectory
from intake.domain import GroupPolicy
from intake.numbers import Numbers
from intake.settings import Settings
from kit.limits import Allowance
from kit.runtime import Runtime


@dataclass
class Resources:
    settings: Settings
    numbers: Numbers
    units: UnitDirectory
    public_petitions: Allowance
    groups: GroupPolicy


@asynccontextmanager
async def open_resources(runtime: Runtime) -> AsyncIterator[Resources]:
    settings = Settings.model_validate(runtime.settings.services.get("intake", {}))
    yield Resources(
        settings=settings,
        groups=settings.groups,
        public_petitions=Allowance(settings.public_petitions_per_minute),
        numbers=Numbers(runtime.database, runtime.settings.node.number_lane),
        units=UnitDirectory.read(runtime.settings.resolve(runtime.settings.node.units_file)),
    )


def of(runtime: Runtime) -> Resources:
    resources: Resources = runtime.resources
    return resources
