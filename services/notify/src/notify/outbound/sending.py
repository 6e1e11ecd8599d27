"""The workers that send: mass notices by one of their own, so that they never delay an answer."""

import asyncio
from datetime import timedelta

from kit.runtime import Runtime
from kit.workers import Worker
from notify import resources
from notify.outbound.fates import FATES
from notify.outbound.outgoing import CHANNEL, MASS_CHANNEL


async def send_due(runtime: Runtime) -> int:
    """A step of answers and notices."""
    return await resources.of(runtime).sender.step(runtime)


async def send_mass(runtime: Runtime) -> int:
    """A step of mass notices."""
    return await resources.of(runtime).mass_sender.step(runtime)


async def finish(runtime: Runtime, seconds: float) -> None:
    """Nothing is begun any more, and what is under way gets its answer."""
    held = resources.of(runtime)
    held.outlets.close()
    await asyncio.gather(held.sender.finish(seconds), held.mass_sender.finish(seconds))


EVERY = timedelta(seconds=1)  # a gateway that came up again wakes nobody
SENDER = Worker("notify.sender", CHANNEL, send_due, EVERY)
MASS = Worker("notify.mass", MASS_CHANNEL, send_mass, EVERY)
WORKERS = (SENDER, MASS, FATES)
