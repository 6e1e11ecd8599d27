"""The service as data: everything the composition root needs to know of intake."""

from pathlib import Path

import intake.refusals  # noqa: F401 - fills the refusal catalogue
from intake.api import router
from intake.consumers import CONSUMERS
from intake.resources import open_resources
from intake.store import FIELDS, binding
from intake.tables import metadata, petitioners
from kit.app import Service
from kit.sealing import Sealed

service = Service(
    name="intake",
    title="Petitions, petitioners, channels, numbers and query codes (登记): what was raised, by whom, where it stands",
    routers=(router,),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=CONSUMERS,
    resources=open_resources,
    sealed=(Sealed(petitioners, FIELDS, binding),),
)
