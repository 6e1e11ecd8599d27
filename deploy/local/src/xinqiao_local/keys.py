"""Makes the keys of a node: to sign and seal letters, to sign tokens, to encrypt fields."""

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey

from xinqiao_local.secret_files import private_directory, write_json

CURVE = "P-256"
NODE = "node.private.jwks"
ISSUER = "issuer.private.jwks"
ISSUER_PUBLIC = "issuer.public.jwks"
FIELDS = "fields.json"


def public_name(path: str) -> str:
    """File name of a node's public keys in the keys directory of any node."""
    return f"{path}.public.jwks"


def ensure_keys(directory: Path, path: str) -> None:
    """Make what a node lacks; a key that is there is never replaced. path: the node's, part of its key ids."""
    private_directory(directory)
    if not (directory / NODE).exists():
        signing = _key(f"{path}#sign", "sig", "ES256")
        sealing = _key(f"{path}#seal", "enc", "ECDH-ES+A256KW")
        _write(directory, NODE, public_name(path), [signing, sealing])
    if not (directory / ISSUER).exists():
        _write(directory, ISSUER, ISSUER_PUBLIC, [_key(secrets.token_hex(8), "sig", "ES256")])
    if not (directory / FIELDS).exists():
        fields = {"active": "k1", "keys": {"k1": _secret()}, "index": _secret(), "codes": _secret()}
        write_json(directory / FIELDS, fields)


def introduce(path: str, directory: Path, others: list[Path]) -> None:
    """Copy a node's public keys from its keys directory into those of other nodes."""
    known = json.loads((directory / public_name(path)).read_text())
    for other in others:
        write_json(private_directory(other) / public_name(path), known)


def _key(kid: str, use: str, algorithm: str) -> ECKey:
    return ECKey.generate_key(CURVE, {"kid": kid, "use": use, "alg": algorithm})


def _write(directory: Path, private: str, public: str, keys: list[ECKey]) -> None:
    """The public file first: where the private one is, the public one is too."""
    write_json(directory / public, _key_set(keys, private=False))
    write_json(directory / private, _key_set(keys, private=True))


def _key_set(keys: list[ECKey], *, private: bool) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=private) for key in keys]}


def _secret() -> str:
    """32 random bytes in base64."""
    return base64.b64encode(os.urandom(32)).decode()
