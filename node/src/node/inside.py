"""A service as a command uses it: its own use cases and resources, with nothing running beside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contracts.units import UnitDirectory
from kit.app import Service, with_resources
from kit.bus import Bus
from kit.runtime import Runtime
from kit.settings import NodeSettings


@asynccontextmanager
async def inside(settings: NodeSettings, service: Service, *, name: str) -> AsyncIterator[Runtime]:
    """name: of the command, as the broker sees it if it is asked anything."""
    bus = Bus(settings.broker.url.get_secret_value(), name=name)
    units = UnitDirectory.read(settings.resolve(settings.node.units_file))
    runtime = Runtime.build(service.name, settings, bus, units.above)
    try:
        async with with_resources(service, runtime):
            yield runtime
    finally:
        await bus.close()
