"""Connections and channels to the broker: every outage becomes an OSError, and nobody waits for ever."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import aio_pika
import aiormq
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.connection import make_url
from aio_pika.exceptions import AMQPError

CONFIRM = 30  # seconds to wait for the broker's confirm
HEARTBEAT = 20  # seconds; a broker that fell silent is given up after two of them


@contextlib.contextmanager
def broker_errors() -> Iterator[None]:
    """What the AMQP library raises when a connection ends becomes ConnectionError: try again later.

    It also ends futures with CancelledError although nobody cancelled the task that waits for them.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise ConnectionError("the connection to the broker was lost") from error
    except (AMQPError, RuntimeError, StopAsyncIteration) as error:
        raise ConnectionError(f"the broker is away: {type(error).__name__}") from error


@contextlib.asynccontextmanager
async def broker_call(seconds: float = 10) -> AsyncIterator[None]:
    """For every call of the AMQP library: raises OSError and nothing else when the broker is away.

    The library leaves callers waiting for ever when the connection ends while its write buffer is full.
    """
    with broker_errors():
        async with asyncio.timeout(seconds):
            yield


async def connect(url: str, name: str) -> AbstractConnection:
    """A connection of that name. Raises what the library does while the broker is away, or refuses us."""
    connection = aio_pika.Connection(make_url(url), client_properties={"connection_name": name}, heartbeat=HEARTBEAT)
    try:
        await connection.connect()
    except BaseException:
        await connection.close()  # left open, its finalizer would close it, wherever that runs
        raise
    return connection


class Line:
    """One connection to the broker: opened when it is needed, and again after it was lost."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._connection: AbstractConnection | None = None
        self._opening = asyncio.Lock()

    async def channel(self, **options: Any) -> AbstractChannel:
        """A new channel. Raises OSError while the broker is away.

        A connection that gives none is not kept: after a crash of the broker it may look open for a long time. One
        whose caller merely stopped waiting is: others use it.
        """
        connection = await self._connected()
        try:
            async with broker_call():
                return await connection.channel(**options)
        except OSError:
            await self._give_up(connection)
            raise

    async def _connected(self) -> AbstractConnection:
        async with self._opening:
            if self._connection is None or not self._connection.connected.is_set():
                await self._close()
                async with broker_call():
                    self._connection = await connect(self._url, self._name)
            return self._connection

    async def _give_up(self, connection: AbstractConnection) -> None:
        async with self._opening:
            if self._connection is connection:  # else another caller has replaced it
                await self._close()

    async def close(self) -> None:
        async with self._opening:
            await self._close()

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(OSError):
                async with broker_call(5):
                    await connection.close()


@dataclass
class Outlet:
    """A channel for publishing, the exchanges known to exist, and who waits for a confirm.

    wire: the same channel one library below, which takes a message without building three objects for it.
    """

    channel: AbstractChannel
    wire: aiormq.abc.AbstractChannel
    exchanges: set[str] = field(default_factory=lambda: {""})
    waiting: set[asyncio.Timeout] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.channel.close_callbacks.add(self._give_up)

    def _give_up(self, *_: object) -> None:
        """The channel ended: nobody waits for its confirms until the time is over."""
        now = asyncio.get_running_loop().time()
        for limit in self.waiting:
            if not limit.expired():
                limit.reschedule(now)

    @contextlib.asynccontextmanager
    async def confirming(self) -> AsyncIterator[None]:
        """While the block runs it ends with TimeoutError when the channel ends or no confirm comes."""
        async with asyncio.timeout(CONFIRM) as limit:
            self.waiting.add(limit)
            try:
                yield
            finally:
                self.waiting.discard(limit)
