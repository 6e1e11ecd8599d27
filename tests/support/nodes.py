"""Settings and keys of nodes that exist only in a test."""

import base64
import functools
import json
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from kit.settings import NodeSettings

UNITS = """unit,name,region,node
330000-xf,甲省信访局,33,33
330200-xf,乙市信访局,33.02,33.02
330225-xf,丙县信访局,33.02.25,33.02.25
330225-js,丙县住建局,33.02.25,33.02.25
330225100-xf,丁镇信访办,33.02.25.100,33.02.25.100
330225100-cj,丁镇村建办,33.02.25.100,33.02.25.100
330225101-xf,戊镇信访办,33.02.25.101,33.02.25
330226-xf,己县信访局,33.02.26,33.02
"""
TREE = ("33", "33.02", "33.02.25", "33.02.25.100")
OFFICES = {"33": "330000-xf", "33.02": "330200-xf", "33.02.25": "330225-xf", "33.02.25.100": "330225100-xf"}


@functools.cache
def _pair(node: str) -> KeySet:
    sign = ECKey.generate_key("P-256", {"kid": f"{node}#sign", "use": "sig", "alg": "ES256"})
    seal = ECKey.generate_key("P-256", {"kid": f"{node}#seal", "use": "enc", "alg": "ECDH-ES+A256KW"})
    return KeySet([sign, seal])


@functools.cache
def _issuer() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "issuer", "use": "sig", "alg": "ES256"})


@functools.cache
def _ring() -> str:
    def key() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    return json.dumps({"active": "k1", "keys": {"k1": key()}, "index": key(), "codes": key()})


def settings_of(
    home: Path, path: str = "33.02.25.100", *, database: str, amqp: str = "amqp://127.0.0.1:1/",
    management: str = "http://127.0.0.1:1", tree: Sequence[str] = TREE, **sections: Any,
) -> NodeSettings:  # fmt: skip
    """A node's settings with keys on disk; `database` is a DSN in which {service} is replaced."""
    keys = home / "keys"
    keys.mkdir(parents=True, exist_ok=True)
    (keys / "node.private.jwks").write_text(json.dumps(_pair(path).as_dict(private=True)))
    (keys / "issuer.public.jwks").write_text(json.dumps(KeySet([_issuer()]).as_dict(private=False)))
    (keys / "issuer.private.jwks").write_text(json.dumps(KeySet([_issuer()]).as_dict(private=True)))
    (keys / "fields.json").write_text(_ring())
    for node in tree:
        (keys / f"{node}.public.jwks").write_text(json.dumps(_pair(node).as_dict(private=False)))
    (home / "units.csv").write_text(UNITS, encoding="utf-8")
    given: dict[str, Any] = {
        "node": {"path": path, "name": path, "office_unit": OFFICES[path], "number_lane": tree.index(path)},
        "database": {"url": database},
        "broker": {"url": amqp, "management_url": management},
        "directory": [{"path": node, "name": node, "jwks": f"keys/{node}.public.jwks"} for node in tree],
        "home": home,
    }
    return NodeSettings(**{**given, **sections})


def token(
    unit: str = "330225100-xf", region: str = "33.02.25.100", roles: Sequence[str] = ("clerk", "handler"),
    subject: str = "tester", **claims: Any,
) -> str:  # fmt: skip
    """A bearer token as the portal would give it."""
    now = int(time.time())
    payload = {
        "iss": "xinqiao", "aud": "xinqiao", "sub": subject, "unit": unit, "region": region, "roles": list(roles),
        "iat": now, "exp": now + 7200, **claims,
    }  # fmt: skip
    return jwt.encode({"alg": "ES256", "kid": "issuer"}, payload, _issuer())
