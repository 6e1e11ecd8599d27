"""Work that lies in a table: taken up as soon as it is committed, by loops that may run in several processes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from kit.db import Database, listening
from kit.logs import log


@dataclass(frozen=True)
class Worker:
    """channel: what a session that leaves work adds to its `wake`, None: nobody wakes it; step: async (runtime) -> int,
    does some of the work in transactions of its own and returns how much (0: nothing is left); every: how long to wait
    at most when nobody wakes it.

    A step must stand being ended anywhere by a crash, and several of them at the same time.
    """

    name: str
    channel: str | None
    step: Callable[[Any], Awaitable[int]]
    every: timedelta = timedelta(seconds=5)


class WorkerLoop:
    """Runs a worker until stopped; the step it is in, it finishes."""

    def __init__(self, worker: Worker, *, database: Database, context: Any) -> None:
        self._worker = worker
        self._database = database
        self._context = context
        self._due = asyncio.Event()
        self._stopping = False

    async def run(self) -> None:
        channel = self._worker.channel
        listener = asyncio.create_task(self._listen(channel)) if channel else None
        try:
            while not self._stopping:
                self._due.clear()  # before looking: work that is left while we look must wake us
                if not await self._step():
                    await self._wait(self._worker.every.total_seconds())
        finally:
            if listener:
                listener.cancel()

    def wake(self) -> None:
        """Look now: what was not due may be."""
        self._due.set()

    def stop(self) -> None:
        """Let `run` end after the step it is in."""
        self._stopping = True
        self._due.set()

    async def _step(self) -> int:
        try:
            return await self._worker.step(self._context)
        except Exception as error:  # noqa: BLE001 - whatever is away comes back; the work is still in its table
            log.warning("worker.waits", worker=self._worker.name, error=type(error).__name__)
            return 0

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._due.wait(), seconds)

    async def _listen(self, channel: str) -> None:
        while True:
            try:
                async with listening(self._database.dsn, channel, self._due.set) as lost:
                    self._due.set()  # what was left before we listened
                    await lost.wait()
            except Exception as error:  # noqa: BLE001 - it listens again, whatever the driver said
                log.warning("worker.listen_lost", worker=self._worker.name, error=type(error).__name__)
            await asyncio.sleep(1)
