"""Sends an object to an S3 server in one request, read from its file meanwhile: the minio client would hold it, or
each of its parts, in memory. Blocks: call it in a thread.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import FileIO
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

import urllib3
from minio import Minio
from minio.credentials.providers import StaticProvider
from minio.signer import sign_v4_s3
from minio.time import to_amz_date

BLOCK = 256 * 1024  # bytes of the file in memory at once
ANY = timedelta(minutes=1)  # a presigned URL must have an end; only its address is used
CODE = re.compile(rb"<Code>(\w{1,100})</Code>")


class Unsent(OSError):
    """The server did not take it. code: what it calls the reason."""

    def __init__(self, code: str) -> None:
        super().__init__(f"S3 refuses: {code}")
        self.code = code


@dataclass(frozen=True)
class Line:
    """The way to an S3 server. pool: the client's too."""

    client: Minio
    pool: urllib3.PoolManager
    credentials: StaticProvider

    def send(self, bucket: str, name: str, file: FileIO, size: int) -> None:
        """The server is told the content's SHA-256 beforehand, and refuses what arrives altered.

        Raises Unsent; those of urllib3 and of the client while the server is away.
        """
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        url, region = self._address(bucket, name)
        at = datetime.now(UTC)
        headers: Any = sign_v4_s3(
            method="PUT", url=url, region=region, credentials=self.credentials.retrieve(), content_sha256=digest,
            date=at,
            headers={
                "Host": url.netloc, "Content-Length": str(size), "Content-Type": "application/octet-stream",
                "x-amz-content-sha256": digest, "x-amz-date": to_amz_date(at),
            },
        )  # fmt: skip
        answer = self.pool.request("PUT", url.geturl(), body=file, headers=headers)
        if answer.status != 200:
            code = CODE.search(answer.data)
            raise Unsent(code[1].decode() if code else str(answer.status))

    def _address(self, bucket: str, name: str) -> tuple[SplitResult, str]:
        """URL and region, which the client finds out."""
        url = urlsplit(self.client.get_presigned_url("PUT", bucket, name, expires=ANY))
        _, _, region, *_ = parse_qs(url.query)["X-Amz-Credential"][0].split("/")
        return url._replace(query=""), region
