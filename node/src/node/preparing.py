"""Making a node ready: databases migrated, broker declared, reference data loaded. Running it again changes nothing."""

import asyncio
import time
from collections.abc import Callable, Sequence

from contracts.units import UnitDirectory
from kit import migrations
from kit.app import Service
from kit.bus import Bus
from kit.runtime import Runtime
from kit.settings import NodeSettings
from node import declaring

Say = Callable[[str], None]


# the broker writes the names of new quorum queues to disk up to 3 s later; killed before, it never finds them again
NAMES_ON_DISK = 3.5


async def prepare(settings: NodeSettings, services: Sequence[Service], say: Say) -> None:
    """Raises OSError, asyncpg.PostgresError, alembic's CommandError or BrokerRefused; what was done stays done."""
    applied = await declaring.apply(settings, services, say)
    settled = time.monotonic() + (NAMES_ON_DISK if applied.new_queues else 0)
    for line in applied.left:
        say(f"look at this: {line}")
    for service in services:
        await migrations.upgrade(settings.database.dsn(service.name), service.migrations, service.metadata)
        say(f"database {service.name}")
    await asyncio.gather(*(_load(settings, service) for service in services))
    say("reference data")
    await asyncio.sleep(max(0.0, settled - time.monotonic()))


async def _load(settings: NodeSettings, service: Service) -> None:
    bus = Bus(settings.broker.url.get_secret_value(), name=f"xinqiao setup {service.name}")
    units = UnitDirectory.read(settings.resolve(settings.node.units_file))
    runtime = Runtime.build(service.name, settings, bus, units.above)
    try:
        async with service.resources(runtime) as resources:
            runtime.resources = resources
            async with runtime.database.transaction() as session:
                await service.setup(runtime, session)
    finally:
        await runtime.database.close()
        await bus.close()
