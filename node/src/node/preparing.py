"""Making a node ready: databases migrated, broker declared, reference data loaded. Running it again changes nothing."""

import asyncio
from collections.abc import Callable, Sequence

from kit import migrations
from kit.app import Service
from kit.bus import Bus
from kit.runtime import Runtime
from kit.settings import NodeSettings
from node import applying

Say = Callable[[str], None]


async def prepare(settings: NodeSettings, services: Sequence[Service], say: Say) -> None:
    """Raises OSError, asyncpg.PostgresError, alembic's CommandError or httpx.HTTPError; what was done stays done."""
    for service in services:
        await migrations.upgrade(settings.database.dsn(service.name), service.migrations, service.metadata)
        say(f"database {service.name}")
    await applying.apply(settings, services)
    say("broker")
    await asyncio.gather(*(_load(settings, service) for service in services))
    say("reference data")


async def _load(settings: NodeSettings, service: Service) -> None:
    bus = Bus(settings.broker.url.get_secret_value(), name=f"xinqiao setup {service.name}")
    runtime = Runtime.build(service.name, settings, bus)
    async with service.resources(runtime) as resources:
        runtime.resources = resources
        async with runtime.database.transaction() as session:
            await service.setup(runtime, session)
    await runtime.database.close()
