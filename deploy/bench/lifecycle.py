"""Whole lives of cases on one node, with few and with many cases in its databases; and what is left at the largest.

A life is seven calls: register, transfer, receive, accept, submit, approve, close. The opinion that is submitted is
filed before by a call of its own: not one of the seven, so its time is reported apart, but made within the same time,
as are all tries that came before an event had arrived. A round is over when every outbox is empty and every service
knows the end of every case.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import asyncpg
from deploy.bench import bare_cases, growing, lists
from deploy.bench.figures import Figure, at_least, limit, unmeasured
from deploy.bench.ground import Ground
from deploy.bench.growing import Template
from deploy.bench.lifecycle_load import Outcome, Plan, Step, load_from_outside
from deploy.bench.registration import serving
from deploy.bench.settled import Settling
from deploy.bench.steps import of_floor, of_node, up_to
from deploy.bench.whole_node import WholeNode, whole_node

SIZES = (0, 100_000, 1_000_000)
RATE, CALL, KEPT = 60, 150, 0.8
CLIENTS, IN_PROGRESS = 12, 200
CALLS = 7
# of the cases that fill the databases, how many of a hundred stand after so many calls; the rest is closed
STANDING = {1: 4, 2: 4, 3: 4, 4: 6, 5: 4, 6: 4}


@dataclass(frozen=True)
class Span:
    """How long is measured. rounds: at each size; seconds: in which new cases begin, of a round, and of the floor's."""

    rounds: int
    seconds: float
    floor: float

    @classmethod
    def of(cls, *, quick: bool) -> "Span":
        return cls(1, 2, 1) if quick else cls(3, 20, 5)


@dataclass
class Round:
    """rate: lives a second; cpu: processor milliseconds a life, by process."""

    rate: float
    outcome: Outcome
    cpu: dict[str, float]
    wait: float


@dataclass
class Size:
    """What was found with so many cases there."""

    cases: int
    rounds: list[Round] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    def calls(self, name: str | None = None) -> list[float]:
        """Milliseconds of all calls, or of those of one step; the filing of the opinion is none of the seven."""
        return [
            spent
            for each in self.rounds
            for step, times in each.outcome.calls.items()
            for spent in times
            if step == name or (name is None and step != "file-opinion")
        ]

    @property
    def rate(self) -> float:
        return median(each.rate for each in self.rounds)

    def more(self) -> dict[str, Any]:
        steps = self.rounds[0].outcome.calls
        early = {name: sum(each.outcome.early.get(name, 0) for each in self.rounds) for name in steps}
        return {
            "p50_ms": {name: median(self.calls(name)) for name in steps},
            "p95_ms": {name: p95(self.calls(name)) for name in steps},
            "too_early": {name: tries for name, tries in early.items() if tries},
            "cpu_ms_a_life": [each.cpu for each in self.rounds],
            "seconds_until_all_out": [each.wait for each in self.rounds],
        }


def p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


@dataclass
class Bench:
    """A node and the bare endpoint beside it."""

    node: WholeNode
    floor_port: int
    span: Span
    say: Callable[[str], None]

    def steps(self) -> list[Step]:
        return of_node(self.node)

    def run(self, steps: Sequence[Step], seconds: float, *, calls: int = CALLS, cases: int = 1_000_000) -> Round:
        """Until everything is out and known."""
        before = self.node.processor_times()
        plan = Plan(self.node.application.port, up_to(steps, calls), CLIENTS, IN_PROGRESS, seconds, cases)
        try:
            outcome = load_from_outside(plan)
        except subprocess.CalledProcessError as error:
            words = [process.last_words(60) for process in self.node.application.processes.values()]
            raise RuntimeError("\n".join(words)) from error
        ended = asyncio.run(self._settled(outcome, calls))
        done = len(outcome.cases)
        after = self.node.processor_times()
        cpu = {name: (after[name] - spent) / done * 1000 for name, spent in before.items()}
        return Round(done / (ended - outcome.began), outcome, cpu, ended - outcome.ended)

    async def _settled(self, outcome: Outcome, calls: int) -> float:
        async with Settling(self.node) as settling:
            return await settling.wait(outcome.cases, calls)

    def run_floor(self) -> float:
        """Lives a second."""
        plan = Plan(self.floor_port, of_floor(), CLIENTS, IN_PROGRESS, self.span.floor)
        outcome = load_from_outside(plan)
        return len(outcome.cases) / (outcome.ended - outcome.began)

    def measure(self, size: Size) -> None:
        self.run(self.steps(), 2)  # connections, prepared statements, caches
        for number in range(self.span.rounds):
            size.floor.append(self.run_floor())
            size.rounds.append(self.run(self.steps(), self.span.seconds))
            last = size.rounds[-1]
            self.say(
                f"{size.cases:>9,} cases, round {number + 1}: {last.rate:.1f} lives/s (floor {size.floor[-1]:.0f}), "
                f"{len(last.outcome.cases):,} cases, p95 of a call {p95(size.calls()):.0f} ms, "
                f"all out after {last.wait:.1f} s, processor "
                + ", ".join(f"{name} {spent:.1f}" for name, spent in last.cpu.items())
                + " ms a life"
            )

    async def grow(self, first: int, last: int) -> None:
        """Copies number `first` to `last` of cases that are made for it now. The node stands still meanwhile."""
        templates = await self._templates()
        self.node.application.stop()
        await growing.fill_all(self.node.dsns, templates, first, last, self.say)
        connection = await asyncpg.connect(self.node.dsns["analytics"], command_timeout=growing.TIMEOUT)
        try:
            await growing.recount(connection)
        finally:
            await connection.close()
        superuser = await asyncpg.connect(self.node.superuser, command_timeout=growing.TIMEOUT)
        try:
            await superuser.execute("CHECKPOINT")  # not during a round
        finally:
            await superuser.close()

    async def _templates(self) -> list[Template]:
        """A hundred cases, standing where those of a real node would."""
        ids: list[str] = []
        for calls, share in {**STANDING, CALLS: 100 - sum(STANDING.values())}.items():
            made = await asyncio.to_thread(self.run, self.steps(), 60, calls=calls, cases=share)
            ids += made.outcome.cases
        connection = await asyncpg.connect(self.node.dsns["routing"])
        try:
            rows = await connection.fetch("SELECT id, number, version FROM cases WHERE id = ANY($1)", ids)
        finally:
            await connection.close()
        return [Template(*row) for row in rows]


