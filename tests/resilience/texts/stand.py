"""A county's node with a worker, a database and a broker that may be killed, and two message centres."""

import asyncio
import itertools
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
from deploy.bench.ground import Ground
from deploy.bench.whole_node import WholeNode, whole_node
from prometheus_client.parser import text_string_to_metric_families

from kit.crypto import Keyring
from kit.db import Database
from kit.testing import eventually
from notify import phones
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft, Lane
from tests.support.infra import RUN
from xinqiao_local.postgres import Postgres
from xinqiao_local.process import Daemon
from xinqiao_local.rabbitmq import RabbitMQ
from xinqiao_local.secret_files import private_directory, write_private
from xinqiao_local.smsc import Smsc

SENDER, ACCOUNT, SECRET = "10690225", "faults", "faultspw"
ONE, TWO = "one", "two"
WEIGHTS = {ONE: 30, TWO: 10}
WINDOW = 50
LEASE, PATIENCE = 4.5, 2  # seconds: of a message being sent; until a gateway's answer
TEXT = "【象溪县信访局】您反映的事项(编号XF330225202601050000031)已受理"
LONG = TEXT + "。查询进展请访问本局网站,或者凭编号和查询码到窗口办理。" * 3  # three parts
RATE = 400  # parts a second of the node, so that a burst lasts
_numbers = itertools.count(13_500_000_000)


@dataclass
class Stand:
    node: WholeNode
    centres: dict[str, Smsc]
    seen: dict[str, int] = field(default_factory=dict)  # of each centre's log, what tests before have looked at

    @property
    def one(self) -> Smsc:
        return self.centres[ONE]

    @property
    def worker(self) -> Daemon:
        return self.node.application.processes["all-worker"]

    @cached_property
    def keyring(self) -> Keyring:
        return Keyring.load(self.node.keys / "fields.json")

    # --- faults ---

    async def worker_dies(self) -> None:
        pid = self.worker.pid
        assert pid is not None
        self.worker.kill9()
        await self.started()
        assert self.worker.pid != pid

    async def started(self) -> None:
        """Whatever of the services does not run, as a supervisor of processes would; returns when all are ready."""
        await asyncio.to_thread(self.node.application.start)
        await asyncio.to_thread(self.node.application.wait_ready)

    async def database_dies(self) -> None:
        postgres = self.node.ground.postgres
        postgres.kill9()
        await asyncio.to_thread(postgres.start)

    async def broker_dies(self) -> None:
        """It is back some time later: `broker_back`."""
        broker = self.node.ground.broker
        broker.kill9()
        await asyncio.to_thread(broker.start, wait=False)

    async def broker_back(self) -> None:
        await asyncio.to_thread(self.node.ground.broker.wait_ready)

    async def drop(self, times: int, centre: str = ONE) -> None:
        """The line, again and again: each time when it stands again."""
        for _ in range(times):
            await eventually(lambda: self._bound_again(centre, 0), within=60)
            binds = (await self.status(centre))["binds"]
            await asyncio.to_thread(self.centres[centre].order, "drop")
            await eventually(lambda binds=binds: self._bound_again(centre, binds), within=60)  # type: ignore[misc]  # bound at once

    async def _bound_again(self, centre: str, binds: int) -> bool:
        status = await self.status(centre)
        return bool(status["binds"] > binds and status["lines"])

    # --- looking ---

    async def status(self, centre: str = ONE) -> dict[str, int]:
        return await asyncio.to_thread(self.centres[centre].order, "status")

    async def pdus(self, centre: str = ONE) -> list[dict[str, Any]]:
        """What the centre wrote since `begin`."""
        return (await asyncio.to_thread(self.centres[centre].pdus))[self.seen.get(centre, 0) :]

    async def begin(self) -> None:
        """A new story: orderly centres with a line each where they run, and what they wrote before is old."""
        for name, centre in self.centres.items():
            if centre.daemon.alive:
                centre.behave()
                self.seen[name] = len(await asyncio.to_thread(centre.pdus))
                await self.line_up(name)

    async def line_up(self, centre: str) -> None:
        async def up() -> bool:
            status = await self.status(centre)
            return bool(status["lines"]) and await self.metric("xinqiao_sms_line_up", gateway=centre) == 1

        await eventually(up, within=90)

    async def rows(self, sql: str, *values: Any, service: str = "notify") -> list[asyncpg.Record]:
        """Asked as the superuser, on a connection of its own: servers come and go."""
        connection = await asyncpg.connect(self.node.ground.postgres.url(service, "postgres"))
        try:
            found: list[asyncpg.Record] = await connection.fetch(sql, *values)
            return found
        finally:
            await connection.close()

    async def readiness(self) -> list[int]:
        """What /readyz of each process answers."""
        application = self.node.application
        async with httpx.AsyncClient(timeout=30) as client:
            urls = [f"http://127.0.0.1:{application._port_of(name)}/readyz" for name in application.processes]
            return [(await client.get(url)).status_code for url in urls]

    async def metric(self, name: str, **labels: str) -> float:
        """Of the worker; 0 where nothing was counted yet."""
        url = f"http://127.0.0.1:{self.node.application._port_of('all-worker')}/metrics"
        async with httpx.AsyncClient(timeout=30) as client:
            text = (await client.get(url)).text
        samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
        return sum(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())

    async def duplicates(self) -> int:
        """Texts that came again because our answer was lost."""
        return int((await self.rows("SELECT count(*) FROM inbound WHERE state = 'duplicate'"))[0][0])

    # --- sending ---

    async def queue(self, many: int, lane: Lane = Lane.NOTICE, text: str = TEXT) -> list[UUID]:
        """A message to each of so many new telephones, in one transaction."""
        database = Database(self.node.dsns["notify"])
        ids = [uuid4() for _ in range(many)]
        told = [str(next(_numbers)) for _ in ids]
        try:
            async with database.transaction() as session:
                keys = await phones.keep(session, self.keyring, told)
                drafts = [
                    Draft(each, keys[phone], "accepted", 1, "zh", text, "", lane)
                    for each, phone in zip(ids, told, strict=True)
                ]
                now = await session.raw.fetchval("SELECT now()")
                await outgoing.add(session, self.keyring, drafts, now)
            await database.notify([outgoing.CHANNEL, outgoing.MASS_CHANNEL])
        finally:
            await database.close()
        return ids

    async def left(self, ids: Sequence[UUID], *states: str) -> int:
        """How many of these are in one of these states."""
        sql = "SELECT count(*) FROM messages WHERE id = ANY($1) AND state = ANY($2)"
        return int((await self.rows(sql, ids, states))[0][0])


