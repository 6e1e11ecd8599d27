"""Lines that drop in the middle, over real connections: a township window must be able to try again."""

import asyncio
import contextlib
import os
import uuid
from pathlib import Path
from typing import Any

import httpx
from tests.support.nodes import token

from documents import resources
from kit.testing import eventually

LARGE = b"%PDF-1.7" + os.urandom(24_000_000) + b"%%EOF"


def head_of(desk: Any, method: str, file_id: uuid.UUID, length: int = 0) -> bytes:
    lines = [
        f"{method} {desk.path('files', file_id)} HTTP/1.1",
        "Host: test",
        f"Authorization: Bearer {token()}",
        "Content-Type: application/pdf",
        f"Content-Length: {length}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def open_objects(desk: Any) -> list[str]:
    """Files of the store that this process holds open."""
    store = str(desk.running.runtime.settings.home / "store")
    seen = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            seen.append(str(link.readlink()))
    return [file for file in seen if file.startswith(store)]


async def test_an_upload_whose_line_drops_leaves_nothing_and_can_be_sent_again(desk: Any, address: str) -> None:
    file_id = uuid.uuid4()
    incoming = resources.of(desk.running.runtime).store.incoming

    async def spooled() -> bool:
        return any(file.stat().st_size > 1_000_000 for file in incoming.iterdir())

    async def gone() -> bool:
        return not list(incoming.iterdir())

    _, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(head_of(desk, "PUT", file_id, len(LARGE)) + LARGE[: len(LARGE) // 2])
    await eventually(spooled)
    writer.close()
    await eventually(gone)
    assert await desk.running.rows("SELECT 1 FROM files") == []
    async with httpx.AsyncClient(base_url=f"http://{address}") as client:
        headers = {"Authorization": f"Bearer {token()}", "Content-Type": "application/pdf"}
        again = await client.put(desk.path("files", file_id), content=LARGE, headers=headers)
        read = await client.get(desk.path("files", file_id), headers=headers)
    assert (again.status_code, read.content == LARGE) == (201, True)
    assert open_objects(desk) == []


async def test_a_download_whose_line_drops_lets_go_of_the_file(desk: Any, address: str) -> None:
    file_id = uuid.uuid4()
    await desk.put(LARGE, file_id=file_id)

    async def let_go() -> bool:
        return not open_objects(desk)

    for _ in range(3):
        reader, writer = await asyncio.open_connection(*address.split(":"))
        writer.write(head_of(desk, "GET", file_id))
        assert (await reader.readexactly(15)) == b"HTTP/1.1 200 OK"
        assert open_objects(desk)
        writer.close()
    await eventually(let_go)
    assert (await desk.get("files", file_id)).content == LARGE


async def test_an_upload_that_is_too_large_is_refused_before_it_is_sent(desk: Any, address: str) -> None:
    held = resources.of(desk.running.runtime)
    held.settings = held.settings.model_copy(update={"max_file_bytes": 1000})
    reader, writer = await asyncio.open_connection(*address.split(":"))
    writer.write(head_of(desk, "PUT", uuid.uuid4(), len(LARGE)))
    assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 413")
    writer.close()
