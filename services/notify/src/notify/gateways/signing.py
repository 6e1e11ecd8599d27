"""Requests of two who share a secret, either way: who sends proves it over what is sent, when, and once. Standard
library only; the words of it stand in services/notify/docs/http-gateway.md.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

ACCOUNT, TIMESTAMP, NONCE, SIGNATURE = (f"X-Gateway-{name}" for name in ("Account", "Timestamp", "Nonce", "Signature"))
WINDOW = timedelta(minutes=5)  # by so much clocks may differ
NONCES = re.compile(r"[A-Za-z0-9_-]{16,64}")
TIMESTAMPS = re.compile(r"[0-9]{1,12}")


class Forged(ValueError):
    """reason: which header does not agree."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Signer:
    account: str
    secret: bytes = field(repr=False)

    def headers(self, method: str, path: str, body: bytes, at: datetime) -> dict[str, str]:
        """path: as it stands in the request's first line."""
        timestamp, nonce = str(int(at.timestamp())), secrets.token_hex(16)
        return {
            ACCOUNT: self.account,
            TIMESTAMP: timestamp,
            NONCE: nonce,
            SIGNATURE: self._signature(method, path, timestamp, nonce, body),
        }

    def check(self, method: str, path: str, body: bytes, headers: Mapping[str, str], now: datetime) -> str:
        """Returns the nonce: whoever keeps those of the window knows a request that is sent again. Raises Forged."""
        account, timestamp, nonce, signature = (
            headers.get(name, "") for name in (ACCOUNT, TIMESTAMP, NONCE, SIGNATURE)
        )
        if not TIMESTAMPS.fullmatch(timestamp) or abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
            raise Forged(TIMESTAMP)
        if not NONCES.fullmatch(nonce):
            raise Forged(NONCE)
        expected = self._signature(method, path, timestamp, nonce, body)
        if not _same(account, self.account) or not _same(signature, expected):
            raise Forged(SIGNATURE)
        return nonce

    def _signature(self, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
        said = "\n".join((method, path, timestamp, nonce, sha256(body).hexdigest()))
        return hmac.digest(self.secret, said.encode(), "sha256").hex()


def _same(given: str, expected: str) -> bool:
    """In a time that does not tell how much of it agrees."""
    return hmac.compare_digest(given.encode(), expected.encode())
