"""`xinqiao simulate`: months of petitions through all procedures within minutes, and what came of it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.locating import NodeConfig, NodeName, load_settings, local_nodes

if TYPE_CHECKING:
    from kit.settings import NodeSettings
    from node.simulating.running import Plan, Simulation


FIRST_DAY = date(2026, 1, 5)


def _day(text: str | date) -> date:
    """Raises ValueError: years for which nothing is known of holidays, before and long after, are a slip of the pen."""
    day = date.fromisoformat(str(text))
    if not 2004 <= day.year <= 2100:
        raise ValueError("a year from 2004 to 2100")
    return day


def simulate(
    days: Annotated[int, typer.Option(min=1, max=3650, help="how many days pass")] = 120,
    petitions: Annotated[int, typer.Option(min=0, max=1_000_000, help="how many come in, spread over the days")] = 2000,
    seed: Annotated[int, typer.Option(help="the same seed gives the same figures")] = 1,
    start: Annotated[date, typer.Option(parser=_day, metavar="YYYY-MM-DD", help="the first day")] = FIRST_DAY,
    json: Annotated[Path | None, typer.Option(dir_okay=False, help="write the figures here too")] = None,
    server: Annotated[
        str | None,
        typer.Option(envvar="XQ_SIMULATION_SERVER", help="PostgreSQL, as a role that may create databases; a DSN"),
    ] = None,
    node_config: NodeConfig = None,
    node: NodeName = None,
) -> None:
    """Let petitions go through all shipped procedures in simulated time 模拟办理.

    Routing runs as at a node, on a database that is made for it and dropped at the end: beside those of a local node
    (any of `make up`, if none is named) or on --server. The databases of the node are not touched.

    What must always hold is checked after every step; exit code 1 if it did not.
    """
    import time

    from node.showing import console
    from node.simulating.figures import figures
    from node.simulating.running import Plan
    from node.simulating.showing import show

    begun = time.perf_counter()
    simulation = _run(Plan(days, petitions, seed, start), server or _server(node_config, node))
    found = figures(simulation)
    show(console, found, days_per_second=days / (time.perf_counter() - begun))
    if json is not None:
        _write(json, found)
    if found["breaches"]:
        raise typer.Exit(1)


def _server(config: NodeConfig, name: NodeName) -> str:
    """The superuser's DSN of a local node's PostgreSQL."""
    chosen = [load_settings(config, name)] if config or name else [load_settings(each, None) for each in local_nodes()]
    found = next((dsn for dsn in map(_superuser, chosen) if dsn), None)
    if found is None:
        raise typer.BadParameter("say on which PostgreSQL: --server postgresql://…, or --node for a local node")
    return found


def _superuser(settings: "NodeSettings") -> str | None:
    from json import loads

    file = settings.home / "postgres" / "passwords.json"
    if not file.is_file():
        return None
    address = settings.database.dsn("postgres").rpartition("@")[2]
    return f"postgresql://postgres:{loads(file.read_text())['postgres']}@{address}"


def _run(plan: "Plan", server: str) -> "Simulation":
    import asyncpg
    import structlog
    import uvloop
    from rich.progress import Progress

    from node.showing import console

    logging = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))  # what is refused is in the figures
    try:
        with Progress(console=console, transient=True) as progress:
            passed = progress.add_task("days 天", total=plan.days)
            return uvloop.run(_simulated(plan, server, lambda: progress.advance(passed)))
    except (OSError, asyncpg.PostgresError) as error:
        typer.echo(f"the database does not answer 数据库无应答: {type(error).__name__}: {error}", err=True)
        raise typer.Exit(2) from None
    finally:
        structlog.configure(**logging)


async def _simulated(plan: "Plan", server: str, each_day: Callable[[], None]) -> "Simulation":
    from node.simulating.engine import engine, throwaway
    from node.simulating.running import Simulation
    from node.simulating.world import world

    async with throwaway(server) as dsn:
        routing = engine(dsn, world(), plan.begin)
        try:
            simulation = Simulation(plan, world(), routing)
            await simulation.run(simulation.end, each_day)
        finally:
            await routing.close()
    simulation.check_warnings()
    return simulation


def _write(file: Path, found: object) -> None:
    from json import dumps

    try:
        file.write_text(dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        typer.echo(f"{file} cannot be written 无法写入: {error}", err=True)
        raise typer.Exit(2) from None
