"""What a person sees when the nodes run: addresses, demo accounts, what to try next."""

import csv
from pathlib import Path

from rich.cells import cell_len, set_cell_size
from rich.console import Console

from xinqiao_local.cluster import SEED, Cluster
from xinqiao_local.process import Daemon

RUN = Path(".run")
COLUMNS = ("username", "password", "name", "roles", "unit")
HEAD = """\

Four tiers run, linked with each other 四级节点已启动并互联. Each has its own address and accounts:
  account 账号, password 密码, name 姓名, role 角色, unit 单位
  clerk 登记 registers, classifies, transfers; handler 承办 accepts, writes opinions, closes; leader 领导
  approves; supervisor 督查 urges and supervises; analyst 统计 reads figures; operator 运维 runs the node"""
NEXT = """\

Next 接下来:
  {demo}
      one petition through four tiers and back 一件信访事项走完四级再返回
  {url}
      in a browser: sign in as township.clerk 在浏览器中以石桥镇窗口人员登录
  {import_}
      register petitions from CSV, XLSX or JSONL 批量登记
  {down}
      stop; data stays in {directory} 停止，数据保留"""


def show(console: Console, cluster: Cluster) -> None:
    """Print addresses, accounts and the next commands; lines are never cut, however narrow the console."""
    accounts = _accounts_by_node()
    lines = [HEAD]
    for slug, node in cluster.nodes.items():
        lines += ["", f"{slug} {node.spec.path} {node.spec.name}  {node.url}", *_lined_up(accounts[node.spec.path])]
    deepest = max(cluster.nodes.values(), key=lambda node: len(node.spec.path))
    lines.append(NEXT.format(url=deepest.url, directory=cluster.directory, **_commands(cluster.directory)))
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _commands(directory: Path) -> dict[str, str]:
    """What to type for the nodes of this directory."""
    importing = ".venv/bin/xinqiao import FILE --node township"
    if directory == RUN.absolute():
        return {"demo": "make demo", "import_": importing, "down": "make down"}
    there = f"XQ_RUN_DIR={directory} "
    down = f".venv/bin/python -m xinqiao_local down --directory {directory}"
    return {"demo": f"{there}make demo", "import_": there + importing, "down": down}


def _lined_up(accounts: list[dict[str, str]]) -> list[str]:
    """A line for each account, in columns; a Chinese character is two wide."""
    widths = {column: max(cell_len(account[column]) for account in accounts) for column in COLUMNS}
    return [
        "  " + "  ".join(set_cell_size(account[column], widths[column]) for column in COLUMNS).rstrip()
        for account in accounts
    ]


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
