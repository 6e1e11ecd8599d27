"""`xinqiao procedures …`: the procedures that cases follow, and checking one's own before a node reads them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.locating import NodeConfig, NodeName, load_settings

if TYPE_CHECKING:
    from kit.settings import NodeSettings
    from routing.procedures.domain import Procedure

procedures = typer.Typer(no_args_is_help=True, help="Procedures cases follow: list, check 办理程序")
Files = Annotated[
    list[Path] | None, typer.Argument(exists=True, dir_okay=False, help="<name>.v<version>.yaml; else the node's own")
]


@procedures.command(epilog="Example: xinqiao procedures check wells-330225.v1.yaml --node county")
def check(files: Files = None, node_config: NodeConfig = None, node: NodeName = None) -> None:
    """Say all that is wrong with definitions, as file:line: reason. They are read beside the shipped ones.

    With a node: as that node would, and without files those of its directory ([services.routing] definitions).
    """
    from routing.procedures.library import check_files

    settings = load_settings(node_config, node) if node_config or node else None
    files = files or (_own(settings) if settings else [])
    if not files:
        raise typer.BadParameter("say which files, or which node: one that has a directory of definitions")
    mistakes = check_files(files, settings.node.path if settings else None)
    for mistake in mistakes:
        typer.echo(str(mistake), err=True)
    if mistakes:
        typer.echo(f"mistakes 错误: {len(mistakes)}", err=True)
        raise typer.Exit(1)
    typer.echo(f"right 无误: {', '.join(file.name for file in files)}")


def _own(settings: "NodeSettings") -> list[Path]:
    from routing.settings import Settings

    directory = Settings.model_validate(settings.services.get("routing", {})).definitions
    return sorted(settings.resolve(directory).glob("*.yaml")) if directory else []


@procedures.command(epilog="Example: xinqiao procedures show ordinary-petition/1 --node county")
def show(
    key: Annotated[str, typer.Argument(help="name/version, as cases name it")],
    node_config: NodeConfig = None,
    node: NodeName = None,
) -> None:
    """Print a definition as cases of a node follow it, whole, with what its template brings."""
    import asyncio

    import asyncpg

    settings = load_settings(node_config, node)
    try:
        text = asyncio.run(_kept(settings.database.dsn("routing"), key))
    except (OSError, asyncpg.PostgresError) as error:
        typer.echo(f"the database of routing does not answer 数据库无应答: {type(error).__name__}", err=True)
        raise typer.Exit(2) from None
    if text is None:
        typer.echo(f"no definition of {key} here 本节点没有此程序的定义", err=True)
        raise typer.Exit(1)
    typer.echo(_as_yaml(text), nl=False)


async def _kept(dsn: str, key: str) -> str | None:
    import asyncpg

    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        found: str | None = await connection.fetchval("SELECT text FROM procedures WHERE key = $1", key)
    finally:
        await connection.close()
    return found


def _as_yaml(text: str) -> str:
    import json

    import yaml

    return str(yaml.safe_dump(json.loads(text), allow_unicode=True, sort_keys=False, width=120))


@procedures.command("list", epilog="Example: xinqiao procedures list")
def list_() -> None:
    """The shipped procedures, and which petitions each is for."""
    from node.showing import console, table
    from routing.procedures.library import Library

    rows = [(each.key, f"{each.zh} {each.en}", _for(each), _default(each)) for each in Library.shipped().newest()]
    console.print(table("procedures 办理程序", "procedure", "name 名称", "for 适用", "", rows=rows))


def _default(procedure: "Procedure") -> str:
    if procedure.channels:
        return f"default 默认 ({', '.join(sorted(procedure.channels))})"
    return "default 默认" if procedure.default else ""


def _for(procedure: "Procedure") -> str:
    routes = ", ".join(str(route) for route in sorted(procedure.routes))
    kinds = ", ".join(sorted(procedure.kinds))
    return f"{kinds}; Art 31 ({routes})" if routes else kinds
