"""`make bench`: measures, prints a table, writes build/bench.json. Two of the measures look at the nodes of `make up`.

`make bench-life`: whole lives of cases on a node of its own. On two cores about a quarter of an hour, most of it to
fill databases with a million cases, and up to 30 GB of disk meanwhile; with --sizes 0,100000 five minutes.

`make bench-texts`: text messages out, in and to many, against a message centre on this machine: ten minutes.

`make bench-documents`: files, papers and dossiers, among up to five million documents: about ten minutes, and up to
10 GB of disk and 6 GB of memory meanwhile.
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
from deploy.bench import (
    consuming,
    deadlines,
    footprint,
    freshness,
    growth,
    lifecycle,
    publishing,
    registration,
)
from deploy.bench.documents import dossier, sealing, transfers
from deploy.bench.documents import lists as document_lists
from deploy.bench.figures import Figure, keep, show
from deploy.bench.ground import ROOT, ground
from deploy.bench.texts import coming, leaving
from deploy.bench.texts import stand as texts
from rich.console import Console

from kit import telemetry
from kit.settings import TelemetrySection
from xinqiao_local.cluster import Cluster


def options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one short round of each: shows that it works, no figures")
    parser.add_argument("--growth", action="store_true", help="also with up to 1 M petitions, cases in the database")
    parser.add_argument("--lifecycle", action="store_true", help="nothing but whole lives of cases, and lists of them")
    parser.add_argument("--documents", action="store_true", help="nothing but files, papers and dossiers")
    parser.add_argument("--texts", action="store_true", help="nothing but text messages")
    parser.add_argument("--sizes", type=_sizes, help="cases, or documents, in the database, e.g. 0,100000,1000000")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench.json")
    return parser.parse_args(words)


def _sizes(text: str) -> list[int]:
    return sorted(int(each) for each in text.split(","))


def running_cluster() -> Cluster | None:
    """The nodes that `make up` started, when all of them run."""
    try:
        cluster = Cluster.load(Path(os.environ.get("XQ_RUN_DIR", ROOT / ".run")))
    except FileNotFoundError:
        return None
    return cluster if all(node.application.alive for node in cluster.nodes.values()) else None


class Steps:
    """Runs one measure after the other, each with the machine for itself, and says how long it took."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.figures: list[Figure] = []

    def run(self, name: str, work: Callable[[], list[Figure]]) -> None:
        started = time.perf_counter()
        with self._console.status(name):
            self.figures += work()
        self._console.print(f"  {name}: {time.perf_counter() - started:.0f} s")

    def say(self, line: str) -> None:
        self._console.print(f"  {line}", highlight=False)


def measure(steps: Steps, console: Console, *, quick: bool, grown: bool) -> None:
    """Everything but documents and whole lives of cases."""
    cluster = running_cluster()
    rounds, messages = (1, 500) if quick else (7, 5000)
    seconds = 1 if quick else 4
    steps.run("a node at rest", lambda: footprint.measure(cluster, seconds=1 if quick else 10))
    steps.run("commit to statistics", lambda: freshness.measure(cluster, seconds=2 if quick else 20))
    with ground() as base:
        steps.run("registration", lambda: [registration.measure(base, rounds=rounds, seconds=seconds)])
        steps.run("relay", lambda: [uvloop.run(publishing.measure(base, rounds=rounds, messages=messages))])
        steps.run("consumer", lambda: [uvloop.run(consuming.measure(base, rounds=rounds, messages=messages))])
        cases = (10_000, 20_000) if quick else deadlines.SIZES
        steps.run("deadlines", lambda: [uvloop.run(deadlines.measure(base, console, sizes=cases))])
        if grown:
            sizes = (1000, 2000) if quick else growth.SIZES
            steps.run("growth", lambda: growth.measure(base, console, sizes=sizes))


def measure_lives(steps: Steps, sizes: Sequence[int], *, quick: bool) -> None:
    """On servers of its own: what the other measures left behind would be in its databases and queues."""
    with ground() as base:
        steps.run("lifecycle", lambda: lifecycle.measure(base, steps.say, sizes=sizes, quick=quick))


def measure_documents(steps: Steps, sizes: Sequence[int], *, quick: bool) -> None:
    """Files, papers, dossiers."""
    plan = transfers.QUICK if quick else transfers.Plan()
    pages, papers, requests = (9, 5, 20) if quick else (dossier.PAGES, 60, document_lists.REQUESTS)
    with ground() as base:
        steps.run("transfers", lambda: transfers.measure(base, plan))
        steps.run("sealing", lambda: uvloop.run(sealing.measure(base, many=papers)))
        steps.run("dossier", lambda: dossier.measure(base, pages=pages))
        steps.run("lists", lambda: document_lists.measure(base, steps.say, sizes=sizes, requests=requests))


def measure_texts(steps: Steps, *, quick: bool) -> None:
    """Out through one bind, in with confirmation, and a mass notice."""
    with ground() as base, texts.stand(base) as opened:
        steps.run(
            "texts in", lambda: [coming.confirmed(opened, per_second=20 if quick else 100, seconds=5 if quick else 30)]
        )
        opened.node.application.stop()
        opened.submits()
        rounds, many = (1, 200) if quick else (3, 20_000)
        steps.run("texts out", lambda: [leaving.through_one_bind(opened, rounds=rounds, many=many)])
        notice, senders = (2000, (2,)) if quick else (100_000, (1, 2, 4))
        steps.run("a mass notice", lambda: [leaving.shared(opened, many=notice, senders=senders)])
        far, spread = (1000, [1, 2]) if quick else (10_000, [1, 2, 4])
        steps.run("a centre far away", lambda: [leaving.spread(opened, many=far, senders=spread)])


def main(words: Sequence[str]) -> int:
    chosen = options(words)
    console = Console(width=max(Console().width, 120))
    logging.getLogger("aiormq").setLevel(logging.ERROR)  # it warns of every queue that a round deletes behind it
    telemetry.configure(TelemetrySection(), None, node="33", process="bench")  # as in a node without an exporter
    steps = Steps(console)
    if chosen.lifecycle:
        measure_lives(steps, chosen.sizes or lifecycle.SIZES, quick=chosen.quick)
    elif chosen.texts:
        measure_texts(steps, quick=chosen.quick)
    elif chosen.documents:
        measure_documents(steps, chosen.sizes or document_lists.SIZES, quick=chosen.quick)
    else:
        measure(steps, console, quick=chosen.quick, grown=chosen.growth)
    show(steps.figures, console)
    keep(
        steps.figures, chosen.out, quick=chosen.quick, at=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}",
        load_after=os.getloadavg(),
    )  # fmt: skip
    console.print(f"written to {chosen.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
