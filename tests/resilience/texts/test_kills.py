"""Bursts in and out while worker, database, broker and line die: the centre's log and our records agree one to one."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from kit.testing import eventually
from notify.outbound.outgoing import Lane
from tests.resilience.texts.agreement import Records, agree_but_for_doubts, handed_over, settled_by_receipts
from tests.resilience.texts.burst import Burst
from tests.resilience.texts.stand import LONG, Stand, stand
from xinqiao_local.secret_files import write_json

pytestmark = pytest.mark.timeout(600)
FIGURES = Path(__file__).parents[3] / "build/soak-texts.json"


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
        assert len(answers) > len(self.first[Lane.ANSWER]) // 4
        before = sum(place < max(answers) for place in masses)
        assert before < len(self.first[Lane.MASS]) * 3 // 4, "answers waited for mass notices"


async def through_kills(
    stand: Stand, burst: Burst, out: Outgoing, *, rounds: int, per_second: int, delay: int, within: float
) -> dict[str, float]:
    """The whole story; returns its figures: counts, and seconds from its beginning.

    delay: ms until an answer of the centre, so that whatever dies, some are under way.
    """
    began = time.monotonic()
    await stand.begin()
    before = (await stand.status())["taken"]
    slow = {"receipts": "held", "delay": delay}
    stand.one.behave(**slow)

    async def answers_are_lost() -> None:
        stand.one.behave(**slow, lose=2)
        await stand.drop(2)

    async def worker_dies() -> None:
        await stand.broker_back()
        await stand.worker_dies()

    faults = [stand.broker_dies, answers_are_lost, stand.database_dies, worker_dies]
    await burst.run(faults * rounds, per_second=per_second, along=out.begin)
    await burst.kept(burst.pdus)
    kept = time.monotonic() - began
    await burst.handled(within)
    handled = time.monotonic() - began
    await burst.struck_in_the_midst()
    acted = await burst.each_is_there_once()
    petitions = await burst.each_petition_is_there_once(acted)
    ids = [*out.all, *await burst.each_is_answered_once(acted)]
    await handed_over(stand, ids, within)
    sent = time.monotonic() - began
    found = await agree_but_for_doubts(stand, ids)
    assert all(taken - before < len(found.taken) for taken in out.under_way)
    assert found.doubted, "nothing was in doubt: what died was not in use"
    out.answers_went_first(found)
    after = await settled_by_receipts(stand, ids, within)
    return {
        "texts": burst.count, "faults": len(burst.struck), "duplicates": await stand.duplicates(),
        "petitions": petitions, "messages": len(found.states), "in_doubt": found.doubted,
        "in_doubt_after_receipts": after.doubted, "kept_s": round(kept, 1), "handled_s": round(handled, 1),
        "sent_s": round(sent, 1),
    }  # fmt: skip


async def test_nothing_is_lost_or_doubled_in_and_out_whatever_dies(texts_stand: Stand) -> None:
    burst, out = Burst(texts_stand, 2000, "PLQUUUU"), Outgoing(texts_stand, 320)
    await through_kills(texts_stand, burst, out, rounds=1, per_second=2000, delay=60, within=150)


@pytest.mark.soak
@pytest.mark.timeout(7200)
async def test_two_hundred_thousand_texts_survive_three_rounds_of_kills() -> None:
    """A fifth of them are petitions, half of these long ones. The figures go to build/soak-texts.json."""
    with stand(rate=100_000) as made:
        burst, out = Burst(made, 200_000, "PLQUUUUUUU"), Outgoing(made, 2500)
        figures = await through_kills(made, burst, out, rounds=3, per_second=4000, delay=20, within=3600)
        FIGURES.parent.mkdir(exist_ok=True)
        write_json(FIGURES, figures)
