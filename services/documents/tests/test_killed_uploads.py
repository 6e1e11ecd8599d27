"""A process of the service is killed while a file comes in: the next one goes on from what is on disk."""

import asyncio
import base64
import json
import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.nodes import token

from documents.uploads.usecases import PART
from kit.testing import eventually

CONTENT = b"%PDF-1.7" + os.urandom(24_000_000) + b"%%EOF"


def toml(sections: dict[str, dict[str, Any]]) -> str:
    lines = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


class Process:
    """`xinqiao run documents --role api` beside the test, on the same database, keys and directories."""

    def __init__(self, desk: Any) -> None:
        settings = desk.running.runtime.settings
        node = settings.node
        self.file: Path = settings.home / "node.toml"
        self.file.write_text(
            toml({
                "node": {"path": node.path, "name": node.name, "office_unit": node.office_unit},
                "database": {"url": desk.running.runtime.database.dsn},
                "broker": {"url": "amqp://127.0.0.1:1/", "management_url": "http://127.0.0.1:1"},
                "telemetry": {"log_level": "ERROR"},
            }),
            encoding="utf-8",
        )  # fmt: skip
        self._running: subprocess.Popen[bytes] | None = None

    async def start(self) -> str:
        """Its address, once it answers."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            address = f"127.0.0.1:{free.getsockname()[1]}"
        command = [
            sys.executable,
            "-c",
            "from node.cli import main; main()",
            "run",
            "documents",
            "--role",
            "api",
            "--node-config",
            str(self.file),
        ]
        self._running = subprocess.Popen([*command, "--listen", address])  # noqa: ASYNC220 - it lives longer than this call

        async def answers() -> bool:
            async with httpx.AsyncClient() as client:
                try:
                    return (await client.get(f"http://{address}/healthz")).status_code == 200
                except httpx.TransportError:
                    return False

        await eventually(answers, within=60)
        return address

    def kill(self) -> None:
        if self._running is not None:
            self._running.send_signal(signal.SIGKILL)
            self._running.wait()
            self._running = None


@pytest.fixture
def process(desk: Any) -> Iterator[Process]:
    beside = Process(desk)
    yield beside
    beside.kill()


async def test_an_upload_goes_on_in_another_process_where_a_killed_one_left_it(desk: Any, process: Process) -> None:
    file_id = uuid.uuid4()
    path = desk.path("uploads", file_id)
    headers = {"Authorization": f"Bearer {token()}", "Tus-Resumable": "1.0.0"}
    chunk = {**headers, "Content-Type": "application/offset+octet-stream"}
    address = await process.start()
    async with httpx.AsyncClient(timeout=30) as client:
        named = {"Upload-Length": str(len(CONTENT)), "Upload-Metadata": f"file_id {encoded(str(file_id))}"}
        begun = await client.post(
            f"http://{address}{desk.path('uploads')}", headers={**headers, **named, "Idempotency-Key": str(file_id)}
        )
        assert begun.status_code == 201

        async def position() -> int:
            asked = await client.head(f"http://{address}{path}", headers=headers)
            return int(asked.headers["upload-offset"])

        async def half_here() -> bool:
            return await position() >= 2 * PART

        _, writer = await asyncio.open_connection(*address.split(":"))
        lines = [f"PATCH {path} HTTP/1.1", "Host: test", "Upload-Offset: 0", f"Content-Length: {len(CONTENT)}"]
        lines += [f"{name}: {value}" for name, value in chunk.items()]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + CONTENT[: len(CONTENT) // 2])
        await eventually(half_here)
        process.kill()
        writer.close()
        address = await process.start()
        arrived = await position()
        assert 2 * PART <= arrived <= len(CONTENT) // 2
        sent = await client.patch(
            f"http://{address}{path}", headers={**chunk, "Upload-Offset": str(arrived)}, content=CONTENT[arrived:]
        )
        assert (sent.status_code, sent.headers["upload-offset"]) == (204, str(len(CONTENT)))
    assert (await desk.get("files", file_id)).content == CONTENT


def encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
