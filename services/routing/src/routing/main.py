"""The service as data: everything the composition root needs to know of routing."""

from pathlib import Path

import routing.links.refusals
import routing.links.tables
import routing.procedures.refusals
import routing.procedures.tables
import routing.refusals
import routing.requests.refusals
import routing.timing.refusals
import routing.timing.tables
import routing.withdrawals.refusals  # noqa: F401 - these fill the metadata and the refusal catalogue
from contracts.auditing import SEALING
from kit.app import HOUSEKEEPING, Service
from kit.sealing import Sealed
from routing import approvals_api, delegations_api, exports, revisions
from routing.api import router
from routing.consumers import CONSUMERS
from routing.proposals import api as proposals_api
from routing.proposals import store as proposals_store
from routing.requests import api as requests_api
from routing.requests import store as requests_store
from routing.requests import tables as requests_tables
from routing.requests.consumers import with_requests
from routing.resources import open_resources
from routing.store import AUDITED, recall_binding, text_binding
from routing.tables import metadata, recalls, timeline
from routing.upkeep import WORKERS
from routing.withdrawals import store as withdrawals_store
from routing.withdrawals import tables as withdrawals_tables

service = Service(
    name="routing",
    title="Cases, units and hand-overs (转送交办): who must do what by when",
    routers=(
        router,
        approvals_api.router,
        exports.router,
        delegations_api.router,
        requests_api.router,
        proposals_api.router,
    ),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=with_requests((*CONSUMERS, *revisions.CONSUMERS)),
    resources=open_resources,
    jobs=(HOUSEKEEPING, SEALING),
    workers=WORKERS,
    sealed=(
        Sealed(timeline, ("note", "fields"), text_binding, immutable=True),
        Sealed(recalls, ("note",), recall_binding),
        Sealed(withdrawals_tables.withdrawals, ("note", "fields"), withdrawals_store.text_binding),
        Sealed(requests_tables.request_steps, ("text",), requests_store.text_binding, immutable=True),
        Sealed(requests_tables.proposals, ("reason",), proposals_store.reason_binding),
    ),
    audited=(AUDITED, requests_store.AUDITED),
)
