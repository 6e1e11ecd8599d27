"""A burst of texts while processes are killed and the database goes away: what the centre was told is kept, once."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from tests.support.databases import database_for
from tests.support.infra import Infra
from tests.support.nodes import settings_of

from kit.settings import NodeSettings
from kit.testing import eventually
from notify.main import service

BURST = int(os.environ.get("XQ_TEST_TEXTS", "4000"))
WINDOW = 200  # texts that the centre has under way
PHONES = 300


class Centre:
    """As a message centre: brings what is not acknowledged, again and again, by the process that is there."""

    def __init__(self, texts: Iterable[int]) -> None:
        self._left = {str(number): f"138{number % PHONES:08}" for number in texts}
        self.acknowledged: set[str] = set()
        self._line: asyncio.subprocess.Process | None = None
        self._told = asyncio.Event()

    async def connect(self, settings: NodeSettings) -> None:
        file = Path(__file__).with_name("keeping_child.py")
        dsn = settings.database.dsn("notify")
        self._line = await asyncio.create_subprocess_exec(
            sys.executable, file, settings.home, settings.keys / "fields.json", dsn,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def kill(self) -> None:
        assert self._line is not None
        self._line.kill()
        await self._line.wait()

    async def bring(self, until: int) -> None:
        """Until so many are acknowledged in all."""
        line = self._line
        assert line is not None
        assert line.stdin is not None
        assert line.stdout is not None
        left = iter([each for each in self._left.items() if each[0] not in self.acknowledged])
        for _ in range(WINDOW):
            self._send(line.stdin, left)
        while len(self.acknowledged) < min(until, len(self._left)):
            told = await line.stdout.readline()
            self.acknowledged.add(told.decode().strip())
            self._send(line.stdin, left)

    @staticmethod
    def _send(line: asyncio.StreamWriter, left: Iterable[tuple[str, str]]) -> None:
        for number, phone in left:
            line.write(f"{number} {phone}\n".encode())
            return


@asynccontextmanager
async def database_away(infra: Infra, name: str) -> AsyncIterator[None]:
    """Nobody gets in, and who was in is thrown out."""
    connection = await asyncpg.connect(infra.postgres)
    try:
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        yield
    finally:
        await connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        await connection.close()


async def test_a_burst_through_kills_of_processes_and_database_is_there_once(
    infra: Infra, worker: str, tmp_path: Path
) -> None:
    dsn = await database_for(infra, service, worker)
    settings, name = settings_of(tmp_path, "33.02.25.100", database=dsn), dsn.rsplit("/", 1)[1]
    centre, spool = Centre(range(BURST)), settings.home / "spool"
    await centre.connect(settings)
    await centre.bring(BURST // 4)
    async with database_away(infra, name):
        await centre.bring(BURST // 2)
        assert await asyncio.to_thread(lambda: list(spool.iterdir()))
        await centre.kill()
        await centre.connect(settings)
        await centre.bring(BURST * 5 // 8)
    await centre.bring(BURST * 3 // 4)
    await centre.kill()
    await centre.connect(settings)
    await centre.bring(BURST)
    await eventually(lambda: asyncio.to_thread(lambda: not list(spool.iterdir())), within=120)
    await centre.kill()
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT gateway_id, phone_key, received_at, id FROM inbound")
    await connection.close()
    assert sorted(int(row["gateway_id"]) for row in rows) == list(range(BURST))
    assert len({row["phone_key"] for row in rows}) == min(PHONES, BURST)
