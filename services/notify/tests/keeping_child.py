"""A process that keeps texts as a gateway brings them, and says of each when it is durable.

python keeping_child.py HOME KEYS DSN: lines `id phone` come in, lines `id` go out.
"""

import asyncio
import contextlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kit.clock import SystemClock
from kit.crypto import Keyring
from kit.db import Database
from kit.ids import TimeOrderedIds
from notify.gateways.interface import Incoming
from notify.inbound import keeping
from notify.inbound.settings import TextSettings


async def bring(keeper: keeping.Keeper, line: str) -> None:
    gateway_id, phone = line.split()
    at = datetime.now(UTC)
    await keeper.keep(
        "mobile", Incoming(gateway_id=gateway_id, to="1069", at=at, phone=phone, text=f"第{gateway_id}条")
    )
    sys.stdout.write(gateway_id + "\n")
    sys.stdout.flush()


async def drain(keeper: keeping.Keeper) -> None:
    while True:
        with contextlib.suppress(Exception):  # the database is away: the next time
            await keeper.drain()
        await asyncio.sleep(0.1)


async def main(home: Path, keys: Path, dsn: str) -> None:
    runtime: Any = SimpleNamespace(
        settings=SimpleNamespace(home=home), keyring=Keyring.load(keys), database=Database(dsn), ids=TimeOrderedIds(),
        clock=SystemClock(),
    )  # fmt: skip
    keeper = keeping.Keeper(runtime, TextSettings())
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with asyncio.TaskGroup() as tasks:
        draining = tasks.create_task(drain(keeper))
        while line := await reader.readline():
            tasks.create_task(bring(keeper, line.decode()))
        draining.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
