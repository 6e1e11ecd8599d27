"""Several things held at the same time: entered one after the other, left all at once."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager


async def _hold(
    context: AbstractAsyncContextManager[None], entered: "asyncio.Future[None]", leave: asyncio.Event
) -> None:
    async with context:
        entered.set_result(None)
        await leave.wait()


@asynccontextmanager
async def together(contexts: Iterable[AbstractAsyncContextManager[None]]) -> AsyncIterator[None]:
    """Hold all while the block runs. Each is left in the task that entered it; the first error is raised at the end."""
    leave = asyncio.Event()
    holding: list[asyncio.Task[None]] = []
    try:
        for context in contexts:
            entered = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(_hold(context, entered, leave))
            holding.append(task)
            await asyncio.wait({task, entered}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                await task  # it could not be entered: raises
        yield
    finally:
        leave.set()
        await asyncio.wait(holding) if holding else None
    for task in holding:
        await task
