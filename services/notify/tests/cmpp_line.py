"""A line to a CMPP gateway of the tests, held as the suite holds it, and what comes in by it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.notify.tests.cmpp_gateway import SECRET, Gateway

from kit.clock import ManualClock
from kit.testing import eventually
from notify.gateways.cmpp.gateway import CmppGateway
from notify.gateways.cmpp.packets import Version
from notify.gateways.interface import (
    Incoming,
    Late,
    Part,
    Receipt,
    Taking,
)
from notify.gateways.pauses import Pauses
from notify.gateways.settings import Cmpp
from notify.outbound.parts import payloads, split

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)  # 09:30 in China
PHONE = "13800000001"
QUICK = {"first": 0.01, "most": 0.05}


def settings(port: int = 1, **changes: Any) -> Cmpp:
    said = {
        "kind": "cmpp", "name": "mobile", "host": "127.0.0.1", "port": port, "account": "900001", "secret_file": "-",
        "sender": "106573001", "service": "XF", "seconds": 5,
    }  # fmt: skip
    return Cmpp.model_validate({**said, **changes})


def parts(text: str, reference: int = 7) -> list[Part]:
    divided = split(text)
    total, alphabet, octets = len(divided), divided.alphabet, payloads(divided, reference)
    return [
        Part(UUID(int=1), number, total, alphabet, timedelta(hours=72), "registered", PHONE, each, octets[number - 1])
        for number, each in enumerate(divided.texts, 1)
    ]


def part(text: str = "XF1") -> Part:
    (only,) = parts(text)
    return only


@dataclass
class Kept:
    """What came in; `full`: nothing can be kept."""

    incoming: list[Incoming] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    late: list[Late] = field(default_factory=list)
    full: bool = False

    async def text(self, name: str, came: Incoming) -> None:
        if self.full:
            raise OSError("no room")
        assert name == "mobile"
        self.incoming.append(came)

    async def receipt(self, name: str, receipt: Receipt) -> None:
        assert name == "mobile"
        self.receipts.append(receipt)

    async def answer(self, name: str, late: Late) -> None:
        assert name == "mobile"
        self.late.append(late)


async def is_up(line: CmppGateway) -> bool:
    return line.health.up


@asynccontextmanager
async def held(peer: Gateway, *, up: bool = True, secret: str = SECRET, **changes: Any) -> AsyncIterator[Any]:
    version = "3.0" if peer.version is Version.V30 else "2.0"
    said = settings(peer.port, version=version, **changes)
    line, kept = CmppGateway(said, secret, ManualClock(NOW), Pauses(**QUICK)), Kept()
    run = asyncio.create_task(line.run(Taking(kept.text, kept.receipt, kept.answer)))
    try:
        if up:
            await eventually(lambda: is_up(line), within=10, every=0.005)
        yield line, kept
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)


async def reason_is(line: CmppGateway, reason: str) -> bool:
    return line.health.reason == reason
