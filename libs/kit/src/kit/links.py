"""Letters between nodes: signed by the sending node, sealed for the receiving one; and who may come by which link."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from kit.errors import Refused
from kit.paths import lies_in

SIGN = "ES256"
SEAL = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM", "cty": "JOSE"}
# the sender and the receiver stand in the signed header, under the names JWT claims have (RFC 7519 §5.3)
_HEADERS = jws.JWSRegistry(algorithms=[SIGN], strict_check_header=False)
FROM_CHILD = "from-child."
FROM_PARENT = "from-parent"
# what is large follows its letter in binary: sealed as a letter it would come to 1.8 times its size
ENCLOSED, KEY = b"\n", 32
_NONCE = bytes(12)  # a key seals one enclosure


def check_origin(own: str, exchange: str, sender: str) -> None:
    """Refuse a message whose sender cannot lie at the far end of the link it came by.

    own, sender: node paths; exchange: where it was first published on this broker.
    Raises Refused("sender-outside-link").
    """
    if exchange.startswith(FROM_CHILD):
        fits = lies_in(sender, exchange.removeprefix(FROM_CHILD))
    elif exchange == FROM_PARENT:
        fits = not lies_in(sender, own)
    elif exchange == "events.down":
        fits = True  # taken out of a letter whose seal and origin were checked
    else:
        fits = sender == own
    if not fits:
        raise Refused("sender-outside-link", sender=sender, link=exchange)


def signed_by(key: ECKey, signature: bytes) -> bytes | None:
    """What a JWS, as Sealer.sign makes it, was made over; None when it is not this key's."""
    try:
        return jws.deserialize_compact(signature, key, registry=_HEADERS).payload
    except (JoseError, ValueError):
        return None


class Sealer:
    """Opens and closes letters with this node's private keys and the directory's public ones."""

    def __init__(self, own: str, private: KeySet, directory: Mapping[str, KeySet]) -> None:
        self._own = own
        self._private = private
        self._directory = directory

    @classmethod
    def load(cls, own: str, private_file: Path, directory: Mapping[str, Path]) -> "Sealer":
        """Read JWKS files. Keys are told apart by `use`: "sig" signs, "enc" seals."""
        read = {path: KeySet.import_key_set(json.loads(file.read_text())) for path, file in directory.items()}
        return cls(own, KeySet.import_key_set(json.loads(private_file.read_text())), read)

    def seal(self, payload: bytes, to: str) -> bytes:
        """Sign, then encrypt for node `to`. Raises Refused("unknown-node")."""
        signing = _key(self._private, "sig")
        signed = jws.serialize_compact(
            {"alg": SIGN, "kid": signing.kid, "iss": self._own, "aud": to}, payload, signing, registry=_HEADERS
        )
        sealing = _key(self._keys_of(to), "enc")
        return jwe.encrypt_compact({**SEAL, "kid": sealing.kid}, signed.encode(), sealing).encode()

    def sign(self, payload: bytes) -> tuple[bytes, dict[str, Any]]:
        """Sign what anybody may read: a compact JWS (RFC 7515) and the public key to check it with (RFC 7517)."""
        signing = _key(self._private, "sig")
        signed = jws.serialize_compact(
            {"alg": SIGN, "kid": signing.kid, "iss": self._own}, payload, signing, registry=_HEADERS
        )
        return signed.encode(), dict(signing.as_dict(private=False))

    def seal_large(self, payload: bytes, to: str) -> bytes:
        """As `seal`, 700 bytes larger than the payload however large that is: a letter holds a key and the payload's
        digest, and what it encloses follows. Raises Refused("unknown-node").
        """
        key = AESGCM.generate_key(8 * KEY)
        letter = self.seal(key + hashlib.sha256(payload).digest(), to)
        return letter + ENCLOSED + AESGCM(key).encrypt(_NONCE, payload, letter)

    def open(self, sealed: bytes) -> tuple[str, bytes]:
        """Decrypt, then verify. Returns (path of the sending node, payload).

        Raises Refused("letter-unreadable") when it is not for this node or was altered, Refused("unknown-node").
        """
        letter, mark, enclosed = sealed.partition(ENCLOSED)
        sender, payload = self._open(letter)
        return (sender, _enclosed(letter, payload, enclosed)) if mark else (sender, payload)

    def _open(self, sealed: bytes) -> tuple[str, bytes]:
        try:
            inner = jwe.decrypt_compact(sealed, _key(self._private, "enc"), algorithms=[SEAL["alg"], SEAL["enc"]])
            claimed = jws.extract_compact(inner.plaintext or b"").headers()
            sender = str(claimed.get("iss", ""))
            verified = jws.deserialize_compact(
                inner.plaintext or b"", _key(self._keys_of(sender), "sig"), registry=_HEADERS
            )
        except (JoseError, ValueError) as error:
            raise Refused("letter-unreadable", reason=type(error).__name__) from error
        if claimed.get("aud") != self._own:
            raise Refused("letter-unreadable", reason="addressed to another node")
        return sender, verified.payload

    def _keys_of(self, node: str) -> KeySet:
        keys = self._directory.get(node)
        if keys is None:
            raise Refused("unknown-node", node=node)
        return keys


def _enclosed(letter: bytes, opened: bytes, sealed: bytes) -> bytes:
    """What came with a letter, which has its key and its digest."""
    key, digest = opened[:KEY], opened[KEY:]
    try:
        payload = AESGCM(key).decrypt(_NONCE, sealed, letter)
    except (InvalidTag, ValueError) as error:
        raise Refused("letter-unreadable", reason=type(error).__name__) from error
    if not hmac.compare_digest(hashlib.sha256(payload).digest(), digest):
        raise Refused("letter-unreadable", reason="another enclosure")
    return payload


def _key(keys: KeySet, use: str) -> ECKey:
    for key in keys.keys:
        if key.get("use") == use and isinstance(key, ECKey):
            return key
    raise Refused("letter-unreadable", reason=f"no key for {use}")
