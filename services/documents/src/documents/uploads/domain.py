"""The words of the tus protocol, version 1.0.0. Standard library only."""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from documents.files.domain import proper_name
from kit.errors import Refused

if TYPE_CHECKING:
    from hashlib import _Hash

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
CHUNK = "application/offset+octet-stream"
ALGORITHMS = ("sha256", "sha1")
LONGEST_METADATA = 4096
FIELD = "header.upload-metadata"
PAIR = re.compile(r"([\x21-\x2b\x2d-\x7e]+)(?: ([A-Za-z0-9+/]*={0,2}))?")


@dataclass(frozen=True, slots=True)
class Described:
    """What Upload-Metadata says of the file: id, name, media type (empty: no claim), and if it is an identity paper."""

    file_id: UUID
    name: str | None
    declared: str
    identity: bool = False

    def __repr__(self) -> str:
        return f"Described({self.file_id})"


def described(header: str) -> Described:
    """The metadata `file_id`, `filename`, `filetype`, `identity` (true). Raises Refused("invalid-input")."""
    values = _pairs(header)
    try:
        file_id = UUID(values.get("file_id", ""))
    except ValueError:
        raise _bad("file_id is a UUID that the sender chooses (file_id 由发送方生成)") from None
    name = proper_name(values.get("filename", ""), FIELD)
    return Described(file_id, name, values.get("filetype", ""), values.get("identity") == "true")


def _pairs(header: str) -> dict[str, str]:
    if len(header) > LONGEST_METADATA:
        raise _bad(f"longer than {LONGEST_METADATA} characters (过长)")
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        match = PAIR.fullmatch(pair.strip())
        if match is None or match[1] in found:
            raise _bad("keys once each, with values in Base64 (键不重复,值为 Base64)")
        found[match[1]] = _text(match[2] or "")
    return found


def _text(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise _bad("values are UTF-8 in Base64 (值须为 UTF-8 的 Base64)") from None


def _bad(reason: str) -> Refused:
    return Refused("invalid-input", errors=[{"field": FIELD, "reason": reason}])


class Checksum:
    """What the bytes of one request must add up to."""

    def __init__(self, header: str) -> None:
        """Raises Refused("checksum-unknown")."""
        algorithm, _, encoded = header.strip().partition(" ")
        if algorithm not in ALGORITHMS:
            raise Refused("checksum-unknown", algorithms=ALGORITHMS)
        try:
            self._expected = base64.b64decode(encoded.strip(), validate=True)
        except binascii.Error:
            raise Refused("checksum-unknown", algorithms=ALGORITHMS) from None
        self.digest: _Hash = hashlib.new(algorithm, usedforsecurity=False)

    def check(self) -> None:
        """Raises Refused("checksum-mismatch")."""
        if not hmac.compare_digest(self.digest.digest(), self._expected):
            raise Refused("checksum-mismatch")


def check_length(length: int, limit: int) -> None:
    """Raises Refused: "empty-file", "too-large"."""
    if length == 0:
        raise Refused("empty-file")
    if length > limit:
        raise Refused("too-large", limit_bytes=limit)
