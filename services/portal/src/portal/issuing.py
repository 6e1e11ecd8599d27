"""The built-in issuer: short-lived access tokens (RFC 9068) signed with ES256, and the public keys to verify them."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from kit.settings import AuthSection
from portal.domain import Account

ALGORITHM = "ES256"


class Issuer:
    """Signs with the first EC key of issuer.private.jwks; publishes issuer.public.jwks.

    The public file may hold keys of the past as well: tokens they signed stay good until they end.
    """

    def __init__(self, settings: AuthSection, private: Any, public: Any) -> None:
        keys = [key for key in KeySet.import_key_set(private).keys if isinstance(key, ECKey) and key.is_private]
        if not keys:
            raise ValueError("issuer.private.jwks holds no private EC key")
        self._settings = settings
        self._key = keys[0]
        # exported without private parts, whatever stands in the file
        self.public: dict[str, Any] = dict(KeySet.import_key_set(public).as_dict(private=False))

    @classmethod
    def load(cls, settings: AuthSection, keys: Path) -> "Issuer":
        """Read both files of the keys directory. Raises OSError or ValueError."""
        private, public = (json.loads((keys / f"issuer.{part}.jwks").read_text()) for part in ("private", "public"))
        return cls(settings, private, public)

    @property
    def lifetime(self) -> timedelta:
        return timedelta(minutes=self._settings.token_minutes)

    def token(self, account: Account, now: datetime, lifetime: timedelta) -> str:
        """A signed token that says who this is until `now + lifetime`."""
        claims = {
            "iss": self._settings.issuer,
            "aud": self._settings.audience,
            "sub": account.username,
            "unit": account.unit,
            "region": account.region,
            "roles": list(account.roles),
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
        }
        return jwt.encode({"alg": ALGORITHM, "kid": self._key.kid, "typ": "JWT"}, claims, self._key)
