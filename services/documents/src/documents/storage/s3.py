"""An object store behind the S3 API (MinIO, Ceph radosgw, AWS), through the synchronous minio client in threads."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import urllib3
from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.error import MinioException, S3Error
from minio.helpers import check_bucket_name
from minio.lifecycleconfig import AbortIncompleteMultipartUpload, LifecycleConfig, Rule
from urllib3.response import BaseHTTPResponse

from documents.storage.objects import READ, Absent, Spool
from documents.storage.threads import Threads
from kit.logs import log
from kit.settings import S3Section

PART = 5 * 1024 * 1024  # the least S3 allows; the client holds two parts of each upload in memory
NOT_THERE = {"NoSuchKey", "NoSuchBucket"}
OURS_ALREADY = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class StoreAway(OSError):
    """The S3 server does not answer, or not as it should."""


@contextmanager
def _answering() -> Iterator[None]:
    """Failures of the client as the two that callers know. Their texts stay out: they may quote keys."""
    try:
        yield
    except S3Error as error:
        if error.code in NOT_THERE:
            raise Absent from error
        raise StoreAway(f"S3 refuses: {error.code}") from error
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        raise StoreAway(f"S3 is away: {type(error).__name__}") from error


class _Reading:
    """An answer on its way. Closing an unfinished one ends its connection, so that the rest is not sent."""

    def __init__(self, answer: BaseHTTPResponse) -> None:
        self._answer = answer

    def read(self) -> bytes:
        with _answering():
            return self._answer.read(READ)

    def close(self) -> None:
        self._answer.close()
        self._answer.release_conn()


class S3Store:
    """One bucket, made when it is missing. Raises ValueError when no bucket can have the name it is to have.

    Uploads are spooled in `incoming`: a dropped connection never reaches S3.
    """

    def __init__(self, settings: S3Section, incoming: Path, threads: Threads) -> None:
        check_bucket_name(settings.bucket)
        self._bucket = settings.bucket
        self._has_bucket = False
        self._making = Lock()
        self.incoming = incoming
        self.incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._threads = threads
        self._client = Minio(
            settings.endpoint,
            settings.access_key.get_secret_value(),
            settings.secret_key.get_secret_value(),
            secure=settings.secure,
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=3, read=30),
                maxsize=32,
                retries=urllib3.Retry(total=3, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
            ),
        )

    def spool(self) -> Spool:
        return Spool(self.incoming)

    async def keep(self, name: str, spool: Spool) -> None:
        await self._threads.run(self._keep, name, spool)

    async def exists(self, name: str) -> bool:
        return await self._threads.run(self._exists, name)

    async def ping(self) -> None:
        await self.exists("ping")

    async def read(self, name: str) -> AsyncGenerator[bytes, None]:
        async with self._threads.opened(lambda: self._open(name)) as reading:
            while chunk := await self._threads.run(reading.read):
                yield chunk

    def _open(self, name: str) -> _Reading:
        with _answering():
            return _Reading(self._client.get_object(self._bucket, name))

    def _exists(self, name: str) -> bool:
        try:
            with _answering():
                self._client.stat_object(self._bucket, name)
        except Absent:
            return False
        return True

    def _keep(self, name: str, spool: Spool) -> None:
        self._ensure_bucket()
        if self._exists(name):
            return
        spool.stream.flush()
        try:
            self._upload(name, spool.path)
        except Absent as error:
            self._has_bucket = False
            raise StoreAway("the bucket is gone") from error

    def _upload(self, name: str, file: Path) -> None:
        with _answering(), file.open("rb", buffering=0) as content:
            self._client.put_object(
                self._bucket, name, content, file.stat().st_size, part_size=PART, num_parallel_uploads=1
            )

    def _ensure_bucket(self) -> None:
        """Other processes may be at it too: on some servers the second one succeeds, on others it is told so."""
        with self._making, _answering():
            if self._has_bucket:
                return
            if not self._client.bucket_exists(self._bucket):
                try:
                    self._client.make_bucket(self._bucket)
                except S3Error as error:
                    if error.code not in OURS_ALREADY:
                        raise
                self._forget_abandoned_parts()
            self._has_bucket = True

    def _forget_abandoned_parts(self) -> None:
        """Have the server drop the parts of uploads that a killed process or a cut line left unfinished."""
        rule = Rule(
            ENABLED,
            rule_filter=Filter(prefix=""),
            rule_id="abandoned-uploads",
            abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(days_after_initiation=1),
        )
        try:
            with _answering():
                self._client.set_bucket_lifecycle(self._bucket, LifecycleConfig([rule]))
        except StoreAway as error:  # not every server knows the rule; some drop such parts by themselves
            log.warning("s3.no_lifecycle", bucket=self._bucket, reason=str(error))
