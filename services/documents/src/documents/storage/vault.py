"""Files go into the store sealed and come out opened, as streams; their name there shows nothing of what they are."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from documents.storage.frames import FRAME, Finished, Opening, Sealing
from documents.storage.objects import Locked, ObjectStore, Spool
from documents.storage.threads import Threads
from kit.crypto import Keyring

BATCH = 256 * 1024


Check = Callable[[str], Awaitable[None]]


class Digest(Protocol):
    """As hashlib makes them."""

    def update(self, data: bytes | bytearray, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Kept:
    """name: in the store; digest: SHA-256 of the file, hexadecimal; size: bytes of the file; key_id: what the object is
    sealed under, None where the store had it already; locked_until: when it may be removed, None: at any time.
    """

    name: str
    digest: str
    size: int
    sm3: str | None = None
    key_id: str | None = None
    locked_until: datetime | None = None


Adopt = Callable[[Kept], Awaitable[None]]


class Incoming:
    """Bytes on their way into a spool. Hashing, sealing and writing are done in threads, a batch at a time.

    digest: one more that is to be made of them.
    """

    def __init__(
        self, ring: Keyring, spool: Spool, threads: Threads, *, sm3: bool = False, digest: Digest | None = None
    ) -> None:
        self.spool = spool
        self.size = 0
        self._threads = threads
        self._sealing = Sealing(ring, sm3=sm3)
        self._digest = digest
        self._waiting = bytearray()
        self._under_way: Future[None] | None = None
        spool.write(self._sealing.room)

    async def write(self, chunk: bytes) -> None:
        """It is sealed while the next ones come; no more than one batch waits for it."""
        self._waiting += chunk
        self.size += len(chunk)
        if len(self._waiting) >= BATCH:
            await self._sealed()
            batch, self._waiting = self._waiting, bytearray()
            self._under_way = self._threads.begin(self._seal, batch)

    async def finish(self) -> Finished:
        """Write what is left: the spool is whole."""
        await self._sealed()
        return await self._threads.run(self._finish)

    async def _sealed(self) -> None:
        """Wait for the batch before: they have an order."""
        if self._under_way is not None:
            await asyncio.wrap_future(self._under_way)

    def _seal(self, batch: bytearray) -> None:
        if self._digest is not None:
            self._digest.update(batch)
        self.spool.write(self._sealing.update(batch))

    def _finish(self) -> Finished:
        self._seal(self._waiting)
        finished = self._sealing.finish()
        self.spool.write(finished.tail)
        self.spool.write_header(finished.header)
        return finished


class Receiving(Incoming):
    """A file on its way into a vault."""

    def __init__(self, vault: "Vault", spool: Spool) -> None:
        super().__init__(vault.ring, spool, vault.threads, sm3=vault.sm3)
        self._vault = vault

    async def keep(self, retain_until: datetime | None = None) -> Kept:
        """Put what was written into the store; the same content a second time changes nothing there.

        retain_until: nobody can remove or replace it before, whatever its rights at an S3 store.
        """
        finished = await self.finish()
        name = self._vault.name_of(finished.digest)
        new = await self._vault.store.keep(name, self.spool, retain_until)
        kept = Kept(name, finished.digest, finished.size, finished.sm3, None, retain_until)
        if not new and self._vault.adopt is not None:
            await self._vault.adopt(kept)
            new = await self._vault.store.keep(name, self.spool, retain_until)  # it may have been collected before
        return replace(kept, key_id=finished.key_id) if new else kept

    async def replace(self) -> str:
        """Put what was written in the place of the same content, sealed anew; returns the id of its key.

        Raises Locked.
        """
        finished = await self.finish()
        await self._vault.store.replace(self._vault.name_of(finished.digest), self.spool)
        return finished.key_id


class Vault:
    """An object store and the keys to what is in it. sm3: whether a second digest is made of what comes in; check:
    asked before an object is read, raises for what must not leave the vault; adopt: told of what was there already.
    """

    def __init__(
        self, store: ObjectStore, ring: Keyring, threads: Threads, *, sm3: bool = False, check: Check | None = None,
        adopt: Adopt | None = None,
    ) -> None:  # fmt: skip
        self.store = store
        self.ring = ring
        self.threads = threads
        self.sm3 = sm3
        self.adopt = adopt
        self._check = check

    def name_of(self, digest: str) -> str:
        """A keyed digest of the digest: who holds a file cannot ask the bucket whether it is there."""
        return self.ring.blind_index("object:" + digest).hex()

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[Receiving]:
        """A file to write to; what was not kept when the block ends is gone."""
        with self.store.spool() as spool:
            yield Receiving(self, spool)

    async def read_from(self, name: str, digest: str, start: int) -> AsyncGenerator[bytes, None]:
        """The file's bytes from one that it has on, as `read`."""
        if self._check is not None:
            await self._check(name)
        opening = Opening(self.ring, digest)
        async with aclosing(self.store.read(name)) as chunks:
            opening.update(await anext(chunks, b""))
        before = start % FRAME
        async with aclosing(self.store.read(name, opening.go_to(start // FRAME), opening.update)) as clear:
            async for chunk in clear:
                yield chunk[before:]
                before = 0
        yield opening.finish()[before:]

    async def check_unlocked(self, name: str) -> None:
        """Raises Locked."""
        until = await self.store.locked_until(name)
        if until is not None and until > datetime.now(UTC):
            raise Locked(name)

    async def read(self, name: str, digest: str, *, inspected: bool = False) -> AsyncGenerator[bytes, None]:
        """The file's bytes. inspected: by us, so they go to nobody.

        Raises Absent, Undecipherable for an altered or a wrong object, OSError, Refused.
        """
        if self._check is not None and not inspected:
            await self._check(name)
        opening = Opening(self.ring, digest)
        async with aclosing(self.store.read(name, then=opening.update)) as chunks:
            async for chunk in chunks:
                yield chunk
        if rest := opening.finish():
            yield rest
