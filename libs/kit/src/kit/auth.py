"""Who is asking: bearer JWTs (RFC 9068 claims) verified by every service; deny unless a route's policy grants."""

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import Depends, Request
from fastapi.params import Depends as DependsParam
from joserfc import jws, jwt
from joserfc.errors import JoseError
from opentelemetry import trace

from kit.errors import Refused
from kit.issuers import Issuer
from kit.readers import EVERYBODY, MARK, reader
from kit.settings import NODE_PATH, AuthSection

ALGORITHMS = ["ES256", "RS256", "EdDSA"]
REMEMBERED = 2048
SKEW = 30  # seconds by which the issuer's clock may be ahead of ours
PUBLIC = "public"


# the units above one, by its code and region: what this node's directory of units says
Above = Callable[[str, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Principal:
    """subject: account; unit: unit code; region: dotted path whose subtree may be read; above: codes of units above."""

    subject: str
    unit: str
    region: str
    roles: frozenset[str]
    expires: float
    above: tuple[str, ...]

    @property
    def line(self) -> list[str]:
        """All that lists of units can know the caller by: its unit first, then all units above it; and what lists of
        readers name it as (kit.readers).
        """
        return [self.unit, *self.above, EVERYBODY, reader(self.unit), *(reader(self.unit, role) for role in self.roles)]


class Verifier:
    """Verifies tokens against a JWKS, from a file or an external issuer; remembers verified ones till they end."""

    def __init__(self, settings: AuthSection, jwks_file: Path, above: Above) -> None:
        self._issuer = Issuer(settings.jwks_url, jwks_file)
        self._above = above
        self._claims = jwt.JWTClaimsRegistry(
            leeway=SKEW,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        self._known: OrderedDict[bytes, Principal] = OrderedDict()

    async def principal(self, token: str) -> Principal:
        """Raises Refused: "not-signed-in" for a token that is malformed, forged, expired or for somebody else,
        "unavailable" when its key is not known and the issuer does not answer.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is None:
            known = await self._verify(token)
            self._known[digest] = known
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        if known.expires <= time.time():
            self._known.pop(digest, None)
            raise Refused("not-signed-in")
        return known

    async def _verify(self, token: str) -> Principal:
        try:
            key = await self._issuer.key(jws.extract_compact(token.encode()).headers().get("kid"))
            if key is None:
                raise Refused("not-signed-in")
            claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
            self._claims.validate(claims)
            return _principal(claims, self._above)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Refused("not-signed-in") from error


def _principal(claims: dict[str, Any], above: Above) -> Principal:
    """Raises KeyError for a claim that is missing, ValueError for one of another shape."""
    roles = claims["roles"]
    subject, unit, region = claims["sub"], claims["unit"], claims["region"]
    if not isinstance(roles, list) or not all(
        isinstance(text, str) and text for text in (subject, unit, region, *roles)
    ):
        raise ValueError("sub, unit and region are texts, roles a list of them")
    if not re.fullmatch(NODE_PATH, region) or not (subject + unit).isprintable() or MARK in unit:
        raise ValueError("region is a dotted path; sub and unit hold no control characters, unit no colon")
    return Principal(subject, unit, region, frozenset(roles), float(claims["exp"]), above(unit, region))


async def signed_in(request: Request) -> Principal:
    """The caller. Raises Refused("not-signed-in")."""
    known: Principal | None = getattr(request.state, "principal", None)
    if known is not None:
        return known
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > 8192:
        raise Refused("not-signed-in")
    verifier: Verifier = request.app.state.runtime.verifier
    principal: Principal = await verifier.principal(token)
    request.state.principal = principal
    trace.get_current_span().set_attribute("enduser.unit", principal.unit)
    return principal


class Policy:
    """A route's rule: any of these roles. With no role it asks only for a signed-in caller."""

    def __init__(self, *roles: str) -> None:
        self.roles = frozenset(roles)

    def __str__(self) -> str:
        return ", ".join(sorted(self.roles)) or "signed in"

    def check(self, principal: Principal) -> Principal:
        """Raises Refused("not-allowed")."""
        if self.roles and not self.roles & principal.roles:
            raise Refused("not-allowed")
        return principal


class BearerPolicy(Policy):
    """The rule as a dependency, for callers with a token."""

    async def __call__(self, request: Request) -> Principal:
        return self.check(await signed_in(request))


class Public:
    """Says that a route is open to everybody, on purpose."""

    def __str__(self) -> str:
        return PUBLIC

    async def __call__(self) -> None:
        return None


def allow(*roles: str) -> Any:
    """Dependency that yields the Principal when it holds one of the roles."""
    return Depends(BearerPolicy(*roles))


def public() -> DependsParam:
    """Dependency for the routes that anybody may call."""
    return DependsParam(Public())


def policy_of(dependencies: list[Any]) -> Policy | Public | None:
    """The policy among a route's resolved dependencies, however deep; None when there is none."""
    for dependency in dependencies:
        if isinstance(dependency.call, Policy | Public):
            return dependency.call
        deeper = policy_of(dependency.dependencies)
        if deeper is not None:
            return deeper
    return None
