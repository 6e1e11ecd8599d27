"""The service as data: everything the composition root needs to know of documents."""

from pathlib import Path

import documents.dossiers.refusals
import documents.exchange.refusals
import documents.identity.refusals
import documents.links.refusals
import documents.office.refusals
import documents.pages.refusals
import documents.papers.refusals
import documents.publishing.refusals
import documents.quality.refusals
import documents.refusals
import documents.scans.refusals
import documents.scrubs.refusals
import documents.seals.refusals
import documents.uploads.refusals
import documents.views.refusals  # noqa: F401 - all fill the refusal catalogue
from contracts.auditing import SEALING
from documents.consumers import CONSUMERS
from documents.dossiers import api as dossiers_api
from documents.dossiers.tables import dossiers
from documents.dossiers.working import BINDER, purpose_binding
from documents.drafts import api as drafts_api
from documents.drafts.tables import draft_versions
from documents.drafts.usecases import version_binding
from documents.exchange import api as exchange_api
from documents.exchange.tables import copies, dispatches
from documents.exchange.watching import EXCHANGE_FIGURES, URGING
from documents.exchange.writing import copy_binding, title_binding
from documents.files import api as files_api
from documents.files.tables import files
from documents.files.usecases import name_binding
from documents.identity import api as identity_api
from documents.links import api as links_api
from documents.links.usecases import FORGET_LINKS
from documents.moving import api as moving_api
from documents.moving.fetching import MOVING
from documents.moving.figures import FIGURES
from documents.moving.receiving import part_binding
from documents.moving.serving import FORGET_SERVED
from documents.moving.tables import awaited, awaited_parts
from documents.office import api as office_api
from documents.office import papers_api as office_papers_api
from documents.office.store import correction_binding as submission_binding
from documents.office.store import reason_binding as decision_binding
from documents.office.tables import decisions, submissions
from documents.pages import api as pages_api
from documents.pages.sealing import name_binding as bundle_name_binding
from documents.pages.sealing import text_binding
from documents.pages.tables import bundles, page_texts
from documents.pages.work import SWEEP_PLACES
from documents.pages.work import WORKER as PAGES
from documents.papers import api as papers_api
from documents.papers.tables import papers
from documents.papers.usecases import content_binding
from documents.publishing import api as publishing_api
from documents.publishing import public_api
from documents.publishing.store import SEALED as PUBLISHING
from documents.quality import api as quality_api
from documents.quality.sealing import conclusion_binding, note_binding, step_binding
from documents.quality.sealing import title_binding as round_binding
from documents.quality.tables import answers, cases, rectification_steps, rounds
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
        identity_api.router,
        links_api.router,
        quality_api.router,
        exchange_api.router,
        office_api.router,
        office_papers_api.router,
        publishing_api.router,
        public_api.router,
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
    jobs=(
        HOUSEKEEPING,
        SWEEP,
        SWEEP_UPLOADS,
        SWEEP_PLACES,
        FORGET_SERVED,
        FORGET_LINKS,
        FIGURES,
        SEAL_FIGURES,
        URGING,
        EXCHANGE_FIGURES,
        SEALING,
    ),
    uploads=(uploads_api.ROOM,),
    sealed=(
        Sealed(uploads, ("metadata",), metadata_binding),
        Sealed(files, ("name",), name_binding, immutable=True),
        Sealed(papers, ("content",), content_binding, immutable=True),
        Sealed(dispatches, ("title",), title_binding),
        Sealed(copies, ("reason", "note"), copy_binding),
        Sealed(awaited, ("name",), name_binding),
        Sealed(awaited_parts, ("content",), part_binding),
        Sealed(draft_versions, ("content",), version_binding, immutable=True),
        Sealed(submissions, ("correction",), submission_binding, immutable=True),
        Sealed(decisions, ("reason",), decision_binding, immutable=True),
        *PUBLISHING,
        Sealed(dossiers, ("purpose",), purpose_binding),
        Sealed(rounds, ("title",), round_binding),
        Sealed(cases, ("conclusion",), conclusion_binding),
        Sealed(answers, ("note",), note_binding),
        Sealed(rectification_steps, ("text",), step_binding),
        Sealed(bundles, ("name",), bundle_name_binding),
        Sealed(page_texts, ("text", "layer"), text_binding),
        Sealed(seal_jobs, ("correction",), correction_binding),
        Sealed(sealed_papers, ("correction",), correction_binding, immutable=True),
    ),
)
