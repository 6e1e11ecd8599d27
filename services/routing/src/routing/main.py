"""The service as data: everything the composition root needs to know of routing."""

from pathlib import Path

import routing.deadlines_tables
import routing.refusals
import routing.requests_refusals  # noqa: F401 - these fill the metadata and the refusal catalogue
from contracts.auditing import SEALING
from kit.app import HOUSEKEEPING, Service
from kit.sealing import Sealed
from routing import delegations_api, proposals_api, proposals_store, requests_api, requests_store, requests_tables
from routing.api import router
from routing.consumers import CONSUMERS
from routing.requests_consumers import with_requests
from routing.resources import open_resources
from routing.store import text_binding
from routing.tables import metadata, timeline
from routing.upkeep import WORKERS

service = Service(
    name="routing",
    title="Cases, units and hand-overs (转送交办): who must do what by when",
    routers=(router, delegations_api.router, requests_api.router, proposals_api.router),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=with_requests(CONSUMERS),
    resources=open_resources,
    jobs=(HOUSEKEEPING, SEALING),
    workers=WORKERS,
    sealed=(
        Sealed(timeline, ("note", "fields"), text_binding),
        Sealed(requests_tables.request_steps, ("text",), requests_store.text_binding),
        Sealed(requests_tables.proposals, ("reason",), proposals_store.reason_binding),
    ),
)
