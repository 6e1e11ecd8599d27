"""Outbound: through one bind against the bare library, and a mass notice shared by several senders."""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from deploy.bench.figures import Figure, at_least, ratio
from deploy.bench.ground import ROOT
from deploy.bench.texts.stand import SECRET, TEXT, WINDOW, Stand, rate

from notify.outbound.outgoing import Lane

PATIENCE = 600.0  # seconds
EVEN = 0.6  # the least a sender should do, of an equal share


def through_one_bind(stand: Stand, *, rounds: int, many: int) -> Figure:
    """One worker of notify, its database and the centre, against the library and the centre."""
    ours, floor = [], []
    for _ in range(rounds):
        said = [str(stand.centre.port), SECRET, str(many), str(WINDOW), TEXT]
        words = [sys.executable, "-m", "deploy.bench.texts.bare", *said]
        subprocess.run(words, cwd=ROOT, check=True, timeout=PATIENCE)
        floor.append(rate(stand.submits()))
        ours.append(rate(_sent(stand, 1, many, Lane.NOTICE)))
    return ratio(
        "texts-out", "texts out through one SMPP bind", unit="1/s", at_least=0.7, ours=ours, floor=floor,
        note=f"{many:,} texts a round, window {WINDOW}, receipts on; floor: the library alone, the same window",
    )  # fmt: skip


def _sent(stand: Stand, senders: int, many: int, lane: Lane) -> list[dict[str, int]]:
    """What the centre took. Raises RuntimeError when that is not each text once."""
    asyncio.run(stand.queue(many, lane))
    target = stand.taken() + many
    with stand.senders(senders):
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


def shared(stand: Stand, *, many: int, senders: Sequence[int]) -> list[Figure]:
    """The rate of one, two ... senders, and the least share of the last run."""
    rates, shares = [], []
    for each in senders:
        entries = _sent(stand, each, many, Lane.MASS)
        rates.append(rate(entries))
        by_line = Counter(entry["line"] for entry in entries)
        shares = [count / (many / each) for count in by_line.values()]
    told = ", ".join(f"{each}: {found:,.0f}/s" for each, found in zip(senders, rates, strict=True))
    return [
        at_least(
            "texts-shared", f"least of an equal share, {senders[-1]} senders of a notice to {many:,}", unit="x",
            least=EVEN, value=min(shares) if len(shares) == senders[-1] else 0.0, ours=shares, note=told,
        ),
    ]  # fmt: skip
