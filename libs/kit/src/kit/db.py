"""One transaction per request or message: nobody else writes commit().

A Session shows one transaction through two doors: `sql` (SQLAlchemy Core, where people read it) and `raw`
(asyncpg, on hot paths). The engine runs in AUTOCOMMIT and asyncpg holds the transaction, so both doors share it.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any, cast

import asyncpg
from fastapi import Depends, Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

OUTBOX = "outbox"  # the channel on which relays wait
PACE = 0.01  # seconds between two NOTIFYs: the first commit is told at once, those that follow together
WAIT = 10  # seconds until a transaction that finds all connections taken gives up


@dataclass(slots=True)
class Session:
    """A transaction in progress. `outbox` rows are written just before it commits, in one statement; `wake` names the
    channels that are to be notified once it has committed.
    """

    sql: AsyncConnection
    raw: "asyncpg.Connection[Any]"
    outbox: list[tuple[str, str, str, bytes, str]] = field(default_factory=list)
    wake: set[str] = field(default_factory=set)

    def take_outbox(self) -> list[tuple[Any, ...]]:
        """The columns of the collected messages, for the statement that writes them; they are collected no longer."""
        columns = list(zip(*self.outbox, strict=True))
        self.outbox.clear()
        self.wake.add(OUTBOX)
        return columns


WRITE_OUTBOX = """
INSERT INTO outbox (exchange, routing_key, message_id, body, traceparent)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::text[])
"""


class Connections:
    """Up to `size` connections, kept open between transactions: a SQLAlchemy connection costs more to open and to
    close, even from a pool, than a statement to run.
    """

    def __init__(self, engine: AsyncEngine, size: int) -> None:
        self._engine = engine
        self._places = asyncio.Semaphore(size)
        self._free: list[tuple[AsyncConnection, asyncpg.Connection[Any]]] = []
        self._closed = False

    async def take(self) -> "tuple[AsyncConnection, asyncpg.Connection[Any]]":
        """A connection for one transaction. Raises OSError when none gets free, or the database is away."""
        async with asyncio.timeout(WAIT if self._places.locked() else None):
            await self._places.acquire()
        try:
            while self._free:
                sql, raw = self._free.pop()
                if not raw.is_closed():  # after the database was away all are
                    return sql, raw
                await _discard(sql)
            return await self._open()
        except BaseException:
            self._places.release()
            raise

    async def _open(self) -> "tuple[AsyncConnection, asyncpg.Connection[Any]]":
        try:
            sql = await self._engine.connect()
        except DBAPIError as error:  # so SQLAlchemy wraps what PostgreSQL says while it starts or stops
            raise ConnectionError("the database takes no connection") from error
        raw = (await sql.get_raw_connection()).driver_connection
        return sql, cast("asyncpg.Connection[Any]", raw)

    async def give_back(self, sql: AsyncConnection, raw: "asyncpg.Connection[Any]") -> None:
        """A connection that ended, or whose transaction did not, is not kept."""
        try:
            if self._closed or raw.is_closed() or raw.is_in_transaction():
                await _discard(sql)
                return
            if sql.in_transaction():  # SQLAlchemy's own notion of one; nothing is sent
                await sql.rollback()
            self._free.append((sql, raw))
        finally:
            self._places.release()

    async def close(self) -> None:
        self._closed = True
        while self._free:
            await self._free.pop()[0].close()


async def _discard(sql: AsyncConnection) -> None:
    await sql.invalidate()
    await sql.close()


class Database:
    """One service's own database."""

    def __init__(self, dsn: str, *, pool_size: int = 8, application: str = "xinqiao") -> None:
        self.dsn = dsn
        self.engine = create_async_engine(
            dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            connect_args={"server_settings": {"application_name": application}, "timeout": 5, "command_timeout": 60},
        )
        self._connections = Connections(self.engine, pool_size)
        # a request that needs a second transaction while it holds its own must never wait behind its like
        self._side = Connections(self.engine, 2)
        self.after_commit: Callable[[set[str]], None] = lambda _: None

    def transaction(self) -> AbstractAsyncContextManager[Session]:
        """Open a transaction; leaving the block commits, an exception rolls back.

        Raises OSError or asyncpg.PostgresError when the database is away.
        """
        return self._transaction(self._connections)

    def apart(self) -> AbstractAsyncContextManager[Session]:
        """A short transaction of its own, inside another one's time: it stays although the other rolls back."""
        return self._transaction(self._side)

    @asynccontextmanager
    async def _transaction(self, connections: Connections) -> AsyncIterator[Session]:
        sql, raw = await connections.take()
        session = Session(sql, raw)
        try:
            async with raw.transaction():
                yield session
                if session.outbox:
                    await raw.execute(WRITE_OUTBOX, *session.take_outbox())
        finally:
            await connections.give_back(sql, raw)
        if session.wake:
            self.after_commit(session.wake)

    async def notify(self, channels: Iterable[str]) -> None:
        """Tell who listens. Raises OSError or asyncpg.PostgresError when the database is away."""
        sql, raw = await self._side.take()
        try:
            await raw.execute(";".join(f"NOTIFY {channel}" for channel in channels))
        finally:
            await self._side.give_back(sql, raw)

    async def ping(self) -> None:
        """Raise when the database does not answer."""
        async with self.apart() as session:
            await session.raw.fetchval("SELECT 1")

    async def close(self) -> None:
        await self._connections.close()
        await self._side.close()
        await self.engine.dispose()


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
                await self._database.notify(channels)
                await asyncio.sleep(PACE)
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
