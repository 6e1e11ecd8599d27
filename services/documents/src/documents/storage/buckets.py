"""One bucket of an S3 server, made when it is missing. Everything here blocks: call it in a thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import FileIO
from itertools import islice
from pathlib import Path
from threading import Lock

import urllib3
from minio.commonconfig import COMPLIANCE, ENABLED, Filter
from minio.error import MinioException, S3Error
from minio.helpers import check_bucket_name
from minio.lifecycleconfig import AbortIncompleteMultipartUpload, LifecycleConfig, Rule
from minio.retention import Retention
from urllib3.response import BaseHTTPResponse

from documents.storage.objects import READ, Absent, Locked, Standing
from documents.storage.sending import Line, Unsent
from kit.logs import log

# what is larger goes in parts, so that a broken line does not cost all of it; no ordinary file is
ONE_REQUEST = 512 * 1024 * 1024
PART = 5 * 1024 * 1024  # bytes, at least; the client holds two parts in memory
NOT_THERE = {"NoSuchKey", "NoSuchBucket", "NoSuchVersion"}
OURS_ALREADY = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}
WITHOUT_LOCK = {"ObjectLockConfigurationNotFoundError", "InvalidRequest", "NoSuchObjectLockConfiguration"}


class StoreAway(OSError):
    """The S3 server does not answer, or not as it should."""


@contextmanager
def answering() -> Iterator[None]:
    """Failures of the client as the two that callers know. Their texts stay out: they may quote keys."""
    try:
        yield
    except S3Error as error:
        if error.code in NOT_THERE:
            raise Absent from error
        raise StoreAway(f"S3 refuses: {error.code}") from error
    except Unsent as error:
        if error.code in NOT_THERE:
            raise Absent from error
        raise StoreAway(str(error)) from error
    except (MinioException, urllib3.exceptions.HTTPError) as error:
        raise StoreAway(f"S3 is away: {type(error).__name__}") from error


class Reading:
    """An answer on its way. Closing an unfinished one ends its connection, so that the rest is not sent."""

    def __init__(self, answer: BaseHTTPResponse) -> None:
        self._answer = answer

    def read(self) -> bytes:
        with answering():
            return self._answer.read(READ)

    def close(self) -> None:
        self._answer.close()
        self._answer.release_conn()


class Bucket:
    """Raises ValueError when no bucket can have this name; Absent and StoreAway in every method."""

    def __init__(self, line: Line, name: str, *, locks: bool = False) -> None:
        check_bucket_name(name)
        self._line = line
        self._client = line.client
        self._name = name
        self._locks = locks
        self._there = False
        self._making = Lock()
        self._locking = Lock()

    def has(self, name: str) -> bool:
        try:
            with answering():
                self._client.stat_object(self._name, name)
        except Absent:
            return False
        return True

    def open(self, name: str, start: int = 0) -> Reading:
        with answering():
            return Reading(self._client.get_object(self._name, name, offset=start))

    def put(self, name: str, file: Path) -> None:
        self.ensure()
        try:
            with answering(), file.open("rb", buffering=0) as content:
                self._send(name, content, file.stat().st_size)
        except Absent as error:
            self._there = False
            raise StoreAway("the bucket is gone") from error

    def _send(self, name: str, content: FileIO, size: int) -> None:
        if size <= ONE_REQUEST:
            self._line.send(self._name, name, content, size)
        else:
            self._client.put_object(self._name, name, content, size, part_size=PART, num_parallel_uploads=1)

    def remove(self, name: str) -> None:
        """Every version of it, if there is any. Raises Locked when the server holds one."""
        for version in self._versions(name):
            try:
                with answering():
                    self._client.remove_object(self._name, name, version_id=version)
            except StoreAway as error:
                if isinstance(error.__cause__, S3Error) and error.__cause__.code == "AccessDenied":
                    raise Locked(name) from error
                raise

    def ensure(self) -> None:
        """Other processes may be at it too: on some servers the second one succeeds, on others it is told so."""
        with self._making, answering():
            if self._there:
                return
            if not self._client.bucket_exists(self._name):
                try:
                    self._client.make_bucket(self._name, object_lock=self._locks)
                except S3Error as error:
                    if error.code not in OURS_ALREADY:
                        raise
                self._forget_abandoned_parts()
            if self._locks:
                self._check_locks()
            self._there = True

    def _check_locks(self) -> None:
        """A bucket learns to lock when it is made, or never: on most servers."""
        try:
            self._client.get_object_lock_config(self._name)
        except S3Error as error:
            if error.code not in WITHOUT_LOCK:
                raise
            log.error("s3.bucket_without_object_lock", bucket=self._name)
            raise StoreAway(
                f"bucket {self._name} was made without object lock: give it up, or choose another bucket"
            ) from error

    def listed(self, after: str, limit: int) -> list[Standing]:
        """Names behind this one, in order."""
        try:
            with answering():
                found = list(islice(self._client.list_objects(self._name, recursive=True, start_after=after), limit))
        except Absent:
            return []
        return [
            Standing(each.object_name, each.size or 0, each.last_modified)
            for each in found if each.object_name and each.last_modified
        ]  # fmt: skip

    def until(self, name: str) -> datetime | None:
        """When the last lock on any version of an object ends; None without one, or without the object."""
        locks = (self._lock_of(name, version) for version in self._versions(name))
        return max((lock for lock in locks if lock is not None), default=None)

    def lock(self, name: str, until: datetime) -> None:
        """Its newest version, until then or later. In compliance mode: no right at the server shortens it."""
        if self._is_locked(name, until):
            return
        try:
            with self._locking, answering():  # Ceph loses one of two changes that come at the same moment
                self._client.set_object_retention(self._name, name, Retention(COMPLIANCE, until))
        except StoreAway:
            if not self._is_locked(name, until):  # it is where another has locked it for longer meanwhile
                raise

    def _is_locked(self, name: str, until: datetime) -> bool:
        known = self._lock_of(name, None)
        return known is not None and known >= until

    def _versions(self, name: str) -> list[str | None]:
        try:
            with answering():
                found = list(self._client.list_objects(self._name, prefix=name, include_version=self._locks))
        except Absent:
            return []
        return [each.version_id if self._locks else None for each in found]

    def _lock_of(self, name: str, version: str | None) -> datetime | None:
        """Told by the object's headers: the client cannot read the nanoseconds in what Ceph says of a retention."""
        try:
            with answering():
                headers = self._client.stat_object(self._name, name, version_id=version).metadata or {}
        except Absent:
            return None
        if headers.get("x-amz-object-lock-mode") != COMPLIANCE:
            return None
        return datetime.fromisoformat(headers["x-amz-object-lock-retain-until-date"])

    def _forget_abandoned_parts(self) -> None:
        """Have the server drop the parts of uploads that a killed process or a cut line left unfinished."""
        rule = Rule(
            ENABLED,
            rule_filter=Filter(prefix=""),
            rule_id="abandoned-uploads",
            abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(days_after_initiation=1),
        )
        try:
            with answering():
                self._client.set_bucket_lifecycle(self._name, LifecycleConfig([rule]))
        except StoreAway as error:  # not every server knows the rule; some drop such parts by themselves
            log.warning("s3.no_lifecycle", bucket=self._name, reason=str(error))
