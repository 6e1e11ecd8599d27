"""`xinqiao procedures …`: the procedures that cases follow, and checking one's own before a node reads them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from routing.procedures.domain import Procedure

procedures = typer.Typer(no_args_is_help=True, help="Procedures cases follow: list, check 办理程序")
Files = Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="<name>.v<version>.yaml")]


@procedures.command(epilog="Example: xinqiao procedures check ordinary-petition.v2.yaml")
def check(files: Files) -> None:
    """Say all that is wrong with definitions, as file:line: reason. They are read beside the shipped ones."""
    from routing.procedures.library import check_files

    mistakes = check_files(files)
    for mistake in mistakes:
        typer.echo(str(mistake), err=True)
    if mistakes:
        typer.echo(f"mistakes 错误: {len(mistakes)}", err=True)
        raise typer.Exit(1)
    typer.echo(f"right 无误: {', '.join(file.name for file in files)}")


@procedures.command("list", epilog="Example: xinqiao procedures list")
def list_() -> None:
    """The shipped procedures, and which petitions each is for."""
    from node.showing import console, table
    from routing.procedures.library import Library

    rows = [
        (each.key, f"{each.zh} {each.en}", _for(each), "default 默认" if each.default else "")
        for each in Library.shipped().newest()
    ]
    console.print(table("procedures 办理程序", "procedure", "name 名称", "for 适用", "", rows=rows))


def _for(procedure: "Procedure") -> str:
    routes = ", ".join(str(route) for route in sorted(procedure.routes))
    kinds = ", ".join(sorted(procedure.kinds))
    return f"{kinds}; Art 31 ({routes})" if routes else kinds
