"""`xinqiao clock …`: the time of nodes that demonstrate, shown and moved forward."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from node.locating import NodeConfig, NodeName, load_settings, local_nodes

if TYPE_CHECKING:
    from kit.settings import NodeSettings

clock = typer.Typer(
    no_args_is_help=True, help="Time of demonstration nodes (clock_file in node.toml): show, move forward 模拟时间"
)
All = Annotated[bool, typer.Option("--all", help="every local node, as in .run/nodes 全部本地节点")]
Days = Annotated[int, typer.Option(min=0, max=3650, help="so many days 天")]
Hours = Annotated[int, typer.Option(min=0, max=87_600, help="and so many hours 小时")]


@clock.command(epilog="Example: xinqiao clock show --all")
def show(node_config: NodeConfig = None, node: NodeName = None, *, everywhere: All = False) -> None:
    """What time it is at a node, and how far that is from the time of the world."""
    for settings in _chosen(node_config, node, everywhere=everywhere):
        _say(settings)


@clock.command(epilog="Example: xinqiao clock advance --days 61 --hours 2 --all")
def advance(
    days: Days = 0, hours: Hours = 0, node_config: NodeConfig = None, node: NodeName = None, *, everywhere: All = False
) -> None:
    """Move the time of running nodes forward; what is due by then happens at once. There is no way back.

    All processes of a node are moved at the same moment. Nodes without `clock_file` in node.toml cannot be moved.
    """
    from kit.clock import move

    step = timedelta(days=days, hours=hours)
    chosen = _chosen(node_config, node, everywhere=everywhere)
    fixed = [settings.node.path for settings in chosen if settings.clock_file is None]
    if fixed:
        typer.echo(f"no clock_file in node.toml, not moved 未设 clock_file,不能调时: {', '.join(fixed)}", err=True)
        raise typer.Exit(2)
    for settings in chosen:
        if settings.clock_file is not None:
            try:
                move(settings.clock_file, step)
            except (OSError, ValueError) as error:
                typer.echo(f"{settings.node.path}: not moved 未调: {error}", err=True)
                raise typer.Exit(2) from None
        _say(settings)


def _chosen(config: NodeConfig, name: NodeName, *, everywhere: bool) -> "list[NodeSettings]":
    if not everywhere:
        return [load_settings(config, name)]
    if config or name:
        raise typer.BadParameter("--all is every local node; say it without --node and --node-config")
    return [load_settings(file, None) for file in local_nodes()]


def _say(settings: "NodeSettings") -> None:
    from kit.clock import MovableClock

    said = f"{settings.node.path} {settings.node.name}"
    if settings.clock_file is None:
        typer.echo(f"{said}: the time of the world, cannot be moved 真实时间,不可调")
        return
    try:
        here = MovableClock(settings.clock_file)
        ahead = f"{here.moved.days} d {round(here.moved.seconds / 3600, 1):g} h"
        typer.echo(f"{said}: {here.now():%Y-%m-%d %H:%M:%S} UTC, ahead 快 {ahead}")
    except ValueError as error:
        typer.echo(f"{said}: {error}", err=True)
        raise typer.Exit(2) from None
