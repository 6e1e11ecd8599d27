"""Large files pass through the service without ever being whole in memory."""

import hashlib
import os
import tracemalloc
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx
from tests.support.nodes import token

from documents import resources
from kit.app import build_app

MEGABYTE = 1024 * 1024
SIZE = 50
BLOCK = os.urandom(MEGABYTE // 4)


async def large_pdf() -> AsyncIterator[bytes]:
    yield b"%PDF-1.7".ljust(len(BLOCK))
    for _ in range(SIZE * 4 - 2):
        yield BLOCK
    yield b"%%EOF".rjust(len(BLOCK))


async def digest_of(chunks: AsyncIterator[bytes]) -> str:
    digest = hashlib.sha256()
    async for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


class Draining(httpx.AsyncBaseTransport):
    """Hands the answer's body over piece by piece to a digest: httpx's own transport would collect it."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.digest = hashlib.sha256()
        self.largest = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        status = 0

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status
            status = message.get("status", status)
            self.digest.update(message.get("body", b""))
            self.largest = max(self.largest, len(message.get("body", b"")))

        headers = [(name.lower(), value) for name, value in request.headers.raw]
        scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1",
            "method": request.method, "path": request.url.path, "raw_path": request.url.raw_path, "scheme": "http",
            "query_string": b"", "headers": headers, "server": ("test", 80), "client": ("test", 1), "root_path": "",
        }  # fmt: skip
        await self._app(scope, receive, send)
        return httpx.Response(status)


async def test_a_file_of_50_megabytes_goes_in_and_out_in_bounded_memory(desk: Any, shelf: Any) -> None:
    resources.of(desk.running.runtime).vault.store = shelf.store
    draining = Draining(build_app(desk.running.service, desk.running.runtime))
    await desk.put()  # imports and pools are in place
    file_id = uuid.uuid4()
    tracemalloc.start()
    try:
        stored = await desk.put(large_pdf(), file_id=file_id)
        async with httpx.AsyncClient(transport=draining, base_url="http://test") as client:
            headers = {"Authorization": f"Bearer {token()}"}
            read = await client.get(desk.path("files", file_id), headers=headers)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (stored.status_code, read.status_code) == (201, 200)
    assert stored.json()["bytes"] == SIZE * MEGABYTE
    assert stored.json()["sha256"] == draining.digest.hexdigest() == await digest_of(large_pdf())
    assert draining.largest <= MEGABYTE
    assert peak < 20 * MEGABYTE


async def test_the_measure_sees_a_file_that_is_whole_in_memory(desk: Any) -> None:
    tracemalloc.start()
    try:
        await desk.put(b"%PDF-1.7".ljust(SIZE * MEGABYTE - 5) + b"%%EOF")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak > SIZE * MEGABYTE