@contextmanager
def bench(ground: Ground, span: Span, say: Callable[[str], None]) -> Iterator[Bench]:
    dsn = asyncio.run(_floor_database(ground))
    words: list[str | Path] = [sys.executable, "-m", "deploy.bench.serving", dsn]
    with serving(ground.directory / "bare-cases", words) as (port, _), whole_node(ground) as node:
        yield Bench(node, port, span, say)


async def _floor_database(ground: Ground) -> str:
    dsn = await ground.database("floor")
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(bare_cases.TABLE)
    finally:
        await connection.close()
    return dsn


def measure(
    ground: Ground, say: Callable[[str], None], *, sizes: Sequence[int] = SIZES, quick: bool = False
) -> list[Figure]:
    """Rows for each size, for what is left at the largest, and for lists there."""
    found: list[Size] = []
    left_out = [cases for cases in sizes if not growing.fits(ground.directory, cases)]
    with bench(ground, Span.of(quick=quick), say) as running:
        there = 0
        for cases in sorted(set(sizes) - set(left_out)):
            if cases > there:
                asyncio.run(running.grow(there + 1, cases))
                running.node.restart()
                there = cases
            found.append(Size(cases))
            running.measure(found[-1])
        read = asyncio.run(lists.measure(running.node, there)) if there else []
    figures = [figure for size in found for figure in _figures(size)]
    return figures + [_without_room(cases) for cases in left_out] + _kept(found) + read


def _without_room(cases: int) -> Figure:
    why = f"takes {cases * growing.BYTES / 1e9:.0f} GB of disk, which are not free"
    return unmeasured(f"lifecycle-{cases}", f"lifecycle at {cases:,} cases", target=f"≥ {RATE} 1/s", why=why)


def _figures(size: Size) -> Iterator[Figure]:
    early = sum(size.more()["too_early"].values())
    filing = p95(size.calls("file-opinion"))
    cases = sum(len(each.outcome.cases) for each in size.rounds)
    yield at_least(
        f"lifecycle-{size.cases}", f"lifecycle at {size.cases:,} cases", unit="1/s", least=RATE, value=size.rate,
        ours=[each.rate for each in size.rounds], more={**size.more(), "floor": size.floor},
        note=f"{cases:,} cases, {CLIENTS} clients; bare calls {median(size.floor):,.0f}/s; {early:,} tries too early",
    )  # fmt: skip
    yield limit(
        f"call-{size.cases}", f"a call at {size.cases:,} cases, p95", unit="ms", below=CALL, value=p95(size.calls()),
        note=f"of the seven; filing the opinion, which is none of them: {filing:.0f} ms",
    )  # fmt: skip


def _kept(found: Sequence[Size]) -> list[Figure]:
    """What is left of the rate at the largest size."""
    if len(found) < 2:
        return []
    first, last = found[0], found[-1]
    return [
        at_least(
            "lifecycle-growth", f"lifecycle at {last.cases:,} cases against {first.cases:,}", unit="x", least=KEPT,
            value=last.rate / first.rate,
        )
    ]  # fmt: skip
