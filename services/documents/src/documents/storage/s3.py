"""An object store behind the S3 API (MinIO, Ceph radosgw, AWS), through the synchronous minio client in threads."""

from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from pathlib import Path

import urllib3
from minio import Minio
from minio.credentials.providers import StaticProvider

from documents.storage.buckets import Bucket, Reading
from documents.storage.objects import Absent, Locked, Spool, Standing
from documents.storage.sending import BLOCK, Line
from documents.storage.threads import Threads
from kit.settings import S3Section


class S3Store:
    """Two buckets, made when they are missing: what is locked stands in one of its own, made with object lock, for a
    bucket that was made without can mostly not learn it, and in one that has it nothing ever really goes (ADR 21).

    Uploads are spooled in `incoming`: a dropped connection never reaches S3. Raises ValueError when no bucket can have
    the name it is to have.
    """

    def __init__(self, settings: S3Section, incoming: Path, threads: Threads) -> None:
        self.incoming = incoming
        self.incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._threads = threads
        line = _line(settings)
        self._plain = Bucket(line, settings.bucket)
        self._locking = Bucket(line, f"{settings.bucket}-locked", locks=True)

    def spool(self) -> Spool:
        return Spool(self.incoming)

    async def keep(self, name: str, spool: Spool, retain_until: datetime | None = None) -> bool:
        if retain_until is None:
            return await self._threads.run(self._keep, name, spool)
        return await self._threads.run(self._keep_locked, name, spool, retain_until)

    async def replace(self, name: str, spool: Spool) -> None:
        await self._threads.run(self._replace, name, spool)

    async def delete(self, name: str) -> None:
        await self._threads.run(self._delete, name)

    async def locked_until(self, name: str) -> datetime | None:
        return await self._threads.run(self._locking.until, name)

    async def exists(self, name: str) -> bool:
        return await self._threads.run(self._exists, name)

    async def listed(self, after: str, limit: int) -> list[Standing]:
        return await self._threads.run(self._plain.listed, after, limit)

    async def ping(self) -> None:
        await self._threads.run(self._plain.has, "ping")

    def read(
        self, name: str, start: int = 0, then: Callable[[bytes], bytes] | None = None
    ) -> AsyncGenerator[bytes, None]:
        return self._threads.pieces(lambda: self._open(name, start), Reading.read, then)

    def _open(self, name: str, start: int) -> Reading:
        try:
            return self._plain.open(name, start)
        except Absent:
            return self._locking.open(name, start)

    def _exists(self, name: str) -> bool:
        return self._plain.has(name) or self._locking.has(name)

    def _keep(self, name: str, spool: Spool) -> bool:
        self._plain.ensure()
        new = not self._exists(name)
        if new:
            spool.stream.flush()
            self._plain.put(name, spool.path)
        return new

    def _keep_locked(self, name: str, spool: Spool, until: datetime) -> bool:
        """Also where the same content stands unlocked already: who reads finds either."""
        self._locking.ensure()
        new = not self._locking.has(name)
        if new:
            spool.stream.flush()
            self._locking.put(name, spool.path)
        self._locking.lock(name, until)
        return new

    def _replace(self, name: str, spool: Spool) -> None:
        self._check_unlocked(name)
        spool.stream.flush()
        self._plain.put(name, spool.path)

    def _delete(self, name: str) -> None:
        self._check_unlocked(name)
        self._locking.remove(name)
        self._plain.remove(name)

    def _check_unlocked(self, name: str) -> None:
        until = self._locking.until(name)
        if until is not None and until > datetime.now(UTC):
            raise Locked(name)


def _line(settings: S3Section) -> Line:
    """Nothing is asked of the server yet."""
    credentials = StaticProvider(settings.access_key.get_secret_value(), settings.secret_key.get_secret_value())
    pool = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=3, read=30),
        maxsize=32,
        retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
        blocksize=BLOCK,
    )
    client = Minio(settings.endpoint, secure=settings.secure, credentials=credentials, http_client=pool)
    return Line(client, pool, credentials)
