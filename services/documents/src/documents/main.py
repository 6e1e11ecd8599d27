"""The service as data: everything the composition root needs to know of documents."""

from pathlib import Path

import documents.dossiers.refusals
import documents.pages.refusals
import documents.papers.refusals
import documents.refusals
import documents.scans.refusals
import documents.seals.refusals
import documents.uploads.refusals  # noqa: F401 - all fill the refusal catalogue
from contracts.auditing import SEALING
from documents.consumers import CONSUMERS
from documents.dossiers import api as dossiers_api
from documents.dossiers.tables import dossiers
from documents.dossiers.working import BINDER, purpose_binding
from documents.drafts import api as drafts_api
from documents.drafts.tables import draft_versions
from documents.drafts.usecases import version_binding
from documents.files import api as files_api
from documents.files.tables import files
from documents.files.usecases import name_binding
from documents.moving import api as moving_api
from documents.moving.fetching import MOVING
from documents.moving.figures import FIGURES
from documents.moving.receiving import part_binding
from documents.moving.serving import FORGET_SERVED
from documents.moving.tables import awaited, awaited_parts
from documents.pages import api as pages_api
from documents.pages.sealing import name_binding as bundle_name_binding
from documents.pages.sealing import text_binding
from documents.pages.tables import bundles, page_texts
from documents.pages.work import SWEEP_PLACES
from documents.pages.work import WORKER as PAGES
from documents.papers import api as papers_api
from documents.papers.tables import papers
from documents.papers.usecases import content_binding
from documents.resources import SWEEP, open_resources
from documents.scans.usecases import SCANNER
from documents.scrubs.usecases import SCRUB
from documents.seals import api as seals_api
from documents.seals.store import correction_binding
from documents.seals.tables import seal_jobs, sealed_papers
from documents.seals.working import SEAL_FIGURES, SEALER
from documents.tables import metadata
from documents.uploads import api as uploads_api
from documents.uploads.tables import uploads
from documents.uploads.usecases import SWEEP_UPLOADS, metadata_binding
from kit.app import HOUSEKEEPING, Service
from kit.sealing import Sealed

service = Service(
    name="documents",
    title="Files and papers of petitions (材料与文书): what was written, unchanged",
    routers=(
        files_api.router,
        uploads_api.router,
        papers_api.router,
        moving_api.router,
        drafts_api.router,
        drafts_api.templates_router,
        pages_api.router,
        pages_api.search_router,
        seals_api.router,
        dossiers_api.router,
    ),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=CONSUMERS,
    resources=open_resources,
    workers=(
        PAGES,
        SEALER,
        MOVING,
        BINDER,
        SCANNER,
        SCRUB,
    ),
    jobs=(HOUSEKEEPING, SWEEP, SWEEP_UPLOADS, SWEEP_PLACES, FORGET_SERVED, FIGURES, SEAL_FIGURES, SEALING),
    uploads=(uploads_api.ROOM,),
    sealed=(
        Sealed(uploads, ("metadata",), metadata_binding),
        Sealed(files, ("name",), name_binding, immutable=True),
        Sealed(papers, ("content",), content_binding, immutable=True),
        Sealed(awaited, ("name",), name_binding),
        Sealed(awaited_parts, ("content",), part_binding),
        Sealed(draft_versions, ("content",), version_binding, immutable=True),
        Sealed(dossiers, ("purpose",), purpose_binding),
        Sealed(bundles, ("name",), bundle_name_binding),
        Sealed(page_texts, ("text", "layer"), text_binding),
        Sealed(seal_jobs, ("correction",), correction_binding),
        Sealed(sealed_papers, ("correction",), correction_binding, immutable=True),
    ),
)
