"""A process of a node, started as operators start it: what is away, what is in hand when it must end."""

import asyncio
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from pydantic import SecretStr
from tests.support.infra import Infra, new_database, new_virtual_host
from tests.support.nodes import settings_of, token

from kit import migrations
from kit.settings import NodeSettings
from kit.testing import eventually
from node.declaring import apply
from node.services import load
from xinqiao_local.node_file import render
from xinqiao_local.ports import Ports

XINQIAO = Path(sys.executable).with_name("xinqiao")
NODE = "33.02.25.100"
PETITION = {"channel": "letter", "kind": "appeal", "title": "路灯不亮", "content": "村口路灯坏了三个月。"}


@dataclass
class Process:
    """A running `xinqiao run`."""

    child: "subprocess.Popen[bytes]"
    url: str
    log: Path
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=30, trust_env=False))

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(self.url + path)

    async def register(self) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token()}", "Idempotency-Key": str(uuid.uuid4())}
        return await self.client.post(f"{self.url}/api/intake/v1/petitions", json=PETITION, headers=headers)

    async def ready(self) -> dict[str, Any]:
        answer = await self.get("/readyz")
        return answer.json()["checks"] if answer.status_code == 200 else {}

    async def answers(self) -> bool:
        assert self.child.poll() is None, self.log.read_text()
        try:
            return (await self.get("/healthz")).status_code == 200
        except httpx.TransportError:
            return False

    async def ended(self, within: float = 25) -> int:
        return await asyncio.to_thread(self.child.wait, within)


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Callable[..., Process]]:
    """Start `xinqiao run SERVICE ...` with a node file; killed, if it still runs, after the test."""
    started: list[Process] = []

    def start(settings: NodeSettings, *words: str) -> Process:
        ports = Ports(tmp_path / str(len(started)))
        ports.allocate("http")
        file, log = settings.home / "node.toml", tmp_path / f"{len(started)}.log"
        file.write_text(render(_sections(settings)))
        command = [str(XINQIAO), "run", *words, "--port", str(ports["http"]), "--node-config", str(file)]
        with log.open("wb") as output:
            child = subprocess.Popen(command, stdout=output, stderr=output)
        started.append(Process(child, f"http://127.0.0.1:{ports['http']}", log))
        return started[-1]

    yield start
    for process in started:
        process.child.kill()
        process.child.wait()
        await process.client.aclose()


def _sections(settings: NodeSettings) -> dict[str, Any]:
    node = settings.node
    return {
        "node": {"path": node.path, "name": node.name, "office_unit": node.office_unit},
        "database": {"url": settings.database.url.get_secret_value()},
        "broker": {
            "url": settings.broker.url.get_secret_value(),
            "management_url": settings.broker.management_url.get_secret_value(),
        },
        "directory": [{"path": each.path, "name": each.name, "jwks": str(each.jwks)} for each in settings.directory],
    }


@dataclass
class Place:
    """Where a node will have its broker and database; nothing is there before `furnish`."""

    infra: Infra
    name: str
    settings: NodeSettings

    async def furnish(self) -> None:
        new_virtual_host(self.infra, self.name)
        await new_database(self.infra, f"{self.name}_intake")
        service = load("intake")
        await apply(self.settings, [service])
        await migrations.upgrade(self.settings.database.dsn("intake"), service.migrations, service.metadata)


@pytest.fixture
async def place(broker_ready: Infra, tmp_path: Path) -> Place:
    name = f"p{uuid.uuid4().hex[:10]}"
    amqp = f"{broker_ready.amqp.rstrip('/')}/{name}"
    database = f"{broker_ready.postgres.rsplit('/', 1)[0]}/{name}_{{service}}"
    home = tmp_path / "node"
    home.mkdir()
    settings = settings_of(home, NODE, database=database, amqp=amqp, management=broker_ready.management)
    return Place(broker_ready, name, settings)


