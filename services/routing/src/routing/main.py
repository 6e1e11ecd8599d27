"""The service as data: everything the composition root needs to know of routing."""

from pathlib import Path

import routing.refusals  # noqa: F401 - fills the refusal catalogue
from kit.app import Service
from kit.sealing import Sealed
from routing.api import router
from routing.consumers import CONSUMERS
from routing.resources import open_resources
from routing.store import note_binding
from routing.tables import metadata, timeline

service = Service(
    name="routing",
    title="Cases, units and hand-overs (转送交办): who must do what by when",
    routers=(router,),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=CONSUMERS,
    resources=open_resources,
    sealed=(Sealed(timeline, ("note",), note_binding),),
)
