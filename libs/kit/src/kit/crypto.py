"""Fields encrypted at rest: AES-256-GCM under keys named by id, keyed digests to look a value up again."""

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32, five bits each; none that is easily misread: 0 O 1 I


class Undecipherable(ValueError):
    """The bytes were altered, moved to another row, or written under a key that is gone."""


@dataclass(frozen=True)
class Keyring:
    """active: id of the key that encrypts; keys: every key that may still decrypt (32 bytes each);
    index: key of blind indexes; codes: key that secret codes are derived from.
    """

    active: str
    keys: Mapping[str, bytes] = field(repr=False)
    index: bytes = field(repr=False)
    codes: bytes = field(repr=False)
    _ciphers: dict[str, AESGCM] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def load(cls, file: Path) -> "Keyring":
        """Read {"active", "keys": {id: base64}, "index", "codes"}."""
        raw = json.loads(file.read_text())
        keys = {key_id: base64.b64decode(value) for key_id, value in raw["keys"].items()}
        return cls(raw["active"], keys, base64.b64decode(raw["index"]), base64.b64decode(raw["codes"]))

    def encrypt(self, text: str, bound_to: str) -> bytes:
        """Key id length (1 byte) | key id | nonce (12) | ciphertext and tag; `bound_to` names the row and column."""
        nonce = os.urandom(NONCE)
        name = self.active.encode()
        sealed = self._cipher(self.active).encrypt(nonce, text.encode(), bound_to.encode())
        return bytes([len(name)]) + name + nonce + sealed

    def decrypt(self, stored: bytes, bound_to: str) -> str:
        """Raises Undecipherable."""
        start = 1 + stored[0]
        key_id = stored[1:start].decode()
        if key_id not in self.keys:
            raise Undecipherable("written under a key that is not in the ring")
        nonce, sealed = stored[start : start + NONCE], stored[start + NONCE :]
        try:
            clear = self._cipher(key_id).decrypt(nonce, sealed, bound_to.encode())
        except InvalidTag as error:
            raise Undecipherable("altered, or moved from another row") from error
        return clear.decode()

    def _cipher(self, key_id: str) -> AESGCM:
        """Made once: that costs more than to encrypt a name."""
        if key_id not in self._ciphers:
            self._ciphers[key_id] = AESGCM(self.keys[key_id])
        return self._ciphers[key_id]

    def key_id(self, stored: bytes) -> str:
        """Which key a stored value was written under."""
        return stored[1 : 1 + stored[0]].decode()

    def blind_index(self, value: str) -> bytes:
        """A keyed digest (16 bytes) that finds equal values without showing them."""
        return hmac.digest(self.index, value.encode(), hashlib.sha256)[:16]

    def code_for(self, name: str, length: int = 10) -> str:
        """The secret code that belongs to a name: derived, so it is stored nowhere, and useless without the key."""
        digest = int.from_bytes(hmac.digest(self.codes, name.encode(), hashlib.sha256))
        return "".join(CODE_LETTERS[digest >> 5 * place & 31] for place in range(length))
