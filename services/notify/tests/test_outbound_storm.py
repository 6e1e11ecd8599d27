"""Whatever gateways do and wherever we crash: nothing goes out twice, nothing is lost, all is told as it was."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any, Literal
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.notify.tests.sms import LONG, TEXT, Peer, look, numbers, queue, receipt, send_all, use
from tests.support.running import Running

from kit.clock import ManualClock
from notify import resources
from notify.gateways.interface import InDoubt, NotSent, Part, Rejected, Throttled
from notify.main import service
from notify.outbound import receipts
from notify.outbound.outgoing import Lane
from notify.outbound.sender import Sender

Answer = Literal["take", "lose-answer", "lose", "not-sent", "throttle", "reject"]
ANSWERS: tuple[Answer, ...] = ("take", "lose-answer", "lose", "not-sent", "throttle", "reject")
LEASE = timedelta(seconds=181)


@dataclass
class Storm:
    """Two gateways, each part by chance; when calm, they take everything."""

    notify: Running
    clock: ManualClock
    chance: Random
    weights: tuple[int, ...]
    calm: bool = False
    log: list[tuple[str, str, UUID, int]] = field(default_factory=list)  # gateway, its id, message, part
    phones: dict[UUID, str] = field(default_factory=dict)
    rejected: set[UUID] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.peers = [Peer(name, answers=self._answers(name)) for name in ("one", "two")]
        use(self.notify, *self.peers)
        self.restart()

    def restart(self) -> None:
        """Another process, with nothing but the database."""
        held = resources.of(self.notify.runtime)
        held.sender, held.mass_sender = Sender((Lane.ANSWER, Lane.NOTICE), held), Sender((Lane.MASS,), held)

    def _answers(self, name: str) -> Any:
        def answer(part: Part) -> object:
            said: Answer = "take" if self.calm else self.chance.choices(ANSWERS, self.weights)[0]
            match said:
                case "not-sent":
                    return NotSent("away")
                case "throttle":
                    return Throttled(timedelta(seconds=0.001))
                case "reject":
                    self.rejected.add(part.message_id)
                    return Rejected("no such number")
                case "lose":
                    return InDoubt("no answer")
            gateway_id = f"{name}-{len(self.log)}"
            self.log.append((name, gateway_id, part.message_id, part.number))
            self.phones[part.message_id] = part.phone
            return InDoubt("no answer") if said == "lose-answer" else gateway_id

        return answer

    async def run(self) -> None:
        """Some steps, each of which may be the last of this process."""
        for _ in range(self.chance.randint(1, 6)):
            match self.chance.choice(["send", "crash", "later", "tell", "look"]):
                case "send":
                    await send_all(self.notify)
                case "crash":
                    await self._crash()
                case "later":
                    self.clock.advance(timedelta(seconds=self.chance.choice([1, 30, 700])))
                case "tell":
                    await self._tell(self.chance.sample(self.log, len(self.log) // 2))
                case "look":
                    await look(self.notify)

    async def _crash(self) -> None:
        sender = resources.of(self.notify.runtime).sender
        step = asyncio.create_task(sender.step(self.notify.runtime))
        await asyncio.wait([step], timeout=self.chance.choice([0.001, 0.005, 0.02, 0.05]))
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)
        await sender.close()
        self.restart()

    def fate(self, message_id: UUID) -> str:
        """The same for all parts of a message."""
        return "failed" if message_id.int % 5 == 0 else "delivered"

    async def _tell(self, entries: Any) -> None:
        told = [
            (name, receipt(gateway_id, self.fate(message_id), self.phones[message_id]))
            for name, gateway_id, message_id, _ in entries
        ]
        if told:
            await receipts.take(self.notify.runtime, told)
            self.told |= {each.gateway_id for _, each in told}

    async def settle(self) -> None:
        """Calm weather, every receipt at least once, and time enough for what nobody tells of."""
        self.calm = True
        for _ in range(3):
            self.clock.advance(LEASE)
            await look(self.notify)
            self.clock.advance(timedelta(seconds=700))
            await send_all(self.notify)
        await self._tell(self.log)
        await look(self.notify, self.clock, LEASE)
        for _ in range(3):
            await look(self.notify, self.clock, timedelta(hours=80))


async def begun(start: Any) -> tuple[Running, ManualClock]:
    """One service for all examples."""
    found: tuple[Running, ManualClock] | None = getattr(start, "begun", None)
    if found is None:
        clock = ManualClock()
        found = start.begun = (await start(service, clock=clock), clock)
    await found[0].rows("WITH a AS (DELETE FROM parts), b AS (DELETE FROM early_receipts) DELETE FROM messages")
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),  # a source of its own: in which order parts ask it is not repeatable
    weights=st.tuples(*(st.integers(0, 4) for _ in ANSWERS)).filter(any),
    short=st.integers(1, 6),
    long=st.integers(0, 3),
)
async def test_nothing_goes_out_twice_nothing_is_lost_and_all_is_told_as_it_was(
    start: Any, seed: int, weights: tuple[int, ...], short: int, long: int
) -> None:
    notify, clock = await begun(start)
    storm = Storm(notify, clock, Random(seed), weights)
    phones = numbers(short + long)
    ids = await queue(notify, *phones[:short], text=TEXT)
    longs = await queue(notify, *phones[short:], text=LONG)
    await storm.run()
    await storm.settle()
    times = Counter((message_id, number) for _, _, message_id, number in storm.log)
    assert not [each for each, count in times.items() if count > 1], "sent twice"
    rows = {row["id"]: row for row in await notify.rows("SELECT id, state, reason, parts FROM messages")}
    for message_id in (*ids, *longs):
        row = rows[message_id]
        whole = sum(1 for each in times if each[0] == message_id) == row["parts"]
        if message_id in storm.rejected:
            expected: tuple[str, ...] = ("failed", "expired")  # the answer may be lost in a crash
        elif whole:
            expected = (storm.fate(message_id),)
        else:  # a part of which the gateway never said anything, nor a telephone: it went the way of all doubts
            expected = ("expired", "failed") if storm.fate(message_id) == "failed" else ("expired",)
        assert row["state"] in expected, (row, storm.log)
    named = await notify.rows("SELECT gateway, gateway_id FROM parts WHERE gateway_id IS NOT NULL")
    ours = Counter((row["gateway"], row["gateway_id"]) for row in named)
    assert ours == Counter((name, gateway_id) for name, gateway_id, _, _ in storm.log), "our records and their log"
