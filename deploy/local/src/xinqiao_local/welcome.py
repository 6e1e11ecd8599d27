"""What a person sees when the nodes run: addresses, demo accounts, what to try next."""

import csv
from pathlib import Path

from rich.console import Console
from rich.table import Table

from xinqiao_local.cluster import SEED, Cluster
from xinqiao_local.process import Daemon

NEXT = """\

Next 接下来:
  make demo
      one petition through four tiers and back 一件信访事项走完四级再返回
  {url}
      in a browser: sign in as township.clerk 在浏览器中以石桥镇窗口人员登录
  .venv/bin/xinqiao import FILE --node township
      register petitions from CSV, XLSX or JSONL 批量登记
  make down
      stop; data stays in {directory} 停止，数据保留"""


def show(console: Console, cluster: Cluster) -> None:
    """Print addresses, accounts and the next commands."""
    accounts = _accounts_by_node()
    console.print("\nAddresses 地址; demo accounts 演示账号: account, password, name, roles, unit", highlight=False)
    for slug, node in cluster.nodes.items():
        console.print(f"\n[bold]{slug}[/bold] {node.spec.path} {node.spec.name}  {node.url}", highlight=False)
        console.print(_table(accounts.get(node.spec.path, [])))
    deepest = max(cluster.nodes.values(), key=lambda node: len(node.spec.path))
    console.print(NEXT.format(url=deepest.url, directory=cluster.directory), highlight=False, soft_wrap=True)


def _table(accounts: list[dict[str, str]]) -> Table:
    """Fits into 80 columns."""
    table = Table.grid(padding=(0, 1))
    for account in accounts:
        table.add_row(" ", *(account[column] for column in ("username", "password", "name", "roles", "unit")))
    return table


def _accounts_by_node() -> dict[str, list[dict[str, str]]]:
    """The sample accounts by path of the node where each signs in: the one that serves its unit."""
    served = {unit["unit"]: unit["node"] for unit in _rows("units.csv")}
    found: dict[str, list[dict[str, str]]] = {}
    for account in _rows("accounts.csv"):
        found.setdefault(served[account["unit"]], []).append(account)
    return found


def _rows(name: str) -> list[dict[str, str]]:
    with (SEED / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def variables(cluster: Cluster) -> dict[str, str]:
    """Environment variables that name what runs; those with DATABASE, BROKER and MANAGEMENT hold passwords."""
    found = {}
    for slug, node in cluster.nodes.items():
        prefix = f"XINQIAO_{slug.upper().replace('-', '_')}"
        found[f"{prefix}_URL"] = node.url
        found[f"{prefix}_CONFIG"] = str(node.application.config)
        found[f"{prefix}_DATABASE"] = node.postgres.url().removesuffix("/postgres")
        found[f"{prefix}_BROKER"] = node.rabbitmq.url()
        found[f"{prefix}_MANAGEMENT"] = node.rabbitmq.management_url
    return found


def megabytes(daemon: Daemon) -> str:
    """Resident memory of a running process."""
    if daemon.pid is None:
        return "-"
    pages = int(Path(f"/proc/{daemon.pid}/statm").read_text().split()[1])
    return str(pages * 4096 // 1_000_000)
