"""The service as data: everything the composition root needs to know of documents."""

from pathlib import Path

import documents.refusals  # noqa: F401 - fills the refusal catalogue
from documents.api import router
from documents.consumers import CONSUMERS
from documents.resources import SWEEP, open_resources
from documents.tables import metadata
from kit.app import HOUSEKEEPING, Service

service = Service(
    name="documents",
    title="Files and papers of petitions (材料与文书): what was written, unchanged",
    routers=(router,),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=CONSUMERS,
    resources=open_resources,
    jobs=(HOUSEKEEPING, SWEEP),
)
