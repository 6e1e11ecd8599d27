"""The file of field keys (fields.json): adding a key that encrypts from now on. No key ever leaves it."""

import base64
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FIELDS = "fields.json"
KEY = 32  # bytes: AES-256


def rotate(directory: Path) -> str:
    """Add a fresh key and make it the active one; returns its id: k1, k2, … Raises OSError."""
    with _alone(directory):
        file = directory / FIELDS
        ring = json.loads(file.read_text())
        new = _next_id(ring["keys"])
        ring["keys"][new] = base64.b64encode(os.urandom(KEY)).decode()
        _replace(file, {**ring, "active": new})
    return new


def _next_id(keys: dict[str, Any]) -> str:
    """Never an id that was used: what was written under it could not be told apart."""
    numbers = [int(key_id[1:]) for key_id in keys if key_id[:1] == "k" and key_id[1:].isdecimal()]
    return f"k{max(numbers, default=0) + 1}"


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Of two rotations at the same time the second waits: neither key is lost."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)  # the new name of the file too: a key that is lost takes the data with it
    finally:
        os.close(descriptor)


def _replace(file: Path, ring: dict[str, Any]) -> None:
    """Whole or not at all, on disk, mode 0600, still owned by whom the services run as."""
    owner = file.stat()
    new = file.with_name(file.name + ".new")
    new.unlink(missing_ok=True)  # of a try that was killed
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
        json.dump(ring, stream, indent=1)
        stream.write("\n")
        stream.flush()
        os.fsync(descriptor)
    new.rename(file)
