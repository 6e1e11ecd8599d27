"""A text is kept before the gateway is told: in the database, many in one statement; on disk while that is away."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from kit.logs import log
from kit.outbox import current_traceparent
from kit.runtime import Runtime
from kit.workers import Worker
from notify.gateways.interface import Incoming
from notify.inbound import measures, spool, store
from notify.inbound.kept import Kept, bounded
from notify.inbound.settings import TextSettings

TOGETHER = 500  # texts in one statement
REFUSED = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError)  # for what stands in a row
PATIENCE = 5.0  # seconds until the disk takes what the database does not answer for


class NotKept(OSError):
    """The database is away, and whoever brought it brings it again."""


@dataclass(frozen=True, slots=True)
class _Brought:
    """spools: it goes to the disk while the database is away; done: when it is kept."""

    kept: Kept
    spools: bool
    done: asyncio.Future[None]


class Keeper:
    """Of one process. Callers that come while a group is written are the next group.

    Once the database has not answered everything goes to the disk until the disk is drained, so that no later text of
    a phone overtakes an earlier one.
    """

    def __init__(self, runtime: Runtime, settings: TextSettings, folder: Path | None = None) -> None:
        self._runtime = runtime
        self._settings = settings
        self._folder: Path = (folder or runtime.settings.home) / "spool"
        self._spool = spool.Spool(self._folder, runtime.keyring, settings.spool_megabytes * 2**20)
        self._waiting: list[_Brought] = []
        self._writing: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._offset = 0
        self._damaged = False  # what is on disk has a line that cannot be read

    async def keep(self, gateway: str, incoming: Incoming, *, spools: bool = True) -> None:
        """Return when it is durable. Raises SpoolFull, or NotKept where it may not spool: it must be brought again."""
        runtime = self._runtime
        kept = Kept(runtime.ids.new(), gateway, runtime.clock.now(), current_traceparent(), bounded(incoming))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Brought(kept, spools, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="notify.keeping")
        await done
        measures.KEPT.labels(gateway).inc()

    async def _write(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            error: BaseException | None = None
            try:
                await self._store(group)
            except BaseException as caught:  # noqa: BLE001 - told to each caller; the next group may fare better
                error = caught
            _tell(group, error)
            if error is not None and not isinstance(error, Exception):
                raise error

    async def _store(self, group: Sequence[_Brought]) -> None:
        async with self._lock:
            if self._spool.empty and await self._inserted([each.kept for each in group]):
                return
            _tell([each for each in group if not each.spools], NotKept("the database is away"))
            if lines := [each.kept.record() for each in group if each.spools]:
                await asyncio.to_thread(self._spool.append, lines)
                measures.SPOOLED.set(self._spool.size)

    async def _inserted(self, group: Sequence[Kept]) -> bool:
        """False: nobody knows; it is written again, under the same ids, or brought again under the gateway's."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._insert(group)
        except Exception as error:  # noqa: BLE001 - whatever it is, the disk takes them
            log.warning("notify.texts_not_inserted", texts=len(group), error=type(error).__name__)
            return False
        return True

    async def _insert(self, group: Sequence[Kept]) -> None:
        """One that can never be written does not stop the others: it is put aside, for people."""
        try:
            async with self._runtime.database.transaction() as session:
                await store.keep(session, self._runtime.keyring, group, self._settings.answer_within)
                session.wake.add(store.CHANNEL)
        except REFUSED as error:
            if len(group) > 1:
                middle = len(group) // 2
                await self._insert(group[:middle])
                await self._insert(group[middle:])
                return
            measures.UNREADABLE.inc(len(group))
            log.error("notify.text_refused", error=type(error).__name__)
            await asyncio.to_thread(spool.put_aside, self._folder, self._runtime.keyring, group[0].record())

    async def close(self) -> None:
        """Finish what is being written; what is on disk is for the next process."""
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=PATIENCE)
        self._spool.let_go()

    async def drain(self) -> int:
        """Bring what is on disk, also that of processes that are gone, into the database; returns how many texts.

        Raises what the database raises while it is away: the files stay.
        """
        count = 0
        for file, descriptor in spool.left_behind(self._folder):
            try:
                count += await self._take_over(file)
            finally:
                os.close(descriptor)
        while not self._spool.empty:
            count += await self._drain_some()
        return count

    async def _drain_some(self) -> int:
        records, offset = await asyncio.to_thread(self._spool.read, self._offset, TOGETHER)
        if len(records) == TOGETHER:
            await self._bring_in(records)
            self._offset = offset
            return len(records)
        async with self._lock:  # the last ones, and nobody adds to them: from here on texts go to the database again
            records, offset = await asyncio.to_thread(self._spool.read, self._offset, TOGETHER)
            await self._bring_in(records)
            if self._spool.drained(offset, damaged=self._damaged):
                offset, self._damaged = 0, False
            self._offset = offset
            measures.SPOOLED.set(self._spool.size)
        return len(records)

    async def _bring_in(self, records: Sequence[str | None]) -> None:
        readable = self._readable(records, "own")
        await self._insert(readable)
        self._damaged = self._damaged or len(readable) < len(records)

    async def _take_over(self, file: Path) -> int:
        """A file of a process that is gone. What cannot be read of it stays, for people to look at."""
        count, offset, damaged = 0, 0, False
        while True:
            records, offset = await asyncio.to_thread(spool.read, file, self._runtime.keyring, offset, TOGETHER)
            if not records:
                break
            readable = self._readable(records, file.name)
            damaged = damaged or len(readable) < len(records)
            await self._insert(readable)
            count += len(readable)
        if torn := await asyncio.to_thread(spool.put_away, file, offset, damaged=damaged):
            log.warning("notify.spool_torn", file=file.name, bytes=torn)
        return count

    def _readable(self, records: Sequence[str | None], file: str) -> list[Kept]:
        found = [kept for record in records if record is not None and (kept := _kept(record)) is not None]
        if lost := len(records) - len(found):
            measures.UNREADABLE.inc(lost)
            log.error("notify.spool_unreadable", file=file, lines=lost)
        return found


def _kept(record: str) -> Kept | None:
    """Null for a line of ours that says something else: of another release."""
    try:
        return Kept.of(record)
    except (ValueError, KeyError, TypeError):
        return None


def _tell(group: Sequence[_Brought], error: BaseException | None) -> None:
    for each in group:
        if each.done.done():
            continue
        if error is None:
            each.done.set_result(None)
        else:
            each.done.set_exception(error)


async def keep(runtime: Runtime, gateway: str, incoming: Incoming, *, spools: bool = True) -> None:
    """Keep what a gateway brings; when this returns it is durable. spools: also while the database is away, which only
    suits processes that drain what is on disk. Raises SpoolFull, NotKept.
    """
    keeper: Keeper = runtime.resources.keeper
    await keeper.keep(gateway, incoming, spools=spools)


async def drain(runtime: Runtime) -> int:
    """What is on disk into the database."""
    keeper: Keeper = runtime.resources.keeper
    return await keeper.drain()


DRAINER = Worker("notify.texts-drained", None, drain)
