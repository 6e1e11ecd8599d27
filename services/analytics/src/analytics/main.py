"""The service as data: everything the composition root needs to know of analytics."""

from pathlib import Path

import analytics.refusals  # noqa: F401 - fills the refusal catalogue
from analytics.api import router
from analytics.consumers import CONSUMERS
from analytics.tables import metadata
from kit.app import Service

service = Service(
    name="analytics",
    title="The event log replica, facts and figures (统计): what is going on",
    routers=(router,),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=CONSUMERS,
)
