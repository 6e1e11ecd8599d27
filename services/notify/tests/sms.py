"""Gateways that tests play: real ones of our side of the interface, whose behaviour a test decides; and drafts."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from tests.support.running import Running

from kit.clock import ManualClock
from notify import phones, resources
from notify.gateways.interface import Gateway, Has, Health, Part, Receipt, Taking
from notify.outbound import outgoing
from notify.outbound.fates import look_after
from notify.outbound.outgoing import Draft, Lane
from notify.outbound.sending import send_due, send_mass

TEXT = "【某县信访局】您反映的事项(编号XF3302252026)已受理"
LONG = TEXT + "。查询进展请访问本局网站,或者凭编号和查询码到窗口办理。" * 4
Behaviour = Callable[[Part], object]  # what it does with a part: an exception to raise, or None: it takes it


@dataclass
class Peer:
    """A gateway with a log of its own. answers: asked for each part; holds: what it says of a message after a crash."""

    name: str = "peer"
    whole: bool = False
    answers: Behaviour = lambda _: None
    holds: Has = None
    fates: dict[str, Receipt] = field(default_factory=dict)  # told when it is asked
    taken: list[Part] = field(default_factory=list)
    up: bool = True
    gate: asyncio.Event | None = None  # answers wait for it
    seconds: float = 0  # until each answer
    most: int = 0  # that were under way at a time

    def __post_init__(self) -> None:
        self._ids = itertools.count(1)
        self._under_way = 0

    @property
    def health(self) -> Health:
        return Health(self.up, datetime.now(UTC), None if self.up else "lost")

    async def submit(self, part: Part) -> str:
        self._under_way += 1
        self.most = max(self.most, self._under_way)
        try:
            await (self.gate.wait() if self.gate else asyncio.sleep(self.seconds))
            answer = self.answers(part)
            if isinstance(answer, Exception):
                raise answer
            self.taken.append(part)
            return f"{self.name}-{next(self._ids)}" if answer is None else str(answer)
        finally:
            self._under_way -= 1

    async def ask(self, gateway_id: str) -> Receipt | None:
        return self.fates.get(gateway_id)

    async def has(self, message_id: UUID) -> Has:  # noqa: ARG002 - the same of all
        return self.holds

    async def run(self, taking: Taking) -> None:  # noqa: ARG002 - nothing comes by itself
        await asyncio.Event().wait()


def use(notify: Running, *gateways: Gateway) -> None:
    """Instead of the console."""
    resources.of(notify.runtime).gateways = {each.name: each for each in gateways}


async def queue(notify: Running, *numbers: str, lane: Lane = Lane.NOTICE, text: str = TEXT, **more: Any) -> list[UUID]:
    """A message to each of these."""
    ids = [uuid4() for _ in numbers]
    runtime = notify.runtime
    async with runtime.database.transaction() as session:
        keys = await phones.keep(session, runtime.keyring, numbers)
        drafts = [
            Draft(
                id=each, phone_key=keys[number], template="accepted", version=1, language="zh", text=text,
                traceparent="", lane=lane, **more,
            )
            for each, number in zip(ids, numbers, strict=True)
        ]  # fmt: skip
        await outgoing.add(session, runtime.keyring, drafts, runtime.clock.now())
    return ids


def numbers(count: int) -> list[str]:
    return [f"138{place:08d}" for place in range(count)]


async def send_all(notify: Running) -> None:
    """Until nothing is due, and all answers are written down."""
    while await send_due(notify.runtime) or await send_mass(notify.runtime):
        pass


async def look(notify: Running, clock: ManualClock | None = None, later: timedelta = timedelta(0)) -> None:
    if clock is not None:
        clock.advance(later)
    while await look_after(notify.runtime):
        pass


async def states(notify: Running, ids: Sequence[UUID] | None = None) -> list[str]:
    rows = await notify.rows("SELECT id, state FROM messages ORDER BY id")
    found = {row["id"]: row["state"] for row in rows}
    return [found[each] for each in ids] if ids is not None else sorted(found.values())


def receipt(gateway_id: str, state: str = "delivered", phone: str | None = None) -> Receipt:
    return Receipt(gateway_id, state, datetime.now(UTC), phone=phone)  # type: ignore[arg-type]  # a test says which
