"""How long the scheduler takes to find and tell of what is due, among few and among many open cases."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from statistics import median

import asyncpg
from deploy.bench.figures import Figure, limit
from deploy.bench.ground import Ground
from deploy.bench.growth import IDS
from rich.console import Console

from contracts.units import UnitDirectory
from kit import migrations
from kit.bus import Bus
from kit.clock import ManualClock
from kit.runtime import Runtime
from kit.settings import NodeSettings
from routing.main import service
from routing.timing import deadlines

SIZES = (10_000, 1_000_000)
ROUNDS = 3
DUE = 2_000  # in each round
CASES = f"""
INSERT INTO cases (id, version, number, state, holder_unit, writer, body)
SELECT {IDS}, 7, 'SYN' || n, 'received', '330225100-xf', '33.02.25.100',
  jsonb_build_object('holder_region', '33.02.25.100', 'filling', repeat('x', 1000))
FROM generate_series(1, $1::bigint) AS n
"""  # noqa: S608 - put together from constants
# the first become due, so many an hour; nothing else does while it is measured
CLOCKS = """
INSERT INTO deadlines (case_id, clock, started_at, due_at, yellow_at, armed, level, at, calendar)
SELECT id, 'handling', $1::timestamptz, at + interval '5 days', at, true, 'yellow', at, 'bench' FROM (
  SELECT id, CASE WHEN n < $2::int * $3::int THEN $1::timestamptz + (n / $2::int + 1) * interval '1 hour'
    ELSE $1::timestamptz + interval '30 days' + n * interval '1 second' END AS at
  FROM (SELECT id, row_number() OVER () - 1 AS n FROM cases) AS numbered) AS dated
"""


@dataclass(frozen=True)
class Scan:
    """Seconds until all that is due is told of, by round; and for a look at which nothing is."""

    cases: int
    seconds: Sequence[float]
    idle: float


async def _fill(dsn: str, cases: int, clock: ManualClock) -> None:
    connection = await asyncpg.connect(dsn, command_timeout=1200)
    try:
        await connection.execute(CASES, cases)
        await connection.execute(CLOCKS, clock.now(), DUE, ROUNDS)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _scan(ground: Ground, cases: int) -> Scan:
    clock = ManualClock()
    name = f"deadlines_{cases}"
    ground.postgres.drop_database(name)
    dsn = ground.postgres.create_database(name)
    await migrations.upgrade(dsn, service.migrations, service.metadata)
    await _fill(dsn, cases, clock)
    bus = Bus(ground.broker.url(), name="bench")
    settings = NodeSettings.load(ground.node(dsn))
    units = UnitDirectory.read(settings.resolve(settings.node.units_file))
    runtime = Runtime.build("routing", settings, bus, units.above)
    runtime.clock = clock
    try:
        seconds = [await _round(runtime, clock) for _ in range(ROUNDS)]
        started = time.perf_counter()
        await deadlines.warn(runtime)
        return Scan(cases, seconds, time.perf_counter() - started)
    finally:
        await runtime.database.close()
        ground.postgres.drop_database(name)


async def _round(runtime: Runtime, clock: ManualClock) -> float:
    clock.advance(timedelta(hours=1))
    started, told = time.perf_counter(), 0
    while some := await deadlines.warn(runtime):
        told += some
    spent = time.perf_counter() - started
    if told != DUE:
        raise RuntimeError(f"{DUE} were due but {told} were told of")
    return spent


async def measure(ground: Ground, console: Console, *, sizes: Sequence[int] = SIZES) -> Figure:
    """One figure, for the largest size; what the others took stands in its note."""
    found = [await _scan(ground, size) for size in sizes]
    for each in found:
        console.print(
            f"  {each.cases:>9,} open cases: {median(each.seconds):.2f} s for {DUE:,} due, "
            f"{each.idle * 1000:.1f} ms when nothing is"
        )
    few, many = found[0], found[-1]
    share = median(many.seconds) / median(few.seconds)
    return limit(
        "deadlines", f"deadline scan over {_in_words(many.cases)} open cases", unit="s", below=5,
        value=median(many.seconds), ours=many.seconds,
        note=f"{DUE:,} due; {share:.2f} x the time among {few.cases:,} cases; "
        f"{many.idle * 1000:.1f} ms when nothing is due",
        more={"scans": [asdict(each) for each in found]},
    )  # fmt: skip


def _in_words(cases: int) -> str:
    return "1 million" if cases == 1_000_000 else f"{cases:,}"
