"""`xinqiao documents moving`: files and papers that follow cases from other nodes and are not here yet."""

import asyncio
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from node.locating import NodeConfig, NodeName, load_settings

if TYPE_CHECKING:
    from node.moving import Waiting

EXAMPLE = "Example: xinqiao documents moving --node township --again"
STATES = {
    "new": "told of 已获知",
    "told": "not asked for yet 待请求",
    "asked": "coming 传输中",
    "whole": "being checked 校验中",
    "missing": "nobody can give it 无处可取",
}


def moving(
    node_config: NodeConfig = None,
    node: NodeName = None,
    petition: Annotated[UUID | None, typer.Option(help="only this one 只看该件")] = None,
    again: Annotated[bool, typer.Option("--again", help="ask for it once more 再次请求")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
) -> None:
    """What other nodes have told of and is not here yet; exit code 1 if nobody can give something 尚未传到的材料."""
    from asyncpg import PostgresError

    from node.moving import ask_again, waiting
    from node.showing import console, table

    settings = load_settings(node_config, node)
    try:
        if again:
            typer.echo(f"asked again 已再次请求: {asyncio.run(ask_again(settings, petition))}")
        found = asyncio.run(waiting(settings, petition, limit))
    except (OSError, PostgresError) as error:
        typer.echo(f"documents: {type(error).__name__}: database away 数据库不可用", err=True)
        raise typer.Exit(2) from None
    if not found:
        typer.echo("everything is here 材料均已到齐")
        return
    columns = (
        "petition 信访件",
        "from 来自",
        "state 状态",
        "items 件数",
        "MiB",
        "here 已到",
        "for 已等",
        "failed 失败",
    )
    console.print(table(f"{settings.node.path}: coming 传输中的材料", *columns, rows=[_row(each) for each in found]))
    if any(each.state == "missing" for each in found):
        raise typer.Exit(1)


def _row(each: "Waiting") -> tuple[object, ...]:
    size, here = f"{each.bytes / 2**20:.1f}", f"{100 * each.here // each.bytes} %"
    minutes = f"{each.age / 60:.0f} min"
    return (
        each.petition_id, each.node or "-", STATES.get(each.state, each.state), each.items, size, here, minutes,
        ", ".join(each.failed),
    )  # fmt: skip
