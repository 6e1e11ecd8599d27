"""What notify holds while it runs, beside its database."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from contracts.units import UnitDirectory
from kit.runtime import Runtime
from notify.domain import Template
from notify.gateways.interface import Gateway
from notify.gateways.opening import opened
from notify.outbound import templates
from notify.settings import Settings


@dataclass
class Resources:
    """office: name that signs every message; link: where petitioners look up."""

    settings: Settings
    templates: Mapping[tuple[str, str], Template]
    gateways: Mapping[str, Gateway]
    office: str
    link: str


@asynccontextmanager
async def open_resources(runtime: Runtime) -> AsyncIterator[Resources]:
    node = runtime.settings.node
    settings = Settings.model_validate(runtime.settings.services.get("notify", {}))
    units = UnitDirectory.read(runtime.settings.resolve(node.units_file)).units
    yield Resources(
        settings=settings,
        templates=templates.read(),
        gateways={each.name: opened(runtime, each) for each in settings.gateways},
        office=units[node.office_unit].name,
        link=settings.link or node.public_url,
    )


def of(runtime: Runtime) -> Resources:
    resources: Resources = runtime.resources
    return resources
