"""The service as data: everything the composition root needs to know of documents."""

from pathlib import Path

import documents.refusals  # noqa: F401 - fills the refusal catalogue
from contracts.auditing import SEALING
from documents.api import router
from documents.consumers import CONSUMERS
from documents.resources import SWEEP, open_resources
from documents.tables import files, metadata, papers
from documents.usecases import content_binding, name_binding
from kit.app import HOUSEKEEPING, Service
from kit.sealing import Sealed

service = Service(
    name="documents",
    title="Files and papers of petitions (材料与文书): what was written, unchanged",
    routers=(router,),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=CONSUMERS,
    resources=open_resources,
    jobs=(HOUSEKEEPING, SWEEP, SEALING),
    sealed=(
        Sealed(files, ("name",), name_binding, immutable=True),
        Sealed(papers, ("content",), content_binding, immutable=True),
    ),
)
