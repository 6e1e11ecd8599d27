"""On running nodes: how soon after its commit a registration shows in analytics, at a steady rate."""

import asyncio
import csv
import time
import uuid
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

import httpx
from deploy.bench.figures import Figure, limit, unmeasured

from xinqiao_local.cluster import SEED, Cluster

WATCHED = 5  # registrations a second that are looked for: looking must not be the load that is measured
POLL = 0.005
PATIENCE = 30.0


@dataclass(frozen=True)
class Way:
    """rate: registrations a second; below: target in ms, None where the figure only informs."""

    key: str
    name: str
    writer: str
    reader: str
    rate: int
    below: int | None


# A registration at the province is the work of that node alone. One at the township is that of four nodes, which here
# share one machine: at 50/s this measures the machine, so the target is held against a rate that it bears
WAYS = (
    Way("visible-here", "commit → same node's statistics, p95", "province", "province", 50, 200),
    Way("visible-above", "township commit → province's statistics, p95", "township", "province", 10, 500),
    Way("four-nodes", "the same while all four nodes work at 50/s", "township", "province", 50, None),
)


@dataclass
class Desk:
    """An account at a node."""

    client: httpx.AsyncClient
    url: str
    token: str = ""

    @property
    def _signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    async def sign_in(self, username: str) -> None:
        with (SEED / "accounts.csv").open(encoding="utf-8", newline="") as file:
            passwords = {row["username"]: row["password"] for row in csv.DictReader(file)}
        body = {"username": username, "password": passwords[username]}
        self.token = (await self.post("/api/portal/v1/tokens", body))["access_token"]

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """Raises httpx.HTTPStatusError."""
        headers = {"Idempotency-Key": str(uuid.uuid4()), **self._signed}
        answer = await self.client.post(self.url + path, json=body, headers=headers)
        return answer.raise_for_status().json()

    async def shows(self, petition: str) -> bool:
        """Whether analytics of this node knows the petition. Raises httpx.HTTPStatusError."""
        path = f"/api/analytics/v1/petitions/{petition}/events"
        answer = await self.client.get(self.url + path, headers=self._signed)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return False
        return bool(answer.raise_for_status().json())


@dataclass
class Watch:
    """Registers at one desk and looks from another. delays: milliseconds from the 201 to the petition's showing."""

    writer: Desk
    reader: Desk
    rate: int
    delays: list[float] = field(default_factory=list)

    async def register(self, number: int, *, watched: bool) -> None:
        body = {"channel": "letter", "kind": "appeal", "title": f"测量用第{number}件", "content": "测量用。"}
        receipt = await self.writer.post("/api/intake/v1/petitions", body)
        committed = time.perf_counter()
        while watched and not await self.reader.shows(receipt["id"]):
            if time.perf_counter() - committed > PATIENCE:
                raise TimeoutError(f"a petition did not show within {PATIENCE:g} s")
            await asyncio.sleep(POLL)
        if watched:
            self.delays.append((time.perf_counter() - committed) * 1000)

    async def run(self, seconds: float) -> None:
        """Every registration must be answered, every watched one must show."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with asyncio.TaskGroup() as group:
            for number in range(round(self.rate * seconds)):
                await asyncio.sleep(started + number / self.rate - loop.time())
                group.create_task(self.register(number, watched=number % (self.rate // WATCHED) == 0))


async def _measured(cluster: Cluster, way: Way, seconds: float) -> list[float]:
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(timeout=30, limits=limits, trust_env=False) as client:
        watch = Watch(Desk(client, cluster[way.writer].url), Desk(client, cluster[way.reader].url), way.rate)
        await watch.writer.sign_in(f"{way.writer}.clerk")
        await watch.reader.sign_in(f"{way.reader}.supervisor")
        await watch.run(1)  # connections, caches
        watch.delays.clear()
        await watch.run(seconds)
    return watch.delays


def _figure(cluster: Cluster, way: Way, seconds: float) -> Figure:
    delays = asyncio.run(_measured(cluster, way, seconds))
    p95 = quantiles(delays, n=20)[-1]
    note = f"{way.rate}/s at the {way.writer} for {seconds:g} s, {len(delays)} watched"
    if way.below is None:
        return Figure(way.key, way.name, "ms", "none set", p95, None, delays, note=note)
    return limit(way.key, way.name, unit="ms", below=way.below, value=p95, ours=delays, note=note)


def measure(cluster: Cluster | None, *, seconds: float) -> list[Figure]:
    """One figure for the same node, two for the province."""
    if cluster is None:
        why = "the four nodes do not run: make up"
        return [
            unmeasured(way.key, way.name, target=f"< {way.below} ms" if way.below else "none set", why=why)
            for way in WAYS
        ]
    return [_figure(cluster, way, seconds) for way in WAYS]
