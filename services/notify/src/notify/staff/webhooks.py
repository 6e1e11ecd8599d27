"""Webhooks: signed as Standard Webhooks says, only to where the operator allows, never into the office's own network.

Source: standardwebhooks.com, symmetric signatures (webhook-id, webhook-timestamp, webhook-signature).
"""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import socket
import ssl
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from kit.errors import Refused
from kit.settings import NodeSettings
from notify.staff.domain import allowed, host_of, is_private
from notify.staff.mail import Undeliverable
from notify.staff.settings import Webhooks

SECRET = "whsec_"  # noqa: S105 - how such a secret begins
GONE = 410  # the receiver wants no more of them


def new_secret() -> str:
    return SECRET + base64.b64encode(secrets.token_bytes(24)).decode()


def check(settings: Webhooks, url: str) -> None:
    """Raises Refused("webhook-not-allowed")."""
    host = host_of(url)
    if host is None or not allowed(host, settings.hosts) or not (url.startswith("https://") or settings.private):
        raise Refused("webhook-not-allowed", hosts=list(settings.hosts))


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def client(settings: Webhooks, node: NodeSettings) -> httpx.AsyncClient:
    """No proxies of the environment, no redirects: it goes where it was checked to go."""
    authority = None if settings.ca_file is None else str(node.resolve(settings.ca_file))
    return httpx.AsyncClient(
        verify=ssl.create_default_context(cafile=authority), trust_env=False, follow_redirects=False,
        timeout=settings.seconds,
    )  # fmt: skip


async def send(
    settings: Webhooks, opened: httpx.AsyncClient, url: str, secret: str, message_id: str, told: Mapping[str, Any],
    now: datetime,
) -> None:  # fmt: skip
    """Raises Undeliverable; anything else means: not now. The body of the answer is not read."""
    try:
        check(settings, url)  # what was allowed when it was chosen may not be any more
    except Refused:
        raise Undeliverable("not-allowed") from None
    body, timestamp = json.dumps(told, ensure_ascii=False).encode(), str(int(now.timestamp()))
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }
    async with asyncio.timeout(settings.seconds):
        target = httpx.URL(url)
        address = await _address(settings, target)
        request = opened.build_request(
            "POST", target.copy_with(host=address), content=body, headers={**headers, "host": target.netloc.decode()},
            extensions={"sni_hostname": target.host},
        )  # fmt: skip
        answer = await opened.send(request, stream=True)
        await answer.aclose()
    if answer.status_code == GONE:
        raise Undeliverable("gone")
    if not answer.is_success:
        raise ConnectionError(f"status {answer.status_code}")


async def _address(settings: Webhooks, url: httpx.URL) -> str:
    """Where the name leads now; the connection goes to this very address, whatever the name says a moment later."""
    port = url.port or (443 if url.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not settings.private and any(is_private(each) for each in addresses):
        raise Undeliverable("private-address")
    return addresses[0]
