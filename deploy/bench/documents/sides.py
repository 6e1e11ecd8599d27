"""Two ways to the same S3 store: the S3 client alone, and the service with the store behind it.

Both from a file to the store and back into a file, through the same HTTP library. The client does what it does by
itself (`fput_object` in parts by three threads, `fget_object`); the service besides checks who asks, looks at the
file, hashes, encrypts and spools it, and notes it in the database and in the audit.
"""

import hashlib
import os
import uuid
from pathlib import Path
from typing import Protocol

import urllib3
from deploy.bench.documents.desk import Desk
from minio import Minio

from xinqiao_local.radosgw import RadosGateway

MIB = 1024 * 1024
BUCKET = "floor"
CONNECTIONS = 32


class Side(Protocol):
    def put(self, file: Path) -> str:
        """Have a file stored; returns its name there."""
        ...

    def get(self, name: str, to: Path) -> None: ...


class Client:
    """The floor."""

    def __init__(self, gateway: RadosGateway) -> None:
        pool = urllib3.PoolManager(maxsize=CONNECTIONS)
        self._client = Minio(
            gateway.endpoint, gateway.access_key, gateway.secret_key, secure=False, http_client=pool
        )  # fmt: skip
        if not self._client.bucket_exists(BUCKET):
            self._client.make_bucket(BUCKET)

    def put(self, file: Path) -> str:
        name = uuid.uuid4().hex
        self._client.fput_object(BUCKET, name, str(file))
        return name

    def get(self, name: str, to: Path) -> None:
        self._client.fget_object(BUCKET, name, str(to))


class Service:
    """Raises RuntimeError for an answer that is none."""

    def __init__(self, desk: Desk, url: str) -> None:
        self._url = url + desk.path("files")
        self._headers = {"Authorization": f"Bearer {desk.token()}"}
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS, blocksize=64 * 1024, retries=False)

    def put(self, file: Path) -> str:
        url = f"{self._url}/{uuid.uuid4()}"
        size = str(file.stat().st_size)
        headers = {**self._headers, "Content-Type": "application/pdf", "Content-Length": size}
        with file.open("rb") as body:
            answer = self._pool.request("PUT", url, body=body, headers=headers)
        if answer.status != 201:
            raise RuntimeError(f"not stored: {answer.status} {answer.data[:500]!r}")
        return url

    def get(self, name: str, to: Path) -> None:
        answer = self._pool.request("GET", name, headers=self._headers, preload_content=False)
        if answer.status != 200:
            raise RuntimeError(f"not given out: {answer.status}")
        with to.open("wb") as file:
            for chunk in answer.stream(MIB):  # as the S3 client reads
                file.write(chunk)
        answer.release_conn()


class Source:
    """A file that looks like a PDF. size: bytes."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        with path.open("wb") as file:
            file.write(b"%PDF-1.7\n".ljust(MIB))
            for _ in range(size // MIB - 2):
                file.write(os.urandom(MIB))
            file.write(b"%%EOF\n".rjust(MIB))

    def renew(self) -> None:
        """So that it is not in the store already."""
        with self.path.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(32))

    def check(self, back: Path) -> None:
        """Raises RuntimeError unless the other file is the same."""
        if digest_of(self.path) != digest_of(back):
            raise RuntimeError("what came back is not what was stored")


def digest_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
