"""What can be done for what was kept: look whether it is whole, and seal it anew under the active key."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta

from documents import resources
from documents.metrics import FAULTY
from documents.scrubs import collecting, store
from documents.scrubs.store import Due
from documents.storage.objects import Absent, Locked
from kit.crypto import Undecipherable
from kit.logs import log
from kit.runtime import Runtime
from kit.workers import Worker

HOLD = timedelta(hours=3)  # after which an object is taken again whose process has died over it
AGAIN = timedelta(hours=1)  # what is missing or altered is looked at again, for it may have been restored
BATCH = 100
FAULTS = ("missing", "altered")


async def step(runtime: Runtime) -> int:
    """Look at the object that is due longest, not faster than the operator allows; 0 when none is due."""
    async with runtime.database.transaction() as session:
        due = await store.take(session, runtime.clock.now(), HOLD)
    if due is None:
        await tell(runtime)
        await collecting.step(runtime)
        return 0
    await look(runtime, due, resources.of(runtime).settings.scrub_bytes_per_second)
    return 1


async def look(runtime: Runtime, due: Due, rate: float | None = None) -> str | None:
    """Read an object to its end and note what is wrong with it; None: nothing. Raises OSError: the store is away."""
    fault = await _fault(runtime, due, rate)
    at, settings = runtime.clock.now(), resources.of(runtime).settings
    async with runtime.database.transaction() as session:
        again = AGAIN if fault else timedelta(days=settings.scrub_days)
        await store.note(session, due.name, fault, at, at + again)
        ids = [str(each) for each in await store.files_of(session, due.name)] if fault or due.fault else []
    if fault != due.fault:
        if fault:
            log.error("object.faulty", object=due.name, fault=fault, files=ids)
        else:
            log.info("object.whole_again", object=due.name, files=ids)
        await tell(runtime)
    return fault


async def _fault(runtime: Runtime, due: Due, rate: float | None) -> str | None:
    started, done = time.monotonic(), 0
    try:
        async with aclosing(resources.of(runtime).vault.read(due.name, due.sha256, inspected=True)) as content:
            async for chunk in content:
                done += len(chunk)
                ahead = done / rate - (time.monotonic() - started) if rate else 0
                if ahead > 0:
                    await asyncio.sleep(ahead)
    except Absent:
        return "missing"
    except Undecipherable:
        return "altered"
    return None


async def tell(runtime: Runtime) -> None:
    """Have the metric say how many objects are faulty."""
    async with runtime.database.transaction() as session:
        found = await store.faults(session)
    for fault in FAULTS:
        FAULTY.labels(fault).set(found.get(fault, 0))


async def all_now(runtime: Runtime) -> AsyncIterator[str | None]:
    """Look at every object, as fast as it goes; yields what is wrong with each. Raises OSError."""
    name = ""
    while True:
        async with runtime.database.transaction() as session:
            rows = await store.after(session, name, BATCH)
        if not rows:
            return
        for due in rows:
            yield await look(runtime, due)
        name = rows[-1].name


@dataclass
class Resealed:
    """moved: objects now sealed under the active key; locked: left as they are until their lock ends; faulty: missing
    or altered, left for the scrub to name.
    """

    moved: int = 0
    locked: int = 0
    faulty: int = 0


async def reseal(runtime: Runtime) -> AsyncIterator[Resealed]:
    """Move every object that is not locked under the active key; yields what was done so far, after each.

    Ended anywhere, it goes on where it was when called again. Raises OSError while the store is away.
    """
    done, name = Resealed(), ""
    active = runtime.keyring.active
    while True:
        async with runtime.database.transaction() as session:
            rows = await store.under_older_keys(session, active, name, BATCH)
        if not rows:
            return
        for row in rows:
            try:
                key_id = await _sealed_anew(runtime, row.name, row.sha256)
            except Locked:
                done.locked += 1
            except (Absent, Undecipherable):
                done.faulty += 1
            else:
                done.moved += 1
                async with runtime.database.transaction() as session:
                    await store.note_key(session, row.name, key_id)
            yield done
        name = rows[-1].name


async def _sealed_anew(runtime: Runtime, name: str, sha256: str) -> str:
    """The store itself says what is locked, before anything is read. Raises Locked, Absent, Undecipherable."""
    vault = resources.of(runtime).vault
    await vault.check_unlocked(name)
    async with vault.receiving() as receiving, aclosing(vault.read(name, sha256, inspected=True)) as content:
        async for chunk in content:
            await receiving.write(chunk)
        return await receiving.replace()


SCRUB = Worker("scrub", None, step, timedelta(minutes=1))
