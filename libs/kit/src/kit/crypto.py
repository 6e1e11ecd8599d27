"""Fields encrypted at rest: AES-256-GCM under keys named by id, keyed digests to look a value up again."""

import base64
import hashlib
import hmac
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32, five bits each; none that is easily misread: 0 O 1 I


class Undecipherable(ValueError):
    """The bytes were altered, moved to another row, or written under a key that is gone."""


class _Later:
    """Keys that came into the file after a ring was read from it. An id that is not there costs a look a second."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}
        self._looked = -1.0

    def key(self, file: Path | None, key_id: str) -> bytes | None:
        """Raises OSError when the file is away."""
        if key_id not in self._keys and file is not None and time.monotonic() - self._looked > 1:
            self._keys = _keys(json.loads(file.read_text()))
            self._looked = time.monotonic()
        return self._keys.get(key_id)


def _keys(raw: Mapping[str, Mapping[str, str]]) -> dict[str, bytes]:
    return {key_id: base64.b64decode(value) for key_id, value in raw["keys"].items()}


@dataclass(frozen=True)
class Keyring:
    """active: id of the key that encrypts; keys: every key that may still decrypt (32 bytes each);
    index: key of blind indexes; codes: key that secret codes are derived from; file: read again for a key that
    was added after we started.
    """

    active: str
    keys: Mapping[str, bytes] = field(repr=False)
    index: bytes = field(repr=False)
    codes: bytes = field(repr=False)
    file: Path | None = None
    _ciphers: dict[str, AESGCM] = field(default_factory=dict, repr=False, compare=False)
    _later: _Later = field(default_factory=_Later, repr=False, compare=False)

    @classmethod
    def load(cls, file: Path) -> "Keyring":
        """Read {"active", "keys": {id: base64}, "index", "codes"}."""
        raw = json.loads(file.read_text())
        return cls(raw["active"], _keys(raw), base64.b64decode(raw["index"]), base64.b64decode(raw["codes"]), file)

    def encrypt(self, text: str, bound_to: str) -> bytes:
        """Key id length (1 byte) | key id | nonce (12) | ciphertext and tag; `bound_to` names the row and column."""
        nonce = os.urandom(NONCE)
        sealed = self._cipher(self.active).encrypt(nonce, text.encode(), bound_to.encode())
        return self.prefix + nonce + sealed

    def decrypt(self, stored: bytes, bound_to: str) -> str:
        """Raises Undecipherable."""
        cipher = self._cipher(self.key_id(stored))
        start = 1 + stored[0]
        nonce, sealed = stored[start : start + NONCE], stored[start + NONCE :]
        try:
            clear = cipher.decrypt(nonce, sealed, bound_to.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: too short to be a nonce and a tag
            raise Undecipherable("altered, or moved from another row") from error
        return clear.decode()

    def _cipher(self, key_id: str) -> AESGCM:
        """Made once: that costs more than to encrypt a name."""
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            cipher = self._ciphers[key_id] = AESGCM(self.key(key_id))
        return cipher

    def key(self, key_id: str) -> bytes:
        """The key with this id; processes that started before a rotation learn the new one here, at its first use.

        Raises Undecipherable.
        """
        found = self.keys.get(key_id) or self._later.key(self.file, key_id)
        if found is None:
            raise Undecipherable("written under a key that is not in the ring")
        return found

    def key_id(self, stored: bytes) -> str:
        """Which key a stored value was written under. Raises Undecipherable for what was never encrypted."""
        try:
            return stored[1 : 1 + stored[0]].decode()
        except (IndexError, UnicodeDecodeError) as error:
            raise Undecipherable("not an encrypted value") from error

    @cached_property
    def prefix(self) -> bytes:
        """How every value begins that is written under the active key."""
        return bytes([len(self.active)]) + self.active.encode()

    def blind_index(self, value: str) -> bytes:
        """A keyed digest (16 bytes) that finds equal values without showing them."""
        return hmac.digest(self.index, value.encode(), hashlib.sha256)[:16]

    def code_for(self, name: str, length: int = 10) -> str:
        """The secret code that belongs to a name: derived, so it is stored nowhere, and useless without the key."""
        digest = int.from_bytes(hmac.digest(self.codes, name.encode(), hashlib.sha256))
        return "".join(CODE_LETTERS[digest >> 5 * place & 31] for place in range(length))
