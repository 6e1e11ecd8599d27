"""The command around the import: sign in, show progress, tell what became of the rows."""

import csv
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kit.settings import NodeSettings
from node.calling import Caller
from node.importing.reading import count, rows_of, source_of
from node.importing.sending import LANES, Outcome, Sender

console = Console(stderr=True)


def account_of(home: Path) -> tuple[str, str] | None:
    """The clerk among the sample accounts beside a local node's file, if there are any."""
    file = home / "accounts.csv"
    if not file.exists():
        return None
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["username"] == f"{home.name}.clerk":
                return row["username"], row["password"]
    return None


async def run(
    settings: NodeSettings, file: Path, *, username: str, password: str, source: str | None, report: Path
) -> Outcome:
    """Import a file. Raises Unreadable, GaveUp, node.calling.Unanswered or OSError."""
    url = settings.node.public_url
    with httpx.Client(timeout=30) as client:
        token = Caller.sign_in(client, url, username, password).token
    total = count(file)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    limits = httpx.Limits(max_connections=LANES)
    headers = {"Authorization": f"Bearer {token}"}
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("登记 registering", total=total)
        async with httpx.AsyncClient(base_url=url, timeout=60, limits=limits, headers=headers) as client:
            sender = Sender(client, settings.node.path, source or source_of(file), lambda: progress.advance(task))
            outcome = await sender.send(rows_of(file))
    if outcome.refused:
        outcome.write_report(report)
    return outcome
