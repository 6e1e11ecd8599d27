"""One transaction per request or message: nobody else writes commit().

A Session shows one transaction through two doors: `sql` (SQLAlchemy Core, where people read it) and `raw`
(asyncpg, on hot paths). The engine runs in AUTOCOMMIT and asyncpg holds the transaction, so both doors share it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

OUTBOX = "outbox"  # the channel on which relays wait


@dataclass(slots=True)
class Session:
    """A transaction in progress. `outbox` rows are written just before it commits, in one statement; `wake` names the
    channels that are to be notified once it has committed.
    """

    sql: AsyncConnection
    raw: "asyncpg.Connection[Any]"
    outbox: list[tuple[str, str, str, bytes, str]] = field(default_factory=list)
    wake: set[str] = field(default_factory=set)


async def flush_outbox(session: Session) -> None:
    """Write the collected messages as outbox rows: one INSERT however many there are."""
    columns = list(zip(*session.outbox, strict=True))
    await session.raw.execute(
        "INSERT INTO outbox (exchange, routing_key, message_id, body, traceparent)"
        " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[])",
        *columns,
    )


def _engine(dsn: str, pool_size: int, application: str) -> AsyncEngine:
    return create_async_engine(
        dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
        isolation_level="AUTOCOMMIT",
        poolclass=AsyncAdaptedQueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_reset_on_return=None,
        connect_args={"server_settings": {"application_name": application}, "timeout": 5, "command_timeout": 60},
    )


class Database:
    """One service's own database."""

    def __init__(self, dsn: str, *, pool_size: int = 8, application: str = "xinqiao") -> None:
        self.dsn = dsn
        self.engine = _engine(dsn, pool_size, application)
        # a request that needs a second transaction while it holds its own must never wait behind its like
        self._side = _engine(dsn, 2, application)
        self.after_commit: Callable[[set[str]], None] = lambda _: None

    def transaction(self) -> AbstractAsyncContextManager[Session]:
        """Open a transaction; leaving the block commits, an exception rolls back.

        Raises OSError or asyncpg.PostgresError when the database is away.
        """
        return self._transaction(self.engine)

    def apart(self) -> AbstractAsyncContextManager[Session]:
        """A short transaction of its own, inside another one's time: it stays although the other rolls back."""
        return self._transaction(self._side)

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncIterator[Session]:
        async with engine.connect() as connection:
            raw = (await connection.get_raw_connection()).driver_connection
            while raw is None or raw.is_closed():  # after the database was away all pooled ones are
                await connection.invalidate()
                raw = (await connection.get_raw_connection()).driver_connection
            session = Session(sql=connection, raw=raw)
            try:
                async with raw.transaction():
                    yield session
                    if session.outbox:
                        session.wake.add(OUTBOX)
                        await flush_outbox(session)
            except BaseException:
                if raw.is_closed():
                    await connection.invalidate()
                raise
        if session.wake:
            self.after_commit(session.wake)

    async def ping(self) -> None:
        """Raise when the database does not answer."""
        async with self.apart() as session:
            await session.raw.fetchval("SELECT 1")

    async def close(self) -> None:
        await self.engine.dispose()
        await self._side.dispose()


@asynccontextmanager
async def listening(dsn: str, channel: str, heard: Callable[[], None]) -> AsyncIterator[asyncio.Event]:
    """Call `heard` on every NOTIFY of the channel while the block runs. Yields an event: the connection was lost."""
    connection = await asyncpg.connect(dsn, timeout=5)
    lost = asyncio.Event()
    try:
        connection.add_termination_listener(lambda _: lost.set())
        await connection.add_listener(channel, lambda *_: heard())
        yield lost
    finally:
        await connection.close(timeout=2)


class Waker:
    """Sends NOTIFY after commits, many commits in one: inside the transaction it would serialise all commits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._channels: set[str] = set()
        self._due = asyncio.Event()
        database.after_commit = self._note

    def _note(self, channels: set[str]) -> None:
        self._channels |= channels
        self._due.set()

    async def run(self) -> None:
        """Run until cancelled. A NOTIFY that cannot be sent is no loss: whoever listens also looks by itself."""
        while True:
            await self._due.wait()
            self._due.clear()
            channels, self._channels = self._channels, set()
            try:
                async with self._database.engine.connect() as connection:
                    for channel in channels:
                        await connection.exec_driver_sql(f"NOTIFY {channel}")
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await asyncio.sleep(1)


async def open_transaction(request: Request) -> AsyncIterator[Session]:
    """The request's transaction; committed after the handler and before the response is sent."""
    database: Database = request.app.state.runtime.database
    async with database.transaction() as session:
        request.state.session = session
        yield session


# scope="function": with the default scope the commit would run after the response had left
Db = Annotated[Session, Depends(open_transaction, scope="function")]
