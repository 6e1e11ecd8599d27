"""Files of 100 MB up and down, and twenty files at once, against the same bytes straight through the S3 client."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from deploy.bench.documents.desk import desk
from deploy.bench.documents.sides import MIB, Client, Service, Side, Source
from deploy.bench.figures import Figure, limit, ratio
from deploy.bench.footprint import processor_time, resident
from deploy.bench.ground import Ground

from xinqiao_local.radosgw import RadosGateway

AT_ONCE = 20
WARM = 2  # MiB
ROOM = 12 * 1024**3
AT_LEAST = 0.6
GROWTH = 64  # MB
UP, DOWN, UP_MANY, DOWN_MANY = ways = "upload", "download", "uploads", "downloads"
PEAK = "VmHWM:"


class Taken:
    """One side's rounds by way. rates: MB (10^6 bytes) a second; cpu: seconds of the service, whose process pid is."""

    def __init__(self, side: Side, pid: int | None = None) -> None:
        self.side = side
        self.pid = pid
        self.rates: dict[str, list[float]] = {way: [] for way in ways}
        self.cpu: dict[str, list[float]] = {way: [] for way in ways}

    @contextmanager
    def _timed(self, way: str, size: int) -> Iterator[None]:
        before = 0.0 if self.pid is None else processor_time(self.pid)
        started = perf_counter()
        yield
        self.rates[way].append(size / 1e6 / (perf_counter() - started))
        if self.pid is not None:
            self.cpu[way].append(round(processor_time(self.pid) - before, 2))

    def round(self, sources: Sequence[Source], up: str, down: str) -> None:
        """All at once up, then all at once down."""
        for source in sources:
            source.renew()
        size = sum(source.size for source in sources)
        backs = [source.path.with_suffix(".back") for source in sources]
        with ThreadPoolExecutor(len(sources)) as pool:
            with self._timed(up, size):
                names = list(pool.map(self.side.put, [source.path for source in sources]))
            with self._timed(down, size):
                list(pool.map(self.side.get, names, backs))
        for source, back in zip(sources, backs, strict=True):
            source.check(back)
            back.unlink()


class Peak:
    """How far the resident memory of a process rises above what it was; MB (10^6 bytes)."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before = resident(pid)
        self.growth = 0.0

    def watched(self, work: Callable[[], None]) -> None:
        Path(f"/proc/{self._pid}/clear_refs").write_text("5")  # the kernel forgets the peak so far
        work()
        lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
        kibibytes = next(int(line.split()[1]) for line in lines if line.startswith(PEAK))
        self.growth = max(self.growth, kibibytes * 1024 / 1e6 - self._before)


@dataclass(frozen=True)
class Plan:
    """rounds: pairs of one large file; crowds: pairs of twenty smaller ones at once. Sizes in MiB."""

    rounds: int = 7
    crowds: int = 3
    large: int = 100
    smaller: int = 20


QUICK = Plan(1, 1, 8, 2)


def measure(ground: Ground, plan: Plan) -> list[Figure]:
    gateway = RadosGateway(ground.directory / "radosgw", ROOM)
    gateway.start()
    try:
        s3 = {"access_key": gateway.access_key, "secret_key": gateway.secret_key, "secure": False}
        opened = asyncio.run(desk(ground, s3={**s3, "endpoint": gateway.endpoint, "bucket": "xinqiao"}))
        with opened.serving() as (url, pid):
            floor, ours = Taken(Client(gateway)), Taken(Service(opened, url), pid)
            return _figures(floor, ours, plan, *_peaks(floor, ours, ground.directory, plan))
    finally:
        gateway.stop()


def _peaks(floor: Taken, ours: Taken, directory: Path, plan: Plan) -> tuple[float, float]:
    """Growth of the service's memory with one file at a time, and with twenty."""
    if ours.pid is None:
        raise RuntimeError("not a process")
    warm = [Source(directory / f"warm-{number}", WARM * MIB) for number in range(AT_ONCE)]
    for side in (floor.side, ours.side):
        Taken(side).round(warm, UP, DOWN)  # connections, pools, what is imported late
    peak = Peak(ours.pid)
    large = [Source(directory / "large", plan.large * MIB)]
    _pairs(floor, ours, plan.rounds, lambda side: side.round(large, UP, DOWN), peak)
    alone = peak.growth
    many = [Source(directory / f"many-{number}", plan.smaller * MIB) for number in range(AT_ONCE)]
    _pairs(floor, ours, plan.crowds, lambda side: side.round(many, UP_MANY, DOWN_MANY), peak)
    return alone, peak.growth


def _pairs(floor: Taken, ours: Taken, times: int, work: Callable[[Taken], None], peak: Peak) -> None:
    for _ in range(times):
        work(floor)
        peak.watched(lambda: work(ours))


def _figures(floor: Taken, ours: Taken, plan: Plan, alone: float, crowded: float) -> list[Figure]:
    names = {
        UP: f"upload of {plan.large} MiB (MB/s)", DOWN: f"download of {plan.large} MiB (MB/s)",
        UP_MANY: f"{AT_ONCE} uploads of {plan.smaller} MiB at once (MB/s)",
        DOWN_MANY: f"{AT_ONCE} downloads of {plan.smaller} MiB at once (MB/s)",
    }  # fmt: skip
    found = [
        ratio(
            way, name, unit="MB/s", at_least=AT_LEAST, ours=ours.rates[way], floor=floor.rates[way],
            note="floor: the S3 client", more={"cpu_seconds": ours.cpu[way]},
        )
        for way, name in names.items()
    ]  # fmt: skip
    grown = [
        limit("memory-of-one", "memory growth with one such file at a time", unit="MB", below=GROWTH, value=alone),
        limit("memory-of-many", f"memory growth with {AT_ONCE} at once", unit="MB", below=GROWTH, value=crowded),
    ]
    return found + grown
