"""Texts that open only to who knows a value, for nodes that share no key: found by a bucket, opened by a slow guess.

The values (identity and telephone numbers) are few enough to be guessed one by one, so each guess is made slow, and for
each text anew.
"""

import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
BUCKETS = 1 << 16


def bucket(value: str) -> int:
    """One of 65 536: of the people of a province a thousand share it, so it does not say who is meant."""
    return int.from_bytes(hashlib.sha256(value.encode()).digest()[:2])


def _cipher(value: str, salt: bytes) -> AESGCM:
    """About 50 ms and 16 MB."""
    return AESGCM(hashlib.scrypt(value.encode(), salt=salt, n=1 << 14, r=8, p=1, dklen=32))


def lock(text: str, value: str, salt: bytes) -> bytes:
    """salt: what the text is about; no other text may have it."""
    nonce = os.urandom(NONCE)
    return nonce + _cipher(value, salt).encrypt(nonce, text.encode(), salt)


def unlock(locked: bytes, value: str, salt: bytes) -> str | None:
    """The text, or None: it is another value's, or was altered."""
    try:
        return _cipher(value, salt).decrypt(locked[:NONCE], locked[NONCE:], salt).decode()
    except (InvalidTag, ValueError):
        return None
