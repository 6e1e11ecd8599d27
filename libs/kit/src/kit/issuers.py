"""The issuer's public keys: from a file of the node or an external issuer's address; asked for seldom."""

import asyncio
import json
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from kit.errors import Refused
from kit.logs import log

PAUSE = 30.0  # seconds between two looks for a key that is not known
FIRST = 2.0  # the same while no key is known at all
KINDS = {"EC", "RSA", "OKP"}  # a shared secret (oct) that somebody published must never verify anything


class Issuer:
    """url: where the JWKS lies; None: in `file`."""

    def __init__(self, url: str | None, file: Path) -> None:
        self._url = url
        self._file = file
        self._keys: KeySet | None = None
        self._tried: float | None = None
        self._away = False
        self._one = asyncio.Lock()

    async def key(self, kid: object) -> Key | None:
        """The key with this id, or the only one when the token names none; None for an id that the issuer lacks.

        Raises Refused("unavailable") when nobody can tell: the issuer does not answer.
        """
        found = self._known(kid)
        if found is None:
            async with self._one:  # who waited finds what the first was told
                found = self._known(kid)
                if found is None and self._due():
                    await self._look()
                    found = self._known(kid)
        if found is None and self._away:
            raise Refused("unavailable")
        return found

    def _known(self, kid: object) -> Key | None:
        keys = self._keys.keys if self._keys else []
        if kid is None:
            return keys[0] if len(keys) == 1 else None
        return next((key for key in keys if key.kid == kid), None)

    def _due(self) -> bool:
        pause = PAUSE if self._keys else FIRST
        return self._tried is None or monotonic() - self._tried >= pause

    async def _look(self) -> None:
        """What was known stays when the issuer is away: its tokens go on to be verified."""
        try:
            self._keys = _signing_keys(await self._read())
            self._away = False
        except (httpx.HTTPError, httpx.InvalidURL, OSError, JoseError, ValueError, KeyError, TypeError) as error:
            self._away = True
            log.warning("auth.issuer-away", error=type(error).__name__, source="url" if self._url else "file")
        finally:
            self._tried = monotonic()

    async def _read(self) -> Any:
        if self._url is None:
            return json.loads(self._file.read_text())
        async with httpx.AsyncClient(timeout=5) as client:
            return (await client.get(self._url)).raise_for_status().json()


def _signing_keys(jwks: Any) -> KeySet:
    """The public keys that sign. Raises ValueError, KeyError, TypeError or JoseError for what is no key set."""
    usable = [key for key in jwks["keys"] if key.get("kty") in KINDS and key.get("use", "sig") == "sig"]
    return KeySet.import_key_set({"keys": usable})
