"""What the measurements of texts stand on: a county's node whose way out is a message centre."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from deploy.bench.ground import Ground
from deploy.bench.whole_node import WholeNode, whole_node

from kit.runtime import Runtime
from kit.settings import NodeSettings
from node.inside import inside
from notify import phones
from notify.main import service
from notify.outbound import outgoing
from notify.outbound.outgoing import Draft, Lane
from xinqiao_local.application import command
from xinqiao_local.ports import Ports
from xinqiao_local.process import Daemon
from xinqiao_local.secret_files import private_directory, write_private
from xinqiao_local.smsc import Smsc

SENDER, ACCOUNT, SECRET = "10690225", "bench", "benchpwd"
WINDOW = 100
NARROW = 16  # the window of `slow` senders: what a bind is usually given
TEXT = "【象溪县信访局】您反映的事项(编号XF330225202601050000031)已受理。查询进展:http://xf.example.cn"
AT_ONCE = 1000
_numbers = count(13_900_000_000)
_workers = count(1)


@dataclass
class Stand:
    """The node, and the centre; `_read`: how much of the centre's log was looked at."""

    node: WholeNode
    centre: Smsc
    _read: int = 0

    @property
    def config(self) -> Path:
        return self.node.application.config

    def submits(self) -> list[dict[str, Any]]:
        """What the centre took since this was asked last."""
        self.centre.order("status")  # which writes what it still holds
        with (self.centre.directory / "pdus.jsonl").open("rb") as log:
            log.seek(self._read)
            lines = log.read()
        self._read += len(lines)
        return [entry for line in lines.splitlines() if (entry := json.loads(line)).get("took") == "submit_sm"]

    def taken(self) -> int:
        """How many it has taken in all."""
        found: int = self.centre.order("status")["taken"]
        return found

    def waiting(self) -> int:
        """How many receipts it has not brought yet."""
        found: int = self.centre.order("status")["waiting"]
        return found

    def lines(self) -> int:
        """How many are bound."""
        found: int = self.centre.order("status")["lines"]
        return found

    @contextmanager
    def senders(self, many: int, *, slow: bool = False) -> Iterator[list[Daemon]]:
        """Workers of notify alone, each a process with a line of its own."""
        config = self.config.with_name("slow.toml") if slow else self.config
        with ExitStack() as stack:
            yield [stack.enter_context(self._sender(config)) for _ in range(many)]

    @contextmanager
    def _sender(self, config: Path) -> Iterator[Daemon]:
        name = f"notify-{next(_workers)}"
        directory = private_directory(self.node.ground.directory / "senders" / name)
        port = Ports(directory).allocate("http")["http"]
        daemon = Daemon(directory, name)
        words = ["run", "notify", "--role", "worker", "--port", str(port)]
        daemon.start([command(), *words, "--node-config", config])
        try:
            yield daemon
        finally:
            daemon.stop(30)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Runtime]:
        """Notify without a face, in this process."""
        async with inside(NodeSettings.load(self.config), service, name="bench") as runtime:
            yield runtime

    async def queue(self, many: int, lane: Lane) -> None:
        """So many messages, each to a number of its own; all are there at once."""
        async with self.running() as runtime:
            async with runtime.database.transaction() as session:
                for start in range(0, many, AT_ONCE):
                    told = [str(next(_numbers)) for _ in range(min(AT_ONCE, many - start))]
                    keys = await phones.keep(session, runtime.keyring, told)
                    drafts = [_draft(runtime.ids.new(), keys[phone], lane) for phone in told]
                    await outgoing.add(session, runtime.keyring, drafts, runtime.clock.now())
            await runtime.database.notify(session.wake)  # which nobody else does in here

    async def count(self) -> None:
        """Let the database know how large its tables are, as it does by itself within a minute."""
        connection = await asyncpg.connect(self.node.dsns["notify"])
        try:
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()


def _draft(message_id: UUID, key: bytes, lane: Lane) -> Draft:
    return Draft(message_id, key, "accepted", 1, "zh", TEXT, "", lane)


@contextmanager
def stand(ground: Ground) -> Iterator[Stand]:
    """All services of the node run, until they are stopped."""
    centre = Smsc(ground.directory / "centre")
    centre.start()
    secret = ground.directory / "centre.secret"
    write_private(secret, SECRET)
    gateway = {
        "kind": "smpp", "name": "centre", "host": "127.0.0.1", "port": centre.port, "account": ACCOUNT,
        "secret_file": str(secret), "sender": SENDER, "window": WINDOW,
    }  # fmt: skip
    try:
        with whole_node(ground, {"services.notify.gateways": [gateway]}) as node:
            opened = Stand(node, centre)
            slow = opened.config.read_text().replace(f"window = {WINDOW}\n", f"window = {NARROW}\n")
            write_private(opened.config.with_name("slow.toml"), slow)
            yield opened
    finally:
        centre.kill9()


def rate(entries: Sequence[dict[str, Any]]) -> float:
    """A second, by the centre's own log; its first tenth, in which all get warm, left out."""
    moments = sorted(entry["at"] for entry in entries)[len(entries) // 10 :]
    spent: float = moments[-1] - moments[0]
    return (len(moments) - 1) / (spent / 1000)
