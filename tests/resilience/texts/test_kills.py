"""Bursts in and out while worker, database, broker and line die: the centre's log and our records agree one to one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from kit.testing import eventually
from notify.outbound.outgoing import Lane
from tests.resilience.texts.agreement import Records, agree_but_for_doubts, handed_over, settled_by_receipts
from tests.resilience.texts.burst import Burst
from tests.resilience.texts.stand import LONG, TEXT, Stand

pytestmark = pytest.mark.timeout(600)
DELAY = 60  # ms until an answer of the centre: whatever dies, some are under way


@dataclass
class Outgoing:
    """Messages that are queued while texts come in: with each fault some of all lanes, mass notices first."""

    stand: Stand
    mass: int
    first: dict[Lane, list[UUID]] = field(default_factory=dict)  # of the first fault, which leaves sending alone
    all: list[UUID] = field(default_factory=list)
    under_way: list[int] = field(default_factory=list)  # of the centre's log, when it had taken some

    async def begin(self) -> None:
        """All at one moment for the worker, which is frozen meanwhile; returns when some are taken, and answers to
        others under way.
        """
        taken = (await self.stand.status())["taken"]
        self.stand.worker.pause()
        made = {
            Lane.MASS: await self.stand.queue(self.mass, Lane.MASS),
            Lane.NOTICE: [*await self.stand.queue(20), *await self.stand.queue(5, text=LONG)],
            Lane.ANSWER: await self.stand.queue(40, Lane.ANSWER),
        }
        self.stand.worker.resume()
        self.first = self.first or made
        self.all += [each for ids in made.values() for each in ids]

        async def some() -> bool:
            return (await self.stand.status())["taken"] >= taken + 20

        await eventually(some, within=60)
        self.under_way.append((await self.stand.status())["taken"])

    def answers_went_first(self, found: Records) -> None:
        """Those that left at their first try: what a fault has held up, mass notices have not."""
        phones = {row["id"]: found.phones[row["phone_key"]] for row in found.rows if row["attempts"] == 1}
        places = {to: place for place, (_, _, to) in enumerate(found.in_order())}
        answers = [places[phones[each]] for each in self.first[Lane.ANSWER] if phones.get(each) in places]
        masses = [places[phones[each]] for each in self.first[Lane.MASS] if phones.get(each) in places]
        assert len(answers) > len(self.first[Lane.ANSWER]) // 2
        before = sum(place < max(answers) for place in masses)
        assert before < len(self.first[Lane.MASS]) * 3 // 4, "answers waited for mass notices"


async def through_kills(stand: Stand, burst: Burst, out: Outgoing, *, rounds: int, within: float) -> Sequence[UUID]:
    """Returns what is in doubt at the end, of which the centre knows nothing."""
    await stand.begin()
    before = (await stand.status())["taken"]
    slow = {"receipts": "held", "delay": DELAY}
    stand.one.behave(**slow)

    async def answers_are_lost() -> None:
        stand.one.behave(**slow, lose=2)
        await stand.drop(2)

    async def worker_dies() -> None:
        await stand.broker_back()
        await stand.worker_dies()

    faults = [stand.broker_dies, answers_are_lost, stand.database_dies, worker_dies]
    await burst.run(faults * rounds, per_second=burst.count, along=out.begin)
    await burst.handled(within)
    await burst.struck_in_the_midst()
    acted = await burst.each_is_there_once()
    await burst.each_petition_is_there_once(acted)
    ids = [*out.all, *await burst.each_is_answered_once(acted)]
    await handed_over(stand, ids, within)
    found = await agree_but_for_doubts(stand, ids)
    assert all(taken - before < len(found.taken) for taken in out.under_way)
    assert "unknown" in found.states.values(), "nothing was in doubt: what died was not in use"
    out.answers_went_first(found)
    after = await settled_by_receipts(stand, ids, within)
    return [message_id for message_id, state in after.states.items() if state == "unknown"]


async def test_nothing_is_lost_or_doubled_in_and_out_whatever_dies(texts_stand: Stand) -> None:
    burst, out = Burst(texts_stand, 2000, "PLQUU"), Outgoing(texts_stand, 300)
    await through_kills(texts_stand, burst, out, rounds=1, within=150)
