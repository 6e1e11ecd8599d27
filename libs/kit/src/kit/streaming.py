"""Answers that are sent while they are made."""

import asyncio
from collections.abc import AsyncIterable
from contextlib import AbstractAsyncContextManager
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class HeldResponse(StreamingResponse):
    """Holds something open (a transaction, another answer) until all is sent, the receiver is gone, or time is up.

    A generator alone would not do: one that was never asked for its first piece never gives up what it holds. What is
    cut off is seen as cut off: its end is missing.
    """

    def __init__(
        self, body: AsyncIterable[bytes], held: AbstractAsyncContextManager[object], *, seconds: float, **options: Any
    ) -> None:
        super().__init__(body, **options)
        self._held = held
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._held, asyncio.timeout(self._seconds):
            await super().__call__(scope, receive, send)
