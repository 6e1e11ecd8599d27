"""A gateway held on a line to the message centre that the fixtures start, and what came in by it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from kit.clock import SystemClock
from kit.testing import eventually
from notify.gateways.interface import Incoming, Late, Part, Receipt, Taking
from notify.gateways.pauses import Pauses
from notify.gateways.settings import Smpp
from notify.gateways.smpp.gateway import SmppGateway
from notify.outbound.parts import payloads, split
from xinqiao_local.smsc import Smsc

OFFICE = "106573001"
_numbers = count(1)


def telephone() -> str:
    """Of nobody else in this test run: what the centre brings late for another test is not ours."""
    return f"139{next(_numbers):08}"


def parts(text: str, phone: str, reference: int = 7) -> list[Part]:
    """As the engine makes them for gateways that do not divide themselves."""
    divided = split(text)
    message, contents = uuid4(), payloads(divided, reference)
    return [
        Part(message, number, len(divided), divided.alphabet, timedelta(hours=1), "t", phone, said, content)
        for number, (said, content) in enumerate(zip(divided.texts, contents, strict=True), 1)
    ]


def part(text: str, phone: str) -> Part:
    (only,) = parts(text, phone)
    return only


def whole(text: str, phone: str) -> Part:
    return Part(uuid4(), 1, 1, split(text).alphabet, timedelta(hours=1), "t", phone, text)


@dataclass
class Held:
    """refuse: the next so many that are brought cannot be kept."""

    gateway: SmppGateway
    texts: list[Incoming] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    answers: list[Late] = field(default_factory=list)
    refuse: int = 0

    def taking(self) -> Taking:
        return Taking(self._keeper(self.texts), self._keeper(self.receipts), self._keeper(self.answers))

    def _keeper(self, kept: list[Any]) -> Callable[[str, Any], Any]:
        async def keep(gateway: str, what: Any) -> None:
            assert gateway == self.gateway.name
            if self.refuse:
                self.refuse -= 1
                raise OSError("no room")
            kept.append(what)

        return keep

    def said(self, phone: str) -> list[str | None]:
        return [each.text for each in self.texts if each.phone == phone]

    async def until(self, look: Callable[[], Any], within: float = 20) -> Any:
        async def seen() -> Any:
            return look()

        return await eventually(seen, within=within, every=0.01)

    async def receipt(self, gateway_id: str) -> Receipt:
        named: Callable[[], Iterator[Receipt]] = lambda: (r for r in self.receipts if r.gateway_id == gateway_id)  # noqa: E731
        await self.until(lambda: any(named()))
        return next(named())


def settings(port: int, **changes: Any) -> Smpp:
    said: dict[str, Any] = {"host": "127.0.0.1", "port": port, "account": "xinqiao", "secret_file": "secret"}
    return Smpp(**{**said, "kind": "smpp", "name": "centre", "sender": OFFICE, "seconds": 10, **changes})


@asynccontextmanager
async def held(centre: Smsc, *, up: bool = True, **changes: Any) -> AsyncIterator[Held]:
    """The centre is orderly at first. Short pauses: the next line is never far."""
    centre.behave()
    async with holding(
        SmppGateway(settings(centre.port, **changes), "secret", SystemClock(), Pauses(0.02, 0.2))
    ) as line:
        if up:
            await line.until(lambda: line.gateway.health.up)
        yield line


@asynccontextmanager
async def holding(gateway: SmppGateway) -> AsyncIterator[Held]:
    line = Held(gateway)
    run = asyncio.create_task(gateway.run(line.taking()))
    try:
        yield line
        assert not run.done(), "the line is given up"
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


async def of(work: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """The centre is asked from a thread: it may have to wait for us."""
    return await asyncio.to_thread(work, *args, **named)


def submits(centre: Smsc, phone: str) -> list[dict[str, Any]]:
    """What the centre's own log says went to a telephone."""
    return [entry for entry in centre.submits() if entry["to"].endswith(phone)]
