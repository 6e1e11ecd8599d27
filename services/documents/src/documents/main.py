"""The service as data: everything the composition root needs to know of documents."""

from pathlib import Path

import documents.refusals  # noqa: F401 - fills the refusal catalogue
from contracts.auditing import SEALING
from documents.consumers import CONSUMERS
from documents.files import api as files_api
from documents.files.tables import files
from documents.files.usecases import name_binding
from documents.papers import api as papers_api
from documents.papers.tables import papers
from documents.papers.usecases import content_binding
from documents.resources import SWEEP, open_resources
from documents.tables import metadata
from kit.app import HOUSEKEEPING, Service
from kit.sealing import Sealed

service = Service(
    name="documents",
    title="Files and papers of petitions (材料与文书): what was written, unchanged",
    routers=(files_api.router, papers_api.router),
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
