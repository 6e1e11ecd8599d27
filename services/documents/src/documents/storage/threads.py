"""A bounded pool of threads for blocking work: files, S3, hashing."""

import asyncio
from collections.abc import AsyncIterator, Callable
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
        return await asyncio.wrap_future(self._pool.submit(work, *arguments))

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
