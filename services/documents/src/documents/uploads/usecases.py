"""What can be done with a file that comes in parts: begin, ask how far it is, append, end it. Whole, it is stored.

What has arrived is on disk and in the database before it is told of, a few megabytes at a time: a line that drops, a
process that is killed cost what came since. No lock is held while bytes come: of two who append at the same place the
first to have a part on disk has it.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from documents import access, resources
from documents.files import kinds
from documents.files import store as files
from documents.files import usecases as storing
from documents.files.domain import Claim
from documents.storage.objects import Absent
from documents.storage.parts import Part
from documents.storage.vault import Incoming
from documents.uploads import domain, store
from documents.uploads.domain import Checksum, Described
from kit.app import Job
from kit.auth import Principal
from kit.crypto import Undecipherable
from kit.db import Session
from kit.errors import Refused
from kit.runtime import Runtime

PART = 4 * 1024 * 1024
MOST_PARTS = 5000


@dataclass(frozen=True, slots=True)
class Standing:
    """position: bytes that have arrived, of `length`; expires_at, metadata: of what is not finished."""

    position: int
    length: int
    expires_at: datetime | None = None
    metadata: str | None = None

    def __repr__(self) -> str:
        return f"Standing({self.position} of {self.length})"


def metadata_binding(upload_id: UUID) -> str:
    """What encrypted metadata is bound to."""
    return f"uploads/{upload_id}/metadata"


def _metadata(runtime: Runtime, row: Row[Any]) -> str:
    return runtime.keyring.decrypt(row.metadata, metadata_binding(row.id))


def _standing(runtime: Runtime, row: Row[Any]) -> Standing:
    return Standing(row.position, row.length, row.expires_at, _metadata(runtime, row))


def _expiry(runtime: Runtime) -> datetime:
    return runtime.clock.now() + timedelta(hours=resources.of(runtime).settings.upload_hours)


async def begin(runtime: Runtime, writer: Principal, petition_id: UUID, length: int, metadata: str) -> Standing:
    """Make room for a file of so many bytes; done again, it changes nothing. Raises Refused."""
    settings = resources.of(runtime).settings
    described = domain.described(metadata)
    domain.check_length(length, settings.max_file_bytes)
    sealed = runtime.keyring.encrypt(metadata, metadata_binding(described.file_id))
    at = runtime.clock.now()
    async with runtime.database.transaction() as session:
        if not await access.is_readable(session, petition_id, writer):
            raise Refused("not-found")
        names = await store.remove(session, await store.expired(session, at, only=described.file_id))
        await store.add(
            session, id=described.file_id, petition_id=petition_id, unit=writer.unit, length=length,
            metadata=sealed, begun_at=at, expires_at=_expiry(runtime),
        )  # fmt: skip
        if await store.open_of(session, writer.unit) > settings.uploads_open:
            raise Refused("too-many-uploads")
        row = await store.find(session, petition_id, described.file_id, writer)
    await resources.of(runtime).parts.remove(names)
    if row is None or (row.length, _metadata(runtime, row)) != (length, metadata):
        raise Refused("file-id-reused")
    return _standing(runtime, row)


async def standing(runtime: Runtime, who: Principal, petition_id: UUID, upload_id: UUID) -> Standing:
    """How far it is; all of it, where it has become a file. Raises Refused: "not-found", "upload-expired"."""
    async with runtime.database.transaction() as session:
        row = await store.find(session, petition_id, upload_id, who)
        file = None if row is not None else await files.find_file(session, petition_id, upload_id, who)
    if row is not None:
        if row.expires_at <= runtime.clock.now():
            raise Refused("upload-expired")
        return _standing(runtime, row)
    if file is None:
        raise Refused("not-found")
    return Standing(file.bytes, file.bytes)


async def end(runtime: Runtime, who: Principal, petition_id: UUID, upload_id: UUID) -> None:
    """Throw away what has arrived. Raises Refused("not-found"), also for what is a file by now: files stay."""
    async with runtime.database.transaction() as session:
        if await store.find(session, petition_id, upload_id, who) is None:
            raise Refused("not-found")
    await _forget(runtime, upload_id)


async def append(
    runtime: Runtime, writer: Principal, petition_id: UUID, upload_id: UUID, start: int,
    body: AsyncGenerator[bytes, None], checksum: Checksum | None,
) -> Standing:  # fmt: skip
    """Take bytes in from `start` on, and store the file once it is whole.

    A checksum is that of the whole body: then all of it counts, or nothing does. Raises Refused, OSError.
    """
    with resources.of(runtime).uploads.take():
        at = await standing(runtime, writer, petition_id, upload_id)
        if at.position != start:
            raise Refused("wrong-offset", offset=at.position)
        if at.metadata is None:
            return at
        async with runtime.database.transaction() as session:
            parts = await store.parts_of(session, upload_id)
        arriving = _Arriving(runtime, writer, petition_id, domain.described(at.metadata), at, parts)
        async with aclosing(body):
            await arriving.take(body, checksum)
        return arriving.at


class _Arriving:
    """One request's bytes on their way into an upload."""

    def __init__(
        self, runtime: Runtime, writer: Principal, petition_id: UUID, described: Described, at: Standing,
        parts: list[Part],
    ) -> None:  # fmt: skip
        self.at = at
        self._runtime = runtime
        self._held = resources.of(runtime)
        self._writer = writer
        self._petition_id = petition_id
        self._described = described
        self._parts = parts
        self._head: bytearray | None = None if at.position else bytearray()

    async def take(self, body: AsyncGenerator[bytes, None], checksum: Checksum | None) -> None:
        more = True
        while more and self.at.metadata is not None:
            if len(self._parts) >= MOST_PARTS:
                raise Refused("too-many-parts")
            interrupted = None
            async with self._held.parts.receiving(None if checksum is None else checksum.digest) as incoming:
                try:
                    more = await self._fill(incoming, body, most=PART if checksum is None else self.at.length)
                except Refused as error:
                    if error.slug != "upload-interrupted" or checksum is not None:
                        raise
                    interrupted = error  # what has come is kept: the sender goes on from there
                await self._settle(incoming, checksum)
            if interrupted is not None and self.at.metadata is not None:
                raise interrupted

    async def _fill(self, incoming: Incoming, body: AsyncIterator[bytes], *, most: int) -> bool:
        """Take bytes until the part is full: whether there may be more."""
        async for chunk in body:
            self._look(chunk)
            await incoming.write(chunk)
            if self.at.position + incoming.size > self.at.length:
                raise Refused("too-large", limit_bytes=self.at.length)
            if incoming.size >= most:
                return True
        return False

    def _look(self, chunk: bytes) -> None:
        """What is not to be kept is refused by its first bytes: a bad line must not bring a hundred megabytes of it."""
        if self._head is None:
            return
        self._head += chunk[: kinds.HEAD]
        if len(self._head) >= kinds.HEAD:
            described = self._described
            Claim(described.declared, described.name, self._held.settings.kinds).checked(
                bytes(self._head[: kinds.HEAD])
            )
            self._head = None

    async def _settle(self, incoming: Incoming, checksum: Checksum | None) -> None:
        """Have what came on disk and in the database, or, if it was the last, in the store."""
        if not incoming.size:
            return
        part = await self._held.parts.keep(incoming)
        position = self.at.position + part.bytes
        if checksum is not None:
            await self._check(checksum, part)
        if position == self.at.length:
            await self._store([*self._parts, part])
            self.at = Standing(position, position)
            return
        expires_at = _expiry(self._runtime)
        async with self._runtime.database.transaction() as session:
            here = await store.advance(session, self._described.file_id, self.at.position, part, expires_at)
        if not here:
            await self._held.parts.remove([part.spool])
            raise Refused("wrong-offset")
        self._parts.append(part)
        self.at = Standing(position, self.at.length, expires_at, self.at.metadata)

    async def _check(self, checksum: Checksum, part: Part) -> None:
        try:
            checksum.check()
        except Refused:
            await self._held.parts.remove([part.spool])
            raise

    async def _store(self, parts: list[Part]) -> None:
        """By the same way as a file that came in one piece. What is refused there, no repetition makes good."""
        described = self._described
        upload = storing.Upload(
            self._petition_id, described.file_id, described.declared, described.name, self._held.parts.read(parts),
            described.identity,
        )  # fmt: skip
        try:
            async with aclosing(upload.body):
                await storing.keep_file(self._runtime, self._writer, upload)
        except (Absent, Undecipherable) as error:  # a part on disk
            if not await self._is_file():
                await _forget(self._runtime, described.file_id)
                raise Refused("upload-expired") from error
        except Refused:
            await _forget(self._runtime, described.file_id)
            raise
        finally:
            await self._held.parts.remove([parts[-1].spool])  # it never was one of the upload's
        await _forget(self._runtime, described.file_id)

    async def _is_file(self) -> bool:
        """Whether another request, that brought the same last part, has stored it meanwhile."""
        async with self._runtime.database.transaction() as session:
            return await files.find_file(session, self._petition_id, self._described.file_id, self._writer) is not None


async def _forget(runtime: Runtime, upload_id: UUID) -> None:
    async with runtime.database.transaction() as session:
        names = await store.remove(session, [upload_id])
    await resources.of(runtime).parts.remove(names)


async def sweep(runtime: Runtime, session: Session, limit: int = 1000) -> int:
    """Forget uploads that have expired, and what killed processes left on disk; returns how many files went."""
    parts = resources.of(runtime).parts
    names = await store.remove(session, await store.expired(session, runtime.clock.now(), limit=limit))
    old = (await parts.old())[:limit]
    gone = {*names, *await store.unknown(session, old)}
    await parts.remove(gone)
    return len(gone)


SWEEP_UPLOADS = Job("sweep-uploads", timedelta(minutes=10), sweep)
