"""For tests of every package: look until something holds, never sleep for a guess."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Seen = TypeVar("Seen")


async def eventually(look: Callable[[], Awaitable[Seen]], *, within: float = 30.0, every: float = 0.05) -> Seen:
    """Look every 50 ms until the answer is true and return it. Raises AssertionError after `within` seconds.

    every: seconds between two looks, longer where a look itself costs those that are waited for.
    """
    deadline = time.monotonic() + within
    while not (seen := await look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen within {within:g} s; the last look gave {seen!r}")
        await asyncio.sleep(every)
    return seen
