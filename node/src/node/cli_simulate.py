"""`xinqiao simulate`: months of petitions through all procedures within seconds, and what came of it."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from node.simulating.running import Simulation


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
) -> None:
    """Let petitions go through all shipped procedures in simulated time 模拟办理.

    It works in memory on the rules of routing: it needs no node and stores nothing.

    What must always hold is checked after every step; exit code 1 if it did not.
    """
    import time

    from node.showing import console
    from node.simulating.figures import figures
    from node.simulating.showing import show

    begun = time.perf_counter()
    simulation = _run(days, petitions, seed, start)
    found = figures(simulation)
    show(console, found, days_per_second=days / (time.perf_counter() - begun))
    if json is not None:
        _write(json, found)
    if found["breaches"]:
        raise typer.Exit(1)


def _run(days: int, petitions: int, seed: int, start: date) -> "Simulation":
    from rich.progress import Progress

    from node.showing import console
    from node.simulating.running import Plan, Simulation

    with Progress(console=console, transient=True) as progress:
        passed = progress.add_task("days 天", total=days)
        simulation = Simulation(Plan(days, petitions, seed, start))
        simulation.run(simulation.end, lambda: progress.advance(passed))
    simulation.check_warnings()
    return simulation


def _write(file: Path, found: object) -> None:
    from json import dumps

    try:
        file.write_text(dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        typer.echo(f"{file} cannot be written 无法写入: {error}", err=True)
        raise typer.Exit(2) from None