def _settings(gateways: Sequence[dict[str, Any]], rate: int) -> dict[str, Any]:
    """Short times, so that nothing has to be waited for; but texts that come again after an outage are still known."""
    return {
        "services.notify": {"lease_seconds": LEASE},
        "services.notify.outbound": {"doubt_seconds": 2, "rate": rate},
        "services.notify.texts": {"duplicate_minutes": 120, "per_hour": 10_000, "per_day": 10_000},
        "services.notify.gateways": gateways,
    }


def _gateway(name: str, centre: Smsc, secret: str) -> dict[str, Any]:
    return {
        "kind": "smpp", "name": name, "host": "127.0.0.1", "port": centre.port, "account": ACCOUNT,
        "secret_file": secret, "sender": SENDER, "window": WINDOW, "seconds": PATIENCE, "pause": 2,
        "weight": WEIGHTS[name],
    }  # fmt: skip


@contextmanager
def stand(rate: int = RATE) -> Iterator[Stand]:
    """Centre "two" does not run yet."""
    directory = private_directory(RUN / f"test-{os.getpid()}-texts")
    ground = Ground(directory, Postgres(directory / "postgres"), RabbitMQ(directory / "rabbitmq", "texts"))
    centres = {name: Smsc(directory / name) for name in (ONE, TWO)}
    try:
        ground.broker.start(wait=False)
        ground.postgres.start()
        for centre in centres.values():
            centre.start()
        centres[TWO].kill9()
        secret = directory / "centre.secret"
        write_private(secret, SECRET)
        gateways = [_gateway(name, centre, str(secret)) for name, centre in centres.items()]
        ground.broker.wait_ready()
        with whole_node(ground, _settings(gateways, rate)) as node:
            ground.broker.wait_settled()
            yield Stand(node, centres)
            node.application.kill9()
    finally:
        for centre in centres.values():
            centre.kill9()
        ground.broker.kill9()
        ground.postgres.kill9()
        shutil.rmtree(directory, ignore_errors=True)
