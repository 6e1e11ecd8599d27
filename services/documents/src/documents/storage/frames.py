"""How a file is sealed at rest, as a stream: AES-256-GCM in frames, so that no file is ever whole in memory.

XQS1 | key id length (1) | key id | salt (32) | binding (32) | frame …, each frame 64 KiB of the file and a tag (16).
Keys come from the ring's key and the salt (HKDF-SHA256), so no nonce repeats. A frame's nonce holds its number and
whether it is the last: a frame left out, added, moved or cut off is noticed. The binding names the file's SHA-256:
an object that stands in another one's place is noticed before its first byte is given out.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SM3, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kit.crypto import Keyring, Undecipherable

MAGIC = b"XQS1"
FRAME = 64 * 1024
TAG = 16
SALT = 32
BINDING = 32
INFO = b"xinqiao/documents/frames/1"


def _derived(key: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    """The cipher of one file and the key of its binding."""
    both = HKDF(SHA256(), 64, salt, INFO).derive(key)
    return AESGCM(both[:32]), both[32:]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11) + bytes([last])


def _cut(rest: bytes, chunk: bytes | bytearray, size: int) -> tuple[list[bytes | memoryview], bytes]:
    """The frames that are complete, and what is kept back: more than nothing, and no more than a frame. rest: what was
    kept back before.
    """
    whole = max(0, len(rest) + len(chunk) - 1) // size
    if not whole:
        return [], rest + chunk
    view = memoryview(chunk)
    start = size - len(rest)
    end = start + (whole - 1) * size
    first = rest + view[:start] if rest else view[:start]
    return [first, *(view[at : at + size] for at in range(start, end, size))], bytes(view[end:])


def _binding(key: bytes, prefix: bytes, digest: str) -> bytes:
    return hmac.digest(key, prefix + digest.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Finished:
    """header: to be written over the first bytes; tail: the last frame; digest: SHA-256 of the file, hexadecimal; sm3:
    its SM3 (GB/T 32905), where it was asked for; key_id: what it is sealed under.
    """

    header: bytes
    tail: bytes
    digest: str
    size: int
    sm3: str | None
    key_id: str


class Sealing:
    """Seals one file under the ring's active key. The header can only be written at the end: it names the digest."""

    def __init__(self, ring: Keyring, *, sm3: bool = False) -> None:
        self._key_id = ring.active
        name = ring.active.encode()
        salt = os.urandom(SALT)
        self._prefix = MAGIC + bytes([len(name)]) + name + salt
        self._cipher, self._binding_key = _derived(ring.keys[ring.active], salt)
        self._digest = hashlib.sha256()
        self._sm3 = Hash(SM3()) if sm3 else None
        self._rest = b""
        self._number = 0
        self._size = 0

    @property
    def room(self) -> bytes:
        """What stands where the header will be."""
        return bytes(len(self._prefix) + BINDING)

    def update(self, chunk: bytes | bytearray) -> bytes:
        """The frames that are complete with these bytes; the last one is kept back until the end is known."""
        self._digest.update(chunk)
        if self._sm3 is not None:
            self._sm3.update(chunk)
        self._size += len(chunk)
        frames, self._rest = _cut(self._rest, chunk, FRAME)
        return b"".join([self._frame(frame, last=False) for frame in frames])

    def finish(self) -> Finished:
        digest = self._digest.hexdigest()
        header = self._prefix + _binding(self._binding_key, self._prefix, digest)
        tail = self._frame(self._rest, last=True)
        sm3 = None if self._sm3 is None else self._sm3.finalize().hex()
        return Finished(header, tail, digest, self._size, sm3, self._key_id)

    def _frame(self, clear: bytes | memoryview, *, last: bool) -> bytes:
        sealed = self._cipher.encrypt(_nonce(self._number, last=last), clear, None)
        self._number += 1
        return sealed


class Opening:
    """Opens one sealed file, for who knows its digest. Every method raises Undecipherable for altered bytes."""

    def __init__(self, ring: Keyring, digest: str) -> None:
        self._ring = ring
        self._digest = digest
        self._rest = b""
        self._cipher: AESGCM | None = None
        self._number = 0
        self._header = 0  # bytes of it

    def update(self, chunk: bytes) -> bytes:
        """What these bytes make readable; nothing before the header was found right."""
        cipher = self._cipher
        if cipher is None:
            self._rest += chunk
            cipher = self._cipher = self._read_header()
            if cipher is None:
                return b""
            chunk, self._rest = self._rest, b""
        frames, self._rest = _cut(self._rest, chunk, FRAME + TAG)
        return b"".join([self._opened(cipher, frame, last=False) for frame in frames])

    def go_to(self, frame: int) -> int:
        """Go on with this frame, once the header was read; returns where in the object it begins."""
        if self._cipher is None:
            raise Undecipherable("cut off within its header")
        self._number, self._rest = frame, b""
        return self._header + frame * (FRAME + TAG)

    def finish(self) -> bytes:
        """The last frame."""
        if self._cipher is None:
            raise Undecipherable("cut off within its header")
        return self._opened(self._cipher, self._rest, last=True)

    def _read_header(self) -> AESGCM | None:
        """The file's cipher; None while the header is incomplete."""
        if not MAGIC.startswith(self._rest[: len(MAGIC)]):
            raise Undecipherable("not a sealed file")
        name_at = len(MAGIC) + 1
        salt_at = name_at + (self._rest[name_at - 1] if len(self._rest) >= name_at else 0)
        end = salt_at + SALT + BINDING
        if len(self._rest) < end:
            return None
        header, self._header = self._rest[:end], end
        self._rest = self._rest[end:]
        return self._cipher_of(header, header[name_at:salt_at], header[salt_at : salt_at + SALT])

    def _cipher_of(self, header: bytes, name: bytes, salt: bytes) -> AESGCM:
        cipher, binding_key = _derived(self._ring.key(name.decode(errors="replace")), salt)
        if not hmac.compare_digest(header[-BINDING:], _binding(binding_key, header[:-BINDING], self._digest)):
            raise Undecipherable("another file, or its header was altered")
        return cipher

    def _opened(self, cipher: AESGCM, sealed: bytes | memoryview, *, last: bool) -> bytes:
        try:
            clear = cipher.decrypt(_nonce(self._number, last=last), sealed, None)
        except InvalidTag as error:
            raise Undecipherable(f"frame {self._number} was altered, moved or cut") from error
        self._number += 1
        return clear
