"""`python -m xinqiao_local`: starts and stops the four tiers on this machine without Docker."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from xinqiao_local import welcome
from xinqiao_local.board import Board
from xinqiao_local.cluster import SEED, Cluster
from xinqiao_local.process import NotReady
from xinqiao_local.samples import load_samples
from xinqiao_local.tree import DEMO_SMS, FOUR_TIERS, with_ports, with_sms, with_split

app = typer.Typer(
    help="Four tiers of Xinqiao 信桥 on this machine, as private processes below one directory.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()
Directory = Annotated[Path, typer.Option(help="Everything the nodes own: data, keys, logs. Made when missing.")]


def _known(directory: Path) -> Cluster:
    try:
        return Cluster.load(directory)
    except FileNotFoundError:
        console.print(f"Nothing was started below {directory} yet: run `make up`.")
        raise typer.Exit(1) from None


def s3_from_environment() -> dict[str, Any] | None:
    """The [s3] section that S3_ENDPOINT, S3_ACCESS_KEY and S3_SECRET_KEY name; None without S3_ENDPOINT."""
    endpoint = os.environ.get("S3_ENDPOINT")
    if not endpoint:
        return None
    scheme, _, address = endpoint.rpartition("://")
    return {
        "endpoint": address.rstrip("/"),
        "access_key": os.environ["S3_ACCESS_KEY"],
        "secret_key": os.environ["S3_SECRET_KEY"],
        "secure": scheme == "https",
    }


@app.command()
def up(
    directory: Directory = welcome.RUN,
    split: Annotated[list[str] | None, typer.Option(help="Node whose services run as separate processes.")] = None,
    samples: Annotated[bool, typer.Option(help="Register the sample petitions the first time.")] = True,
) -> None:
    """Start what does not run, wait until all is healthy, print addresses and accounts.

    Example: python -m xinqiao_local up --directory .run --split county
    """
    try:
        specs = with_split(with_sms(with_ports(FOUR_TIERS), DEMO_SMS), split or [])
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--split") from None
    cluster = Cluster(directory, specs, store=s3_from_environment())
    with _told(), Board(console, specs, last="ready") as board:
        cluster.up(board)
    try:
        with _told():
            if samples:
                load_samples(cluster, SEED / "petitions.jsonl", console)
    finally:
        welcome.show(console, cluster)  # the nodes run, whatever became of the samples


@contextmanager
def _told() -> Iterator[None]:
    """What did not get ready is told, without a trail of our own code."""
    try:
        yield
    except (NotReady, FileNotFoundError) as error:
        console.print(f"[red]Failed 失败:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None


@app.command()
def down(directory: Directory = welcome.RUN) -> None:
    """Stop the services, brokers and databases of this directory, and nothing else. Data is kept.

    Example: python -m xinqiao_local down
    """
    cluster = _known(directory)
    with Board(console, cluster.tree.specs, last="stopped") as board:
        cluster.down(board)


@app.command()
def status(directory: Directory = welcome.RUN) -> None:
    """Show every process: running or not, process id, memory. Exit code 1 when one is missing.

    Example: python -m xinqiao_local status
    """
    cluster = _known(directory)
    table = Table("node", "process", "pid", "MB", "state")
    missing = False
    for slug, node in cluster.nodes.items():
        for name, daemon in node.daemons.items():
            if name == "wire" and not daemon.alive:
                continue  # only tests string wires
            missing |= not daemon.alive
            state = "running" if daemon.alive else "[red]stopped[/red]"
            table.add_row(slug, name, str(daemon.pid or "-"), welcome.megabytes(daemon), state)
    console.print(table)
    raise typer.Exit(1 if missing else 0)


@app.command()
def env(directory: Directory = welcome.RUN) -> None:
    """Print addresses, passwords included, as shell assignments.

    Example: eval "$(python -m xinqiao_local env)"; psql "$XINQIAO_TOWNSHIP_DATABASE/intake"
    """
    for name, value in welcome.variables(_known(directory)).items():
        typer.echo(f"export {name}='{value}'")


def main() -> None:
    app()
