"""Keeping what gateways bring: many at a time, and whoever brought something waits until it is kept."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from kit.runtime import Runtime
from notify.gateways.interface import Receipt, Taking
from notify.inbound.keeping import keep
from notify.outbound import late, receipts

AT_ONCE = 500
Thing = TypeVar("Thing")


class Together(Generic[Thing]):
    """What comes while one batch is kept makes the next one."""

    def __init__(self, keep: Callable[[Sequence[Thing]], Awaitable[None]], most: int = AT_ONCE) -> None:
        self._keep, self._most = keep, most
        self._waiting: list[tuple[Thing, asyncio.Future[None]]] = []
        self._keeping: asyncio.Task[None] | None = None

    async def add(self, thing: Thing) -> None:
        """Returns when it is kept. Raises what keeping it raised."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((thing, kept))
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep_all())
        await kept

    async def _keep_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            error = await self._tried(batch)
            if error is None or isinstance(error, OSError) or len(batch) == 1:
                _tell(batch, error)
                continue
            for each in batch:  # one that cannot be kept must not stop the others
                _tell([each], await self._tried([each]))

    async def _tried(self, batch: "Sequence[tuple[Thing, asyncio.Future[None]]]") -> Exception | None:
        try:
            await self._keep([thing for thing, _ in batch])
        except Exception as error:  # noqa: BLE001 - it is raised where the thing came from
            return error
        return None


def _tell(batch: "Sequence[tuple[Thing, asyncio.Future[None]]]", error: Exception | None) -> None:
    for _, kept in batch:
        if kept.done():  # whoever brought it is gone
            continue
        if error is None:
            kept.set_result(None)
        else:
            kept.set_exception(error)


def taking_of(runtime: Runtime) -> Taking:
    """What the gateways of this process give what they bring."""
    together: Together[tuple[str, Receipt]] = Together(partial(receipts.take, runtime))

    async def receipt(gateway: str, told: Receipt) -> None:
        await together.add((gateway, told))

    return Taking(incoming=partial(keep, runtime), receipt=receipt, late=partial(late.take, runtime))
