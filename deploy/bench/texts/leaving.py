"""Outbound: through one bind against the bare library, and a mass notice shared by several senders."""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from deploy.bench.figures import Figure, at_least, ratio
from deploy.bench.ground import ROOT
from deploy.bench.texts.stand import NARROW, SECRET, TEXT, WINDOW, Stand, rate

from notify.outbound.outgoing import Lane

PATIENCE = 600.0  # seconds
EVEN = 0.6  # the least a sender should do, of an equal share
DELAY = 30  # ms until a centre answers that is somewhere else
LINEAR = 0.85  # the least that each of several senders should do, of what one does alone


def through_one_bind(stand: Stand, *, rounds: int, many: int) -> Figure:
    """One worker of notify, its database and the centre, against the library and the centre; the first round, which
    shows the database how large its tables are, is not counted.
    """
    ours, floor = [], []
    for each in range(rounds + 1):
        said = [str(stand.centre.port), SECRET, str(many), str(WINDOW), TEXT]
        words = [sys.executable, "-m", "deploy.bench.texts.bare", *said]
        subprocess.run(words, cwd=ROOT, check=True, timeout=PATIENCE)
        bare, our = rate(stand.submits()), rate(_sent(stand, 1, many, Lane.NOTICE))
        if each:
            floor.append(bare)
            ours.append(our)
        else:
            asyncio.run(stand.count())
    return ratio(
        "texts-out", "texts out through one SMPP bind", unit="1/s", at_least=0.7, ours=ours, floor=floor,
        note=f"{many:,} texts a round, window {WINDOW}, receipts on; floor: the library alone, the same window",
    )  # fmt: skip


def _sent(stand: Stand, senders: int, many: int, lane: Lane, *, slow: bool = False) -> list[dict[str, int]]:
    """What the centre took, once all senders stood ready. Raises RuntimeError when that is not each text once."""
    target = stand.taken() + many
    with stand.senders(senders, slow=slow):
        _wait(lambda: stand.lines() == senders)
        asyncio.run(stand.queue(many, lane))
        _wait(lambda: stand.taken() >= target and stand.waiting() == 0)
        found = stand.submits()
    if len({entry["to"] for entry in found}) != many or len(found) != many:
        raise RuntimeError(f"{len(found)} submits of {many}")
    return found


def _wait(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError("the centre did not get all")
        time.sleep(0.1)


def spread(stand: Stand, *, many: int, senders: Sequence[int]) -> Figure:
    """The same notice by one, two ... senders where each is bound by its window and the way to the centre: how much of
    what one does alone each of the last run did.
    """
    stand.centre.behave(delay=DELAY)
    rates = {each: rate(_sent(stand, each, many, Lane.MASS, slow=True)) for each in senders}
    stand.centre.behave()
    alone = rates[senders[0]] / senders[0]
    told = ", ".join(f"{each}: {found:,.0f}/s ({found / alone:.1f} x)" for each, found in rates.items())
    return at_least(
        "texts-spread", f"what each of {senders[-1]} senders does, of one alone", unit="x", least=LINEAR,
        value=rates[senders[-1]] / alone / senders[-1], ours=[found / alone / each for each, found in rates.items()],
        note=f"a notice to {many:,}, answers after {DELAY} ms, window {NARROW} each; {told}",
    )  # fmt: skip


def shared(stand: Stand, *, many: int, senders: Sequence[int]) -> Figure:
    """The least share of a notice where answers come at once: its rates are what the processors of this machine do for
    senders, database and centre together, so more senders make it no faster.
    """
    rates, shares = [], []
    for each in senders:
        entries = _sent(stand, each, many, Lane.MASS)
        rates.append(rate(entries))
        by_line = Counter(entry["line"] for entry in entries)
        shares = [count / (many / each) for count in by_line.values()]
    told = ", ".join(f"{each}: {found:,.0f}/s" for each, found in zip(senders, rates, strict=True))
    return at_least(
        "texts-shared", f"least of an equal share, {senders[-1]} senders of a notice to {many:,}", unit="x",
        least=EVEN, value=min(shares) if len(shares) == senders[-1] else 0.0, ours=shares,
        note=f"answers at once: all processors are busy; {told}",
    )  # fmt: skip
