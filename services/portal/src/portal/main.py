"""The service as data: everything the composition root needs to know of the portal."""

from datetime import timedelta
from pathlib import Path

import portal.refusals  # noqa: F401 - fills the refusal catalogue
from kit.app import HOUSEKEEPING, Job, Service
from kit.sealing import Sealed
from portal import api
from portal.accounts import load_accounts
from portal.pages import (
    acting,
    alarms,
    approving,
    asking,
    bulletins,
    bundles,
    case,
    delegations,
    dossiers,
    drafting,
    exchange,
    exporting,
    files,
    gateways,
    ledger,
    links,
    lost,
    messages,
    notices,
    office,
    preferences,
    procedures,
    proposals,
    public,
    published,
    publishing,
    quality,
    rating,
    rectifying,
    registering,
    requests,
    sealing,
    searching,
    signing,
    statistics,
    templates,
    texts,
    to_do,
    verifying,
    viewing,
)
from portal.resources import open_resources
from portal.store import name_binding
from portal.tables import accounts, metadata
from portal.usecases import forget_ended

service = Service(
    name="portal",
    title="Accounts, sessions, tokens and pages (门户): the people's face; it holds no business data",
    routers=(
        api.router,
        public.router,
        rating.router,
        signing.router,
        to_do.router,
        ledger.router,
        exporting.router,
        registering.router,
        case.router,
        files.router,
        viewing.router,
        bundles.router,
        searching.router,
        drafting.router,
        links.router,
        asking.router,
        requests.router,
        proposals.router,
        alarms.router,
        approving.router,
        delegations.router,
        procedures.router,
        sealing.router,
        dossiers.router,
        quality.router,
        rectifying.router,
        verifying.router,
        office.router,
        publishing.router,
        exchange.router,
        bulletins.router,
        published.router,
        messages.router,
        preferences.router,
        texts.router,
        notices.router,
        templates.router,
        gateways.router,
        acting.router,  # after files: its last part of the path is any action
        statistics.router,
        lost.router,  # last: every path that no other page has
    ),
    metadata=metadata,
    migrations=Path(__file__).parents[2] / "migrations" / "versions",
    resources=open_resources,
    setup=load_accounts,
    sealed=(Sealed(accounts, ("name",), name_binding),),
    jobs=(HOUSEKEEPING, Job("portal.ended", timedelta(minutes=5), forget_ended)),
    uploads=(r"/staff/(cases|dispatches)/[0-9a-f-]{36}/files",),
)
