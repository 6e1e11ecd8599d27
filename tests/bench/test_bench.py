"""The benchmark runs and tells of every target. No time is asserted: figures come from `make bench` alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from deploy.bench.figures import Figure, ratio, unmeasured
from deploy.bench.plans import check

ROOT = Path(__file__).parents[2]
OF_DOCUMENTS = {
    "upload", "download", "uploads", "downloads", "memory-of-one", "memory-of-many", "sealing", "dossier",
    "papers-page", "files-page",
}  # fmt: skip
OF_NODES = {"visible-here", "visible-above", "four-nodes", "memory", "idle"}
TARGETS = {"registration", "relay", "consumer", "deadlines", *OF_NODES}


@pytest.mark.bench
def test_a_quick_run_writes_a_row_for_every_target(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    words = [sys.executable, "-m", "deploy.bench", "--quick", "--out", str(file)]
    # an empty directory of nodes: nothing that runs on this machine is measured or disturbed
    environment = {**os.environ, "XQ_RUN_DIR": str(tmp_path)}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = {row["key"]: row for row in json.loads(file.read_text())["figures"]}
    assert rows.keys() == TARGETS
    assert all(rows[key]["value"] for key in TARGETS - OF_NODES)
    assert all("make up" in rows[key]["note"] for key in OF_NODES)


@pytest.mark.bench
@pytest.mark.timeout(420)
def test_a_quick_run_of_documents_writes_a_row_for_every_target(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    words = [sys.executable, "-m", "deploy.bench", "--documents", "--quick", "--sizes", "200", "--out", str(file)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    rows = {row["key"]: row for row in json.loads(file.read_text())["figures"]}
    assert rows.keys() == OF_DOCUMENTS
    assert all(row["value"] is not None for row in rows.values())
    assert "uq_papers_petition_id_version" in "".join(rows["papers-page"]["more"]["plans"])


def of(ours: list[float], floor: list[float]) -> Figure:
    return ratio("x", "x", unit="1/s", at_least=0.6, ours=ours, floor=floor)


def test_a_ratio_is_the_median_of_pairs_that_were_measured_side_by_side() -> None:
    # a machine that was slow in the third pair was slow for both
    assert of([600, 700, 65], [1000, 1000, 100]).value == 0.65


def test_a_plan_that_sorts_or_reads_a_table_whole_ends_the_run() -> None:
    assert check("a page", "Index Scan using pk_papers on papers")
    for plan in ("Limit\n  ->  Sort", "Seq Scan on papers"):
        with pytest.raises(RuntimeError, match="reads more than its lines"):
            check("a page", plan)


def test_a_figure_below_its_target_is_not_called_met() -> None:
    assert of([500], [1000]).met is False
    assert of([600], [1000]).met is True
    assert unmeasured("x", "x", target="< 1", why="away").met is None
