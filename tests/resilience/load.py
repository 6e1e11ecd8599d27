"""A load of registrations that behaves as a good client: the same key again until there is an answer."""

import asyncio
import itertools
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from kit.testing import eventually

PETITIONS = "/api/intake/v1/petitions"
TRY_AGAIN = {502, 503, 504}
MEANWHILE = 250


@dataclass
class Load:
    """url, token: where and as whom; total: how many; title: how theirs begin; accepted: id -> number of every 201."""

    url: str
    token: str
    total: int
    title: str
    accepted: dict[str, str] = field(default_factory=dict)
    refused: dict[int, dict[str, Any]] = field(default_factory=dict)
    broken_answers: int = 0
    allowed: int = 0
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.allowed = self.total

    def allow(self, count: int) -> None:
        """Send the first `count` requests and hold the rest back."""
        self.allowed = count
        self._more.set()

    async def run(self, *, lanes: int = 12) -> None:
        """Send everything; returns when each request has its answer."""
        numbers = itertools.count()
        limits = httpx.Limits(max_connections=lanes)
        async with httpx.AsyncClient(base_url=self.url, timeout=20, limits=limits) as client:
            await asyncio.gather(*(self._lane(client, numbers) for _ in range(lanes)))

    async def _lane(self, client: httpx.AsyncClient, numbers: "itertools.count[int]") -> None:
        while (number := next(numbers)) < self.total:
            while number >= self.allowed:
                self._more.clear()
                await self._more.wait()
            await self._register(client, number)

    async def _register(self, client: httpx.AsyncClient, number: int) -> None:
        """Every tenth one is wrong on purpose and must be refused with a reason."""
        body = {
            "channel": "letter", "kind": "appeal", "route": 6, "title": f"{self.title}{number}",
            "content": "反映一件事。",
        }  # fmt: skip
        if number % 10 == 9:
            body["channel"] = "pigeon"
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": str(uuid.uuid4())}
        while True:
            try:
                answer = await client.post(PETITIONS, json=body, headers=headers)
            except httpx.TransportError:
                self.broken_answers += 1
                await asyncio.sleep(0.1)
                continue
            if answer.status_code in TRY_AGAIN:
                self.broken_answers += 1
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == httpx.codes.CREATED:
                self.accepted[answer.json()["id"]] = answer.json()["number"]
            else:
                self.refused[number] = answer.json()
            return

    @property
    def answered(self) -> int:
        return len(self.accepted) + len(self.refused)

    async def reached(self, count: int) -> None:
        """Until so many requests have their answer."""

        async def there() -> bool:
            return self.answered >= count

        await eventually(there, within=300)


async def during(load: Load, faults: list[tuple[int, Callable[[], Awaitable[None]]]]) -> None:
    """Run the load and let each fault happen when so many requests have been answered.

    While a fault lasts up to MEANWHILE requests go on; the rest waits, so that every fault finds a load.
    """

    async def strike() -> None:
        for count, fault in faults:
            load.allow(count + MEANWHILE)
            await load.reached(count)
            await fault()
        load.allow(load.total)

    async with asyncio.TaskGroup() as group:
        group.create_task(strike())
        group.create_task(load.run())
