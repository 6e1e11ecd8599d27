"""`make bench`: measures, prints a table, writes build/bench.json.

Two of the measures look at the nodes that `make up` started.
"""

import argparse
import logging
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import uvloop
from deploy.bench import consuming, footprint, freshness, growth, publishing, registration
from deploy.bench.figures import Figure, keep, show
from deploy.bench.ground import ROOT, ground
from rich.console import Console

from kit import telemetry
from kit.settings import TelemetrySection
from xinqiao_local.cluster import Cluster


def options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round of each: shows that it works, no figures")
    parser.add_argument("--growth", action="store_true", help="also with 10 k, 100 k and 1 M petitions in the database")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    return parser.parse_args(words)


def running_cluster() -> Cluster | None:
    """The nodes that `make up` started, when all of them run."""
    try:
        cluster = Cluster.load(Path(os.environ.get("XQ_RUN_DIR", ROOT / ".run")))
    except FileNotFoundError:
        return None
    return cluster if all(node.application.alive for node in cluster.nodes.values()) else None


def measure(console: Console, *, quick: bool, grown: bool) -> list[Figure]:
    """Everything, one after the other: what is measured has the machine for itself."""
    cluster = running_cluster()
    rounds, messages = (1, 500) if quick else (7, 5000)
    sizes = (1000, 2000) if quick else growth.SIZES

    def step(name: str, work: Callable[[], list[Figure]]) -> list[Figure]:
        started = time.perf_counter()
        with console.status(name):
            figures = work()
        console.print(f"  {name}: {time.perf_counter() - started:.0f} s")
        return figures

    figures = step("a node at rest", lambda: footprint.measure(cluster, seconds=1 if quick else 10))
    figures += step("commit to statistics", lambda: freshness.measure(cluster, seconds=2 if quick else 20))
    with ground() as base:
        figures += step("registration", lambda: [registration.measure(base, rounds=rounds, seconds=1 if quick else 4)])
        figures += step("relay", lambda: [uvloop.run(publishing.measure(base, rounds=rounds, messages=messages))])
        figures += step("consumer", lambda: [uvloop.run(consuming.measure(base, rounds=rounds, messages=messages))])
        if grown:
            figures += step("growth", lambda: growth.measure(base, console, sizes=sizes))
    return figures


def main(words: Sequence[str]) -> int:
    chosen = options(words)
    console = Console(width=max(Console().width, 120))
    logging.getLogger("aiormq").setLevel(logging.ERROR)  # it warns of every queue that a round deletes behind it
    telemetry.configure(TelemetrySection(), None, node="33", process="bench")  # as in a node without an exporter
    figures = measure(console, quick=chosen.quick, grown=chosen.growth)
    show(figures, console)
    keep(
        figures, chosen.out, quick=chosen.quick, at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}",
        load_after=os.getloadavg(),
    )  # fmt: skip
    console.print(f"written to {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
