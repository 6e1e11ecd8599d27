"""Registering over HTTP against a bare endpoint that does two INSERTs: one process each, load from a third."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
from deploy.bench.figures import Figure, ratio
from deploy.bench.footprint import processor_time
from deploy.bench.ground import ROOT, Ground
from deploy.bench.http_load import MARK, Outcome, Plan, load_from_outside

from xinqiao_local.application import command
from xinqiao_local.ports import Ports, is_free
from xinqiao_local.process import Daemon

BODY = {
    "channel": "letter",
    "kind": "appeal",
    "title": f"门前道路积水 {MARK}",
    "content": "门前道路积水三个月无人管。" * 12,
    "category": "城乡建设/市政/排水",
    "petitioners": [
        {"name": "张三丰", "id_number": "110101199003074258", "phone": "13800001111", "address": "石桥镇下桥村一组"}
    ],
}
CONNECTIONS = 32
PATIENCE = 90  # seconds until a server must listen


@dataclass
class Side:
    """One of the two servers. cpu: microseconds of processor time its process took for a request, by round."""

    plan: Plan
    pid: int
    dsn: str
    rates: list[float]
    cpu: list[float]
    registered: int = 0

    def run(self, seconds: float) -> Outcome:
        outcome = load_from_outside(replace(self.plan, seconds=seconds))
        if set(outcome.answers) != {"201"}:
            raise RuntimeError(f"not every request was registered: {outcome.answers}")
        self.registered += outcome.registered
        return outcome

    def measure(self, seconds: float) -> None:
        before = processor_time(self.pid)
        outcome = self.run(seconds)
        self.rates.append(outcome.rate)
        self.cpu.append((processor_time(self.pid) - before) / outcome.registered * 1e6)


@contextmanager
def serving(directory: Path, words: list[str | Path]) -> Iterator[tuple[int, int]]:
    """A server process whose command ends with its port: (port, pid)."""
    ports = Ports(directory)
    ports.allocate("http")
    daemon = Daemon(directory, "server")
    daemon.start([*words, str(ports["http"])], env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        daemon.wait_ready(lambda: not is_free(ports["http"]), PATIENCE)
        yield ports["http"], daemon.pid or 0
    finally:
        daemon.stop(10)


@contextmanager
def _server(directory: Path, words: list[str | Path], plan: Plan, dsn: str) -> Iterator[Side]:
    with serving(directory, words) as (port, pid):
        yield Side(replace(plan, port=port), pid, dsn, [], [])


@contextmanager
def both(ground: Ground) -> Iterator[tuple[Side, Side]]:
    """The bare endpoint and intake, each with a database and a process of its own."""
    floor_dsn, own_dsn = (asyncio.run(ground.database(name)) for name in ("floor", "intake"))
    node_file = ground.node(own_dsn)
    text = json.dumps(BODY, ensure_ascii=False)
    plan = Plan("127.0.0.1", 0, "/petitions", text, ground.token(), CONNECTIONS, 0)
    bare: list[str | Path] = [sys.executable, "-m", "deploy.bench.serving", floor_dsn]
    own: list[str | Path] = [command(), "run", "intake", "--role", "api", "--node-config", node_file, "--port"]
    own_plan = replace(plan, path="/api/intake/v1/petitions")
    with (
        _server(ground.directory / "bare", bare, plan, floor_dsn) as floor,
        _server(ground.directory / "intake", own, own_plan, own_dsn) as ours,
    ):
        yield floor, ours


def measure(ground: Ground, *, rounds: int, seconds: float) -> Figure:
    """Rounds in turns; afterwards every 201 must be one petition and one message."""
    with both(ground) as (floor, own):
        for side in (floor, own):
            side.run(1)  # connections, prepared statements, caches
        for _ in range(rounds):
            floor.measure(seconds)
            own.measure(seconds)
    for side in (floor, own):
        asyncio.run(_check(side))
    return ratio(
        "registration", "registration over HTTP (201/s)", unit="1/s", at_least=0.6, ours=own.rates, floor=floor.rates,
        note=f"{CONNECTIONS} connections; {own.registered:,} registered, each one row and one message",
        more={"cpu_us_a_request": {"floor": floor.cpu, "ours": own.cpu}},
    )  # fmt: skip


async def _check(side: Side) -> None:
    connection = await asyncpg.connect(side.dsn)
    try:
        for table in ("petitions", "outbox"):
            rows = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - names of this file
            if rows != side.registered:
                raise RuntimeError(f"{side.registered} answers of 201 but {rows} rows of {table}")
    finally:
        await connection.close()
