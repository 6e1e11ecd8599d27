"""How a node is: its services' health, queues, outboxes and links, gathered at one moment."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import asyncpg
import httpx

from kit.app import Service
from kit.settings import NodeSettings
from node.management import BrokerRefused, Management
from node.outboxes import Outbox, State


@dataclass(frozen=True)
class Status:
    """checks: what /readyz says, by dependency; simulated: the time there, where a demonstration moved it;
    depths: queue -> messages; links: shovel -> state; outboxes: service -> state, or why it could not be asked.
    """

    checks: dict[str, str]
    simulated: str = ""
    depths: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    outboxes: dict[str, State | str] = field(default_factory=dict)

    @property
    def parked(self) -> dict[str, int]:
        """Parking places that are not empty."""
        return {queue: depth for queue, depth in self.depths.items() if queue.endswith(".parked") and depth}

    @property
    def waiting(self) -> dict[str, int]:
        """Other queues in which something waits; the stream keeps everything and waits for nobody."""
        aside = {*self.parked, "events.stream"}
        return {queue: depth for queue, depth in self.depths.items() if depth and queue not in aside}

    @property
    def healthy(self) -> bool:
        """Everything answers, the links run and nothing is parked."""
        fine = all(state == "ok" for state in self.checks.values())
        linked = all(state == "running" for state in self.links.values())
        outboxes = all(isinstance(state, State) and not state.parked for state in self.outboxes.values())
        return fine and linked and outboxes and not self.parked


async def status_of(settings: NodeSettings, services: Sequence[Service]) -> Status:
    """Ask everything at once. What does not answer is told in its place."""
    (checks, simulated), (depths, links), outboxes = await asyncio.gather(
        _health(settings.node.public_url), _broker(settings), _outboxes(settings, services)
    )
    told = {**checks, **({} if depths or links else {"management": "down"})}
    return Status(told, simulated, depths, links, outboxes)


async def _health(url: str) -> tuple[dict[str, str], str]:
    try:
        async with httpx.AsyncClient(timeout=8, trust_env=False) as client:
            answer = await client.get(f"{url}/readyz")
        state = answer.json()
        checks: dict[str, str] = state["checks"]
    except (httpx.HTTPError, ValueError, KeyError) as error:
        return {"services": f"down: {type(error).__name__}"}, ""
    return {"services": "ok", **checks}, state.get("simulated_time", {}).get("now", "")


async def _broker(settings: NodeSettings) -> tuple[dict[str, int], dict[str, str]]:
    async with Management(settings) as api:
        try:
            return await api.depths(), await api.shovel_states()
        except (OSError, BrokerRefused):
            return {}, {}


async def _outboxes(settings: NodeSettings, services: Sequence[Service]) -> dict[str, State | str]:
    async def ask(service: Service) -> State | str:
        try:
            return await Outbox(settings, service.name).state()
        except (OSError, asyncpg.PostgresError) as error:
            return f"down: {type(error).__name__}"

    return dict(zip([service.name for service in services], await asyncio.gather(*map(ask, services)), strict=True))
