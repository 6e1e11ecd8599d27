"""What a person sees when the nodes run: addresses, demo accounts, what to try next."""

import csv
from pathlib import Path

from rich.console import Console
from rich.table import Table

from xinqiao_local.cluster import SEED, Cluster
from xinqiao_local.process import Daemon

NEXT = """\
Next 接下来:
  make demo                                  one petition through four tiers and back 一件信访事项走完四级
  open {url}            sign in as township.clerk 以石桥镇窗口人员登录
  .venv/bin/xinqiao import FILE --node township   register petitions from CSV, XLSX or JSONL 批量登记
  make down                                  stop; data stays in {directory} 停止，数据保留"""


def show(console: Console, cluster: Cluster) -> None:
    """Print addresses, accounts and the next commands."""
    console.print(_addresses(cluster), _accounts(SEED / "accounts.csv", cluster), sep="\n")
    deepest = max(cluster.nodes.values(), key=lambda node: len(node.spec.path))
    console.print(NEXT.format(url=deepest.url, directory=cluster.directory), highlight=False, soft_wrap=True)


def _addresses(cluster: Cluster) -> Table:
    table = Table("node 节点", "region 区划", "name 名称", "portal 门户", title="Addresses 地址", title_justify="left")
    for slug, node in cluster.nodes.items():
        table.add_row(slug, node.spec.path, node.spec.name, node.url)
    return table


def _accounts(file: Path, cluster: Cluster) -> Table:
    columns = ("account 账号", "password 密码", "name 姓名", "unit 单位", "roles 角色", "sign in at 登录")
    table = Table(*columns, title="Demo accounts 演示账号", title_justify="left")
    served = _served_at(SEED / "units.csv")
    urls = {node.spec.path: node.url for node in cluster.nodes.values()}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            url = urls.get(served.get(row["unit"], ""), "-")
            table.add_row(row["username"], row["password"], row["name"], row["unit"], row["roles"], url)
    return table


def _served_at(file: Path) -> dict[str, str]:
    with file.open(encoding="utf-8", newline="") as lines:
        return {row["unit"]: row["node"] for row in csv.DictReader(lines)}


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
