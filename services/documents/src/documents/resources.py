"""What documents holds while it runs, beside its database."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from documents.settings import Settings
from documents.storage.directory import DirectoryStore
from documents.storage.objects import sweep
from documents.storage.s3 import S3Store
from documents.storage.threads import Threads
from documents.storage.vault import Vault
from kit.app import Job
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime


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
    store: DirectoryStore | S3Store
    vault: Vault
    uploads: Places
    threads: Threads


def open_store(runtime: Runtime, threads: Threads) -> DirectoryStore | S3Store:
    """The store the node file names: [s3], or the directory. Nothing is asked of an S3 server yet."""
    root = runtime.settings.resolve(runtime.settings.node.store)
    if runtime.settings.s3 is not None:
        return S3Store(runtime.settings.s3, root / "incoming", threads)
    return DirectoryStore(root, threads)


@asynccontextmanager
async def open_resources(runtime: Runtime) -> AsyncIterator[Resources]:
    settings = Settings.model_validate(runtime.settings.services.get("documents", {}))
    threads = Threads(settings.threads)
    store = open_store(runtime, threads)
    runtime.checks["store"] = store.ping
    try:
        await threads.run(sweep, store.incoming)
        vault = Vault(store, runtime.keyring, threads)
        yield Resources(settings, store, vault, Places(settings.uploads_at_once), threads)
    finally:
        await asyncio.to_thread(threads.close)


def of(runtime: Runtime) -> Resources:
    resources: Resources = runtime.resources
    return resources


async def _sweep(runtime: Runtime, _: Session) -> None:
    await of(runtime).threads.run(sweep, of(runtime).store.incoming)


SWEEP = Job("sweep-spools", timedelta(hours=1), _sweep)
