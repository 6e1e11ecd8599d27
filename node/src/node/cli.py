"""The `xinqiao` command. Imports are late, so that `--help` answers at once."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from node.cli_audit import audit
from node.cli_clock import clock
from node.cli_documents import documents
from node.cli_dossier import dossier
from node.cli_keys import keys
from node.cli_moving import EXAMPLE as MOVING_EXAMPLE
from node.cli_moving import moving
from node.cli_parked import outbox, parked
from node.cli_procedures import procedures
from node.cli_seals import seals
from node.cli_simulate import simulate
from node.cli_sms import sms
from node.cli_topology import topology
from node.locating import NodeConfig, NodeName, load_settings

app = typer.Typer(
    name="xinqiao",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Operate a node of Xinqiao 信桥. Example: [bold]xinqiao run all --node-config node.toml[/bold]",
)
app.add_typer(parked, name="parked")
app.add_typer(outbox, name="outbox")
app.add_typer(topology, name="topology")
app.add_typer(keys, name="keys")
app.add_typer(audit, name="audit")
app.add_typer(documents, name="documents")
app.add_typer(dossier, name="dossier")
app.add_typer(procedures, name="procedures")
app.add_typer(seals, name="seals")
app.add_typer(clock, name="clock")
app.add_typer(sms, name="sms")
documents.command(epilog=MOVING_EXAMPLE)(moving)
app.command(epilog="Example: xinqiao simulate --days 120 --petitions 2000 --seed 1")(simulate)


@app.command(epilog="Example: xinqiao setup --node-config node.toml")
def setup(
    node_config: NodeConfig = None,
    node: NodeName = None,
    services: Annotated[str, typer.Option(help="names, separated by commas")] = "",
    draw_seals: Annotated[bool, typer.Option(help="and `seals init`, for a demonstration 并绘制演示印章")] = False,
) -> None:
    """Migrate the databases, declare the broker, load reference data. Safe to run again."""
    from alembic.util import CommandError
    from asyncpg import PostgresError

    from kit.errors import Refused
    from node.management import BrokerRefused
    from node.preparing import prepare
    from node.services import NAMES, load_all

    settings = load_settings(node_config, node)
    try:
        chosen = load_all(services.split(",") if services else NAMES)
        asyncio.run(prepare(settings, chosen, lambda done: typer.echo(f"{settings.node.path}: {done}")))
        if draw_seals:
            from node.sealing import as_documents, init

            asyncio.run(as_documents(settings, init))
    except KeyError as error:
        raise typer.BadParameter(f"no service {error}; there are {', '.join(NAMES)}") from None
    except (OSError, ValueError, PostgresError, CommandError, BrokerRefused, Refused) as error:
        typer.echo(f"setup of {settings.node.path} failed 未完成: {type(error).__name__}: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{settings.node.path}: ready 就绪")


@app.command(epilog="Example: xinqiao run intake --role api --node-config node.toml --listen 127.0.0.1:8081")
def run(
    service: Annotated[str, typer.Argument(help="all, or one service: intake, routing, documents, notify …")],
    role: Annotated[str, typer.Option(help="api, worker or all")] = "all",
    listen: Annotated[str | None, typer.Option(help="host:port; by default the node's own")] = None,
    port: Annotated[int | None, typer.Option(help="port on 127.0.0.1 instead of --listen")] = None,
    node_config: NodeConfig = None,
    node: NodeName = None,
) -> None:
    """Run all services of a node in one process, or one service alone."""
    import uvloop

    from node.compose import ROLES, serve
    from node.services import NAMES, load_all
    from routing.procedures.library import BadDefinition

    if role not in ROLES:
        raise typer.BadParameter(f"role is one of {', '.join(ROLES)}")
    if service not in {"all", *NAMES}:
        raise typer.BadParameter(f"service is all or one of {', '.join(NAMES)}")
    settings = load_settings(node_config, node)
    address = f"127.0.0.1:{port}" if port else listen or settings.node.listen
    try:
        uvloop.run(serve(settings, load_all(NAMES if service == "all" else [service]), role, address))
    except BadDefinition as bad:
        typer.echo(f"the procedures cannot be followed 办理程序有误,服务未启动:\n{bad}", err=True)
        raise typer.Exit(2) from None


@app.command(name="import", epilog="Example: xinqiao import letters.xlsx --node township")
def import_(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".csv, .xlsx, .jsonl or .jsonl.gz")],
    node_config: NodeConfig = None,
    node: NodeName = None,
    username: Annotated[str, typer.Option(envvar="XQ_USERNAME", help="by default a local node's sample clerk")] = "",
    password: Annotated[str, typer.Option(envvar="XQ_PASSWORD", help="its password")] = "",
    source: Annotated[str | None, typer.Option(help="where the rows come from; by default the file's name")] = None,
    report: Annotated[Path | None, typer.Option(help="refused rows go here; refused-<file>.csv by default")] = None,
) -> None:
    """Register petitions from a file. Run again it registers nothing twice; refused rows are listed in a report."""
    from node.calling import Unanswered
    from node.importing import command, reading, sending

    settings = load_settings(node_config, node)
    account = (username, password) if username else command.account_of(settings.home)
    if account is None:
        raise typer.BadParameter("say who imports: --username and --password (XQ_USERNAME, XQ_PASSWORD)")
    refused = report or Path(f"refused-{reading.source_of(file)}.csv")
    try:
        outcome = asyncio.run(
            command.run(settings, file, username=account[0], password=account[1], source=source, report=refused)
        )
    except (reading.Unreadable, sending.GaveUp, Unanswered, OSError) as error:
        typer.echo(f"import: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(
        f"registered 登记 {outcome.registered}, known before 已有 {outcome.known}, refused 拒绝 {outcome.refused_rows}"
    )
    if outcome.refused_rows:
        typer.echo(f"refused rows, with field and reason 未登记的行及原因: {refused}")
        raise typer.Exit(1)


@app.command(epilog="Example: xinqiao status --node county")
def status(node_config: NodeConfig = None, node: NodeName = None) -> None:
    """Health, links, queues, outboxes and what is parked; exit code 1 if something needs a look 运行状况."""
    from node.services import load_all
    from node.showing import print_status
    from node.status import status_of

    settings = load_settings(node_config, node)
    found = asyncio.run(status_of(settings, load_all()))
    print_status(f"{settings.node.path} {settings.node.name}", found)
    if not found.healthy:
        raise typer.Exit(1)


def main() -> None:
    app()