async def test_a_process_starts_without_broker_and_database_names_them_and_works_when_they_come(
    place: Place, run: Callable[..., Process]
) -> None:
    process = run(place.settings, "intake")
    await eventually(process.answers, within=90)
    answer = await process.get("/readyz")
    assert answer.status_code == 503
    assert {name for name, state in answer.json()["checks"].items() if state != "ok"} == {"broker", "database.intake"}
    refused = await process.register()
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")

    await place.furnish()
    await eventually(process.ready)
    assert (await process.register()).status_code == 201

    async def known_to_own_consumer() -> bool:
        connection = await asyncpg.connect(place.settings.database.dsn("intake"))
        try:
            return bool(await connection.fetchval("SELECT count(*) FROM inbox"))
        finally:
            await connection.close()

    await eventually(known_to_own_consumer)


async def test_sigterm_lets_a_request_in_flight_finish(place: Place, run: Callable[..., Process]) -> None:
    await place.furnish()
    process = run(place.settings, "intake")
    await eventually(process.answers, within=90)
    assert (await process.register()).status_code == 201
    connection = await asyncpg.connect(place.settings.database.dsn("intake"))
    holding = connection.transaction()
    await holding.start()
    await connection.execute("LOCK TABLE petitions")
    asking = asyncio.create_task(process.register())

    async def waits_for_the_lock() -> bool:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'petitions'::regclass"
        return bool(await connection.fetchval(waiting))

    await eventually(waits_for_the_lock)
    process.child.send_signal(signal.SIGTERM)

    async def takes_no_more() -> bool:
        try:
            async with httpx.AsyncClient(trust_env=False) as other:
                await other.get(f"{process.url}/healthz")
        except httpx.TransportError:
            return True
        return False

    await eventually(takes_no_more)
    await holding.commit()
    assert (await asking).status_code == 201
    assert await process.ended() == 0
    assert await connection.fetchval("SELECT count(*) FROM outbox") == 0  # what it wrote last left before it ended
    assert await connection.fetchval("SELECT count(*) FROM petitions") == 2
    await connection.close()


async def test_sigterm_ends_a_process_that_found_neither_broker_nor_database(
    place: Place, run: Callable[..., Process]
) -> None:
    process = run(place.settings, "intake")
    await eventually(process.answers, within=90)
    process.child.send_signal(signal.SIGTERM)
    assert await process.ended() == 0


async def test_a_second_sigterm_ends_it_at_once(place: Place, run: Callable[..., Process]) -> None:
    await place.furnish()
    process = run(place.settings, "intake")
    await eventually(process.answers, within=90)
    connection = await asyncpg.connect(place.settings.database.dsn("intake"))
    async with connection.transaction():
        await connection.execute("LOCK TABLE petitions")
        asking = asyncio.create_task(process.register())
        await asyncio.sleep(0)
        process.child.send_signal(signal.SIGTERM)

        async def ending() -> bool:
            return process.child.poll() is not None or "process.ending" in process.log.read_text()

        await eventually(ending)
        began = time.monotonic()
        process.child.send_signal(signal.SIGTERM)
        await process.ended(5)
        assert time.monotonic() - began < 5
    with pytest.raises(httpx.TransportError):
        await asking
    await connection.close()


async def test_a_worker_shows_health_and_queue_depths_and_no_api(place: Place, run: Callable[..., Process]) -> None:
    await place.furnish()
    process = run(place.settings, "intake", "--role", "worker")
    await eventually(process.answers, within=90)
    await eventually(process.ready)

    async def measured() -> bool:
        return 'xinqiao_queue_depth{queue="intake.letters"} 0.0' in (await process.get("/metrics")).text

    await eventually(measured)
    assert (await process.register()).status_code == 404


async def test_an_api_process_has_no_workers(place: Place, run: Callable[..., Process]) -> None:
    await place.furnish()
    process = run(place.settings, "intake", "--role", "api")
    await eventually(process.answers, within=90)
    assert (await process.register()).status_code == 201
    connection = await asyncpg.connect(place.settings.database.dsn("intake"))
    assert await connection.fetchval("SELECT count(*) FROM outbox") > 0
    await connection.close()


async def test_registrations_go_on_while_the_broker_is_away(place: Place, run: Callable[..., Process]) -> None:
    await place.furnish()
    nobody = place.settings.broker.model_copy(update={"url": SecretStr("amqp://127.0.0.1:1/")})
    process = run(place.settings.model_copy(update={"broker": nobody}), "intake")
    await eventually(process.answers, within=90)
    assert (await process.register()).status_code == 201
    assert (await process.get("/readyz")).json()["checks"]["broker"] != "ok"
