"""The lines to all gateways of this node, held as long as the workers run."""

import asyncio
from functools import partial

from kit.logs import log
from kit.runtime import Runtime
from notify import resources
from notify.gateways import metrics
from notify.gateways.interface import Gateway, Taking
from notify.gateways.pauses import Pauses
from notify.gateways.states import write_down
from notify.outbound.sending import finish
from notify.taking import taking_of

PATIENCE = 5.0  # seconds for the answers to what is under way when the lines are let go


async def hold_gateways(runtime: Runtime) -> None:
    """Until cancelled. Whether gateways are up is told by metrics and written down, but never by readiness: a node
    without one still takes petitions, and keeps what is to be said.
    """
    taking = taking_of(runtime)
    lines = [asyncio.create_task(write_down(runtime), name="notify.gateway-states")]
    for gateway in resources.of(runtime).gateways.values():
        metrics.LINE_UP.labels(gateway.name).set_function(partial(_up, gateway))
        work = hold(gateway, taking, Pauses())
        lines.append(asyncio.create_task(work, name=f"notify.gateway.{gateway.name}"))
    try:
        await asyncio.wait(lines)
    finally:
        await finish(runtime, PATIENCE)  # what is under way gets its answer before the lines are let go
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        await finish(runtime, PATIENCE)  # what has none, now that its line is gone, is written down as well


def _up(gateway: Gateway) -> float:
    return float(gateway.health.up)


async def hold(gateway: Gateway, taking: Taking, pauses: Pauses) -> None:
    """One that fails in a way it does not know itself must neither end the others nor stay away."""
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await gateway.run(taking)
        except Exception as error:  # noqa: BLE001 - whatever it is, the line is needed again
            log.error("notify.gateway_failed", gateway=gateway.name, error=type(error).__name__)
            await asyncio.sleep(pauses.after(loop.time() - began))
        else:
            return  # it has no line to hold
