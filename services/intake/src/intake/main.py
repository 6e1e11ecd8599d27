"""The service as data: everything the composition root needs to know of intake."""

from datetime import timedelta
from pathlib import Path

import intake.refusals  # noqa: F401 - fills the refusal catalogue
from contracts.auditing import SEALING
from intake import api, groups_api, links_api, ratings_api, ratings_store
from intake.consumers import CONSUMERS
from intake.ratings import expire
from intake.resources import open_resources
from intake.store import FIELDS, binding
from intake.supplements import binding as supplement_binding
from intake.tables import metadata, petitioners, ratings, supplements
from intake.terminated import answer_waiting, lock_new
from kit.app import HOUSEKEEPING, Job, Service
from kit.sealing import Sealed

service = Service(
    name="intake",
    title="Petitions, petitioners, channels, numbers and query codes (登记): what was raised, by whom, where it stands",
    routers=(links_api.router, api.router, ratings_api.router, groups_api.router),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    consumers=CONSUMERS,
    resources=open_resources,
    sealed=(
        Sealed(petitioners, FIELDS, binding),
        Sealed(ratings, ("comment",), ratings_store.binding),
        Sealed(supplements, ("content",), supplement_binding),
    ),
    jobs=(
        HOUSEKEEPING,
        SEALING,
        Job("intake.ratings-expired", timedelta(minutes=1), expire),
        Job("intake.terminated-locked", timedelta(minutes=1), lock_new),
        Job("intake.terminated-waiting", timedelta(minutes=1), answer_waiting),
    ),
)
