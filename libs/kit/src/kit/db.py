"""One transaction per request or message: nobody else writes commit().

A Session shows one transaction through two doors: `sql` (SQLAlchemy Core, where people read it) and `raw`
(asyncpg, on hot paths). The engine runs in AUTOCOMMIT and asyncpg holds the transaction, so both doors share it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Annotated, Any

import asyncpg
from asyncpg.transaction import Transaction
from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from kit.connections import Connections
from kit.logs import log
from kit.writes import MESSAGE, MESSAGES, NOTE, NOTES, Writes

OUTBOX = "outbox"  # the channel on which relays wait
PACE = 0.03  # seconds between two NOTIFYs: the first commit is told at once, those that follow together


class Session:
    """A transaction in progress. What `write` collects, the messages in `outbox` and the entries in `notes` (see
    kit.audit) go to the database in one statement just before it commits; `wake` names the channels that are notified
    once it has committed.
    """

    __slots__ = ("_fences", "_raw", "_sql", "_transaction", "_writes", "notes", "outbox", "wake")

    def __init__(self, sql: AsyncConnection, raw: "asyncpg.Connection[Any]") -> None:
        self._sql = sql
        self._raw = raw
        self._transaction: Transaction | None = None
        self._writes = Writes()
        self._fences: dict[str, Fence] = {}
        self.outbox: list[tuple[str, str, str, bytes, str]] = []
        self.notes: list[tuple[Any, ...]] = []
        self.wake: set[str] = set()

    async def begin(self) -> None:
        """Needed once, before the first look at `sql` or `raw`, where the session came as `LateDb`."""
        if self._transaction is None:
            transaction = self._raw.transaction()
            try:
                await transaction.start()
            except asyncpg.InternalClientError as error:  # broken off in mid-statement, and not yet seen as closed
                raise ConnectionError("the connection to the database was lost") from error
            self._transaction = transaction

    @property
    def sql(self) -> AsyncConnection:
        self._check_begun()
        return self._sql

    @property
    def raw(self) -> "asyncpg.Connection[Any]":
        self._check_begun()
        return self._raw

    async def look(self, statement: str, *values: Any) -> "asyncpg.Record | None":
        """One row, by a statement that needs no transaction: it may come before `begin`."""
        try:
            return await self._raw.fetchrow(statement, *values)
        except asyncpg.InternalClientError as error:
            raise ConnectionError("the connection to the database was lost") from error

    def _check_begun(self) -> None:
        if self._transaction is None:
            raise RuntimeError("begin() comes before the first statement")

    def write(self, part: str, *values: Any) -> None:
        """Collect a write that nothing in this transaction has to see: `name AS (INSERT …)`, see kit.writes."""
        self._writes.add(part, *values)

    def fence(self, table: str, refused: "Fence") -> None:
        """A row of this table that its constraints refuse means that somebody else was faster: `refused` says it."""
        self._fences[table] = refused

    async def flush(self) -> None:
        """Send what is collected. In a transaction that has not begun this one statement is the whole of it."""
        if self.outbox:
            self.wake.add(OUTBOX)
        self._add_rows(self.outbox, MESSAGE, MESSAGES)
        self._add_rows(self.notes, NOTE, NOTES)
        if self._writes:
            statement, values = self._writes.take()
            try:
                await self._raw.execute(statement, *values)
            except asyncpg.IntegrityConstraintViolationError as error:
                if error.table_name in self._fences:
                    raise await self._fences[error.table_name]() from error
                raise

    def _add_rows(self, rows: list[Any], one: str, several: str) -> None:
        """One row is the rule, and cheaper without arrays."""
        if len(rows) == 1:
            self._writes.add(one, *rows[0])
        elif rows:
            self._writes.add(several, *zip(*rows, strict=True))
        rows.clear()

    async def commit(self) -> None:
        """For the block that opened the transaction alone."""
        if self._transaction is not None:
            await self._transaction.commit()

    async def roll_back(self, error: BaseException) -> bool:
        """For the block that opened the transaction alone. False when its last statement was not answered."""
        if self._transaction is None:
            return not isinstance(error, UNANSWERED)
        await self._transaction.rollback()
        return True


Fence = Callable[[], Awaitable[Exception]]
UNANSWERED = (
    asyncio.CancelledError,
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
)


class Database:
    """One service's own database."""

    def __init__(self, dsn: str, *, pool_size: int = 8, application: str = "xinqiao") -> None:
        self.dsn = dsn
        self.engine = create_async_engine(
            dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
            isolation_level="AUTOCOMMIT",
            poolclass=NullPool,
            connect_args={"server_settings": {"application_name": application}, "timeout": 15, "command_timeout": 60},
        )
        self._connections = Connections(self.engine, pool_size)
        # a request that needs a second transaction while it holds its own must never wait behind its like
        self._side = Connections(self.engine, 2)
        self.after_commit: Callable[[set[str]], None] = lambda _: None

    def transaction(self, *, late: bool = False) -> AbstractAsyncContextManager[Session]:
        """Open a transaction; leaving the block commits, an exception rolls back.

        late: it begins with `begin`; if that is never called, what the session collected is written in one statement.
        Raises OSError or asyncpg.PostgresError when the database is away.
        """
        return self._transaction(self._connections, late=late)

    def apart(self, *, late: bool = False) -> AbstractAsyncContextManager[Session]:
        """A short transaction of its own, inside another one's time: it stays although the other rolls back."""
        return self._transaction(self._side, late=late)

    @asynccontextmanager
    async def _transaction(self, connections: Connections, *, late: bool = False) -> AsyncIterator[Session]:
        sql, raw = await connections.take()
        session = Session(sql, raw)
        whole = False
        try:
            if not late:
                await session.begin()
            try:
                yield session
                await session.flush()
            except BaseException as error:
                whole = await session.roll_back(error)
                raise
            await session.commit()
            whole = True
        finally:
            await connections.give_back(sql, raw, whole=whole)
        if session.wake:
            self.after_commit(session.wake)

    async def notify(self, channels: Iterable[str]) -> None:
        """Tell who listens. Raises OSError or asyncpg.PostgresError when the database is away."""
        sql, raw = await self._side.take()
        whole = False
        try:
            await raw.execute(";".join(f"NOTIFY {channel}" for channel in channels))
            whole = True
        finally:
            await self._side.give_back(sql, raw, whole=whole)

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
            except Exception as error:  # noqa: BLE001 - it must be there when the database is back
                log.info("waker.waits", error=type(error).__name__)
                await asyncio.sleep(1)


async def _open(request: Request, *, late: bool) -> Session:
    """The request's transaction; committed after the handler and before the response is sent.

    It goes on the stack on which FastAPI keeps dependencies with scope="function" (with the default scope the commit
    would run after the response had left); as one with `yield` it would come in two more wrappers and a cancel scope.
    """
    database: Database = request.app.state.runtime.database
    stack: AsyncExitStack = request.scope["fastapi_function_astack"]
    session = await stack.enter_async_context(database.transaction(late=late))
    request.state.session = session
    return session


async def open_transaction(request: Request) -> Session:
    return await _open(request, late=False)


async def open_late(request: Request) -> Session:
    return await _open(request, late=True)


Db = Annotated[Session, Depends(open_transaction)]
# for a request that only writes: its one statement needs no BEGIN and no COMMIT. Whoever reads calls `begin` first
LateDb = Annotated[Session, Depends(open_late)]
