"""What documents holds while it runs, beside its database."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from contracts.units import UnitDirectory
from documents.moving.following import Neighbours
from documents.papers.library import Library
from documents.papers.renderers import Renderers
from documents.publishing.domain import Policy
from documents.publishing.policies import read_policy
from documents.quality.library import Checklists
from documents.scans.gate import check_open
from documents.scrubs.domain import Walk
from documents.seals.keys import SealKeys
from documents.settings import Settings
from documents.storage.directory import DirectoryStore
from documents.storage.memory import reuse_buffers
from documents.storage.objects import sweep
from documents.storage.parts import Parts
from documents.storage.store import adopt
from documents.storage.threads import Threads
from documents.storage.vault import Vault
from documents.views.viewer import Viewer
from kit.app import Job
from kit.db import Session
from kit.errors import Refused
from kit.limits import Allowance
from kit.runtime import Runtime

if TYPE_CHECKING:
    from documents.storage.s3 import S3Store


class Places:
    """How many uploads a process takes at once: each holds disk space and a thread's time."""

    def __init__(self, most: int) -> None:
        self._left = most

    @contextmanager
    def take(self) -> Iterator[None]:
        """Raises Refused("too-many-requests") when none is left."""
        if self._left < 1:
            raise Refused("too-many-requests")
        self._left -= 1
        try:
            yield
        finally:
            self._left += 1


@dataclass
class Resources:
    settings: Settings
    store: "DirectoryStore | S3Store"
    vault: Vault
    parts: Parts
    uploads: Places
    threads: Threads
    units: UnitDirectory
    neighbours: Neighbours
    seal_keys: SealKeys
    verifications: Allowance
    views: Allowance
    publishing: Policy
    templates: Library
    checklists: Checklists
    renderers: Renderers
    viewer: Viewer
    walk: Walk = field(default_factory=Walk)


def open_store(runtime: Runtime, threads: Threads) -> "DirectoryStore | S3Store":
    """The store the node file names: [s3], or the directory. Nothing is asked of an S3 server yet."""
    root = runtime.settings.resolve(runtime.settings.node.store)
    if runtime.settings.s3 is not None:
        from documents.storage.s3 import S3Store

        return S3Store(runtime.settings.s3, root / "incoming", threads)
    return DirectoryStore(root, threads)


def open_keys(runtime: Runtime, settings: Settings) -> SealKeys:
    """The keys of the seals; no file and no token is opened yet."""
    home, seals = runtime.settings, settings.seals
    roots = None if seals.roots is None else home.resolve(seals.roots)
    return SealKeys(seals.model_copy(update={"roots": roots}), home.keys / "seals", runtime.keyring)


@asynccontextmanager
async def open_resources(runtime: Runtime) -> AsyncIterator[Resources]:
    reuse_buffers()
    settings = Settings.model_validate(runtime.settings.services.get("documents", {}))
    threads = Threads(settings.threads)
    store = open_store(runtime, threads)
    runtime.checks["store"] = store.ping
    own = None if settings.templates is None else runtime.settings.resolve(settings.templates)
    checked = None if settings.checklists is None else runtime.settings.resolve(settings.checklists)
    given = settings.publishing.policy
    policy = None if given is None else runtime.settings.resolve(given)
    renderers = Renderers(settings.renderers, own)
    try:
        await threads.run(sweep, store.incoming)
        templates = await threads.run(Library.of_node, own)
        vault = Vault(
            store, runtime.keyring, threads, sm3=settings.sm3, check=partial(check_open, runtime),
            adopt=partial(adopt, runtime),
        )  # fmt: skip
        parts = Parts(store.incoming.with_name("uploads"), runtime.keyring, threads)
        units = UnitDirectory.read(runtime.settings.resolve(runtime.settings.node.units_file))
        yield Resources(
            settings, store, vault, parts, Places(settings.uploads_at_once), threads,
            units=units,
            neighbours=Neighbours(units),
            seal_keys=open_keys(runtime, settings),
            verifications=Allowance(settings.seals.verifications_per_minute),
            views=Allowance(settings.publishing.views_per_minute),
            publishing=await threads.run(read_policy, policy),
            templates=templates,
            checklists=await threads.run(Checklists.of_node, checked, templates),
            renderers=renderers,
            viewer=Viewer(settings.views),
        )  # fmt: skip
    finally:
        await renderers.close()
        await asyncio.to_thread(threads.close)


def of(runtime: Runtime) -> Resources:
    resources: Resources = runtime.resources
    return resources


async def _sweep(runtime: Runtime, _: Session) -> None:
    await of(runtime).threads.run(sweep, of(runtime).store.incoming)


SWEEP = Job("sweep-spools", timedelta(hours=1), _sweep)
