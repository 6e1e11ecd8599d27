"""A vendor of short messages for the tests, on real sockets, written from docs/http-gateway.md alone: it checks what it
is sent, remembers it, and misbehaves when told to.
"""

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

SECRET = "vendor-secret"
ACCOUNT = "xinfang"
Request = tuple[str, str, dict[str, str], bytes]
REASONS = {200: "OK", 202: "Accepted", 404: "Not Found", 429: "Too Many Requests"}


def signed(method: str, path: str, body: bytes, *, secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    """The headers of a request, as the page tells to make them."""
    timestamp, nonce = str(int(time.time() if at is None else at)), uuid.uuid4().hex
    said = "\n".join([method, path, timestamp, nonce, hashlib.sha256(body).hexdigest()])
    signature = hmac.new(secret.encode(), said.encode(), hashlib.sha256).hexdigest()
    return {
        "X-Gateway-Account": ACCOUNT, "X-Gateway-Timestamp": timestamp, "X-Gateway-Nonce": nonce,
        "X-Gateway-Signature": signature,
    }  # fmt: skip


@dataclass
class Vendor:
    """taken: messages by our id, once each however often they come; asked: every request; answer: what is said to
    POSTs instead of taking them, (status, headers, body); unknown: to who asks for an id that it has not; fault: what
    happens once a request was read to its end.
    """

    port: int = 0
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    fates: dict[str, dict[str, Any]] = field(default_factory=dict)
    answer: tuple[int, dict[str, str], bytes] | None = None
    fault: str = ""
    unknown: bytes = b'{"code": "unknown-id"}'
    at_once: int = 0
    most_at_once: int = 0
    held: asyncio.Event = field(default_factory=asyncio.Event)
    lines: list[asyncio.StreamWriter] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/messages"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.append(writer)
        try:
            while True:
                request = await _read(reader)
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                answer = self._answer(request)
                await self.held.wait()
                self.at_once -= 1
                if self.fault == "reset":
                    writer.transport.abort()
                    return
                await self._say(writer, *answer)
        except (EOFError, OSError):
            pass  # they have gone
        finally:
            writer.close()

    async def _say(self, writer: asyncio.StreamWriter, status: int, headers: Mapping[str, str], body: bytes) -> None:
        if self.fault == "silent":
            await asyncio.Event().wait()
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Other')}", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        octets = "\r\n".join([*lines, "", ""]).encode() + body
        if self.fault == "half":
            octets = octets[: len(octets) // 2]
        if self.fault == "noise":
            octets = bytes(range(256)) * 8
        for _ in range(2 if self.fault == "twice" else 1):
            writer.write(octets)
        await writer.drain()
        if self.fault in {"half", "noise"}:
            raise EOFError

    def _answer(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        method, path, headers, body = request
        self.asked.append(request)
        expected = _expected(method, path, headers, body)
        if headers.get("x-gateway-account") != ACCOUNT or headers.get("x-gateway-signature") != expected:
            self.forged.append(path)
            return 401, {}, b'{"code": "signature"}'
        if method == "POST":
            said = json.loads(body)
            if self.answer is not None:
                return self.answer
            self.taken.setdefault(headers["idempotency-key"], said)
            return 202, {}, json.dumps({"id": f"v/{said['id']}"}).encode()
        return self._told(path.removeprefix("/v1/messages/").replace("%2F", "/").removeprefix("v/"))

    def _told(self, message_id: str) -> tuple[int, dict[str, str], bytes]:
        if message_id not in self.taken:
            return 404, {}, self.unknown
        fate = self.fates.get(message_id, {"state": "accepted"})
        return 200, {}, json.dumps({"id": f"v/{message_id}", **fate}).encode()


def _expected(method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
    said = [method, path, headers["x-gateway-timestamp"], headers["x-gateway-nonce"], hashlib.sha256(body).hexdigest()]
    return hmac.new(SECRET.encode(), "\n".join(said).encode(), hashlib.sha256).hexdigest()


async def _read(reader: asyncio.StreamReader) -> Request:
    """Raises EOFError."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    method, path, _ = first.split(" ")
    return method, path, headers, await reader.readexactly(int(headers.get("content-length", "0")))


@asynccontextmanager
async def vendor() -> AsyncIterator[Vendor]:
    peer = Vendor()
    peer.held.set()
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        for line in peer.lines:
            line.transport.abort()
        await server.wait_closed()
