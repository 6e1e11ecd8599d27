"""The service as data: everything the composition root needs to know of notify."""

from pathlib import Path

from kit.app import Service
from notify.api import router
from notify.consumers import CONSUMERS
from notify.resources import open_resources
from notify.sending import SENDER
from notify.tables import metadata

service = Service(
    name="notify",
    title="Messages to petitioners (告知): who was told",
    routers=(router,),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=CONSUMERS,
    resources=open_resources,
    workers=(SENDER,),
)
