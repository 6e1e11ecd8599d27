"""`xinqiao keys …`: the keys under which personal data stands encrypted, a new one, and moving the data under it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import typer

from node.locating import NodeConfig, NodeName, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

Found = TypeVar("Found")
keys = typer.Typer(no_args_is_help=True, help="Keys of encrypted fields: list, rotate, reencrypt 字段加密密钥")
NEXT = """\
{node}: new values are written under {key} once the processes have started again 新密钥 {key} 在重启后启用
Next 接下来:
  1. back up {file}, apart from the databases: without it nothing can be read 备份密钥文件
  2. restart all processes of the node, one after the other: each reads what the others write 逐个重启各进程
  3. xinqiao keys reencrypt {chosen}
     moves older values under {key}; the older keys stay in the file, files and papers need them 旧密钥保留"""


@contextmanager
def _told() -> "Iterator[None]":
    """What is away is told in a line, with exit code 2."""
    from asyncpg import InterfaceError, PostgresError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (OSError, PostgresError, InterfaceError, SQLAlchemyError) as error:
        detail = f" {error.filename}" if isinstance(error, OSError) and error.filename else ""
        typer.echo(f"keys: {type(error).__name__}{detail}", err=True)
        raise typer.Exit(2) from None


def _run(work: Callable[[], Awaitable[Found]]) -> Found:
    async def run() -> Found:
        return await work()

    with _told():
        return asyncio.run(run())


@keys.command("list", epilog="Example: xinqiao keys list --node township")
def list_(node_config: NodeConfig = None, node: NodeName = None) -> None:
    """The keys by id, which is active, and how many values stand under each. No key is shown."""
    from node import fieldkeys
    from node.services import load_all
    from node.showing import console, table

    settings = load_settings(node_config, node)
    with _told():
        ring = fieldkeys.ring_of(settings)
    found = _run(lambda: fieldkeys.standing(settings, load_all()))
    ids = list(dict.fromkeys([*ring.keys, *(key_id for each in found for key_id in each.values)]))
    names = [_shown(key_id, active=key_id == ring.active, known=key_id in ring.keys) for key_id in ids]
    rows = [
        (each.place, *(each.values.get(key_id, 0) for key_id in ids), "stays 不可变更" if each.immutable else "")
        for each in found
    ]
    console.print(table(f"{settings.node.path}: encrypted values 加密值数量", "table", *names, "", rows=rows))
    typer.echo("files in the object store are not counted; xinqiao documents reseal moves them 对象存储中的文件不计入")


def _shown(key_id: str, *, active: bool, known: bool) -> str:
    return f"{key_id} active 使用中" if active else key_id if known else f"{key_id} missing 缺失"


@keys.command(epilog="Example: xinqiao keys rotate --node township")
def rotate(node_config: NodeConfig = None, node: NodeName = None) -> None:
    """Add a fresh key; processes that start from now on encrypt under it. Older keys go on to decrypt."""
    from kit import keyfile

    settings = load_settings(node_config, node)
    with _told():
        key = keyfile.rotate(settings.keys)
    chosen = f"--node {node}" if node and not node_config else f"--node-config {node_config}"
    typer.echo(NEXT.format(node=settings.node.path, key=key, file=settings.keys / keyfile.FIELDS, chosen=chosen))


@keys.command(epilog="Example: xinqiao keys reencrypt --node township")
def reencrypt(node_config: NodeConfig = None, node: NodeName = None) -> None:
    """Move older values under the active key, while the services run. Stopped, it goes on where it was."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from node import fieldkeys
    from node.services import load_all
    from node.showing import console

    settings = load_settings(node_config, node)
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console) as progress:
        bars = {}

        def tell(place: str, done: int, total: int) -> None:
            if place not in bars:
                bars[place] = progress.add_task(place, total=total)
            progress.update(bars[place], completed=done, total=total)

        outcome = _run(lambda: fieldkeys.reencrypt(settings, load_all(), tell))
    typer.echo(
        f"rows moved 已重新加密 {outcome.moved}, left under older keys 仍用旧密钥 {outcome.left}, "
        f"of these unreadable 其中无法解密 {outcome.unreadable}"
    )
    if outcome.left:
        typer.echo("left: written meanwhile by processes to be restarted, or damaged; run this again 请重启后再次运行")
        raise typer.Exit(1)
