"""Files go into the store sealed and come out opened, as streams; their name there shows nothing of what they are."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from documents.storage.frames import Opening, Sealing
from documents.storage.objects import ObjectStore, Spool
from documents.storage.threads import Threads
from kit.crypto import Keyring

BATCH = 256 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """name: in the store; digest: SHA-256 of the file, hexadecimal; size: bytes of the file."""

    name: str
    digest: str
    size: int


class Receiving:
    """A file on its way in. Hashing, sealing and writing are done in threads, a batch at a time."""

    def __init__(self, vault: "Vault", spool: Spool) -> None:
        self._vault = vault
        self._spool = spool
        self._sealing = Sealing(vault.ring)
        self._spool.write(self._sealing.room)
        self._waiting = bytearray()

    async def write(self, chunk: bytes) -> None:
        self._waiting += chunk
        if len(self._waiting) >= BATCH:
            batch, self._waiting = self._waiting, bytearray()
            await self._vault.threads.run(self._seal, batch)

    async def keep(self) -> Kept:
        """Put what was written into the store; the same content a second time changes nothing there."""
        kept = await self._vault.threads.run(self._finish)
        await self._vault.store.keep(kept.name, self._spool)
        return kept

    def _seal(self, batch: bytearray) -> None:
        self._spool.write(self._sealing.update(batch))

    def _finish(self) -> Kept:
        self._seal(self._waiting)
        finished = self._sealing.finish()
        self._spool.write(finished.tail)
        self._spool.write_header(finished.header)
        return Kept(self._vault.name_of(finished.digest), finished.digest, finished.size)


class Vault:
    """An object store and the keys to what is in it."""

    def __init__(self, store: ObjectStore, ring: Keyring, threads: Threads) -> None:
        self.store = store
        self.ring = ring
        self.threads = threads

    def name_of(self, digest: str) -> str:
        """A keyed digest of the digest: who holds a file cannot ask the bucket whether it is there."""
        return self.ring.blind_index("object:" + digest).hex()

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[Receiving]:
        """A file to write to; what was not kept when the block ends is gone."""
        with self.store.spool() as spool:
            yield Receiving(self, spool)

    async def read(self, name: str, digest: str) -> AsyncGenerator[bytes, None]:
        """The file's bytes. Raises Absent, Undecipherable for an altered or a wrong object, OSError."""
        opening = Opening(self.ring, digest)
        async with aclosing(self.store.read(name)) as chunks:
            async for chunk in chunks:
                if clear := opening.update(chunk):
                    yield clear
        if clear := opening.finish():
            yield clear
