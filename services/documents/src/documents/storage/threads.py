"""A bounded pool of threads for blocking work: files, S3, hashing."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar, TypeVarTuple

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class Closable(Protocol):
    def close(self) -> None: ...


Opened = TypeVar("Opened", bound=Closable)


class Threads:
    """At most `most` blocking calls at once; more wait."""

    def __init__(self, most: int) -> None:
        self._pool = ThreadPoolExecutor(most, thread_name_prefix="documents")

    async def run(self, work: "Callable[[*Arguments], Result]", *arguments: *Arguments) -> Result:
        """Do it in a thread. A caller that is cancelled goes on at once; what the thread has begun, it finishes."""
        return await asyncio.wrap_future(self.begin(work, *arguments))

    def begin(self, work: "Callable[[*Arguments], Result]", *arguments: *Arguments) -> "Future[Result]":
        """Have it done while the caller does something else."""
        return self._pool.submit(work, *arguments)

    async def pieces(
        self, open_it: Callable[[], Opened], read: Callable[[Opened], bytes], then: Callable[[bytes], bytes] | None
    ) -> AsyncGenerator[bytes, None]:
        """What is read of an opened thing until nothing comes, made something else by `then`, which may leave nothing
        of a piece. All in threads, one piece ahead: the next is read while the last is used.
        """

        def one(opened: Opened) -> bytes | None:
            piece = read(opened)
            return then(piece) if piece and then else piece or None

        async with self.opened(open_it) as opened:
            coming = self.begin(one, opened)
            while (piece := await asyncio.wrap_future(coming)) is not None:
                coming = self.begin(one, opened)
                if piece:
                    yield piece

    @asynccontextmanager
    async def opened(self, open_it: Callable[[], Opened]) -> AsyncIterator[Opened]:
        """Open something in a thread and close it in one: a thread that still reads it must not block the loop.

        Closing is not waited for, so that it also happens when the caller was cancelled while opening.
        """
        opening = self._pool.submit(open_it)
        try:
            yield await asyncio.wrap_future(opening)
        finally:
            self._pool.submit(_close, opening)

    def close(self) -> None:
        """Wait until all work is done."""
        self._pool.shutdown()


def _close(opening: "Future[Opened]") -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
