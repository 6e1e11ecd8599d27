"""Registers the sample petitions, each at its node, through the same `xinqiao import` that offices use."""

import json
import subprocess
from pathlib import Path

from rich.console import Console

from xinqiao_local.application import command
from xinqiao_local.cluster import Cluster
from xinqiao_local.local_node import LocalNode
from xinqiao_local.process import NotReady


def load_samples(cluster: Cluster, file: Path, console: Console) -> None:
    """Once per node: a node that has them is passed over. Raises NotReady when the import fails."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    for slug, node in cluster.nodes.items():
        own = [row for row in rows if row["node"] == slug]
        done = node.directory / "samples-loaded"
        if own and not done.exists():
            _import(node, own)
            done.touch()
            console.print(f"{slug}: {len(own)} sample petitions registered 已登记示例信访件")


def _import(node: LocalNode, rows: list[dict[str, object]]) -> None:
    file = node.directory / "samples.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    words: list[str | Path] = [command(), "import", file, "--node-config", node.application.config]
    done = subprocess.run(words, cwd=node.directory, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise NotReady(f"import of the samples at {node.spec.slug} failed\n{done.stdout}{done.stderr}")
