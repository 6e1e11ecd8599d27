"""`xinqiao audit …`: is the record of who did what whole and unchanged, reading it out, and sealing it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from node.locating import NodeConfig, NodeName, load_settings
from node.telling import told

if TYPE_CHECKING:
    from kit.app import Service
    from kit.chain import Fault, Head
    from kit.settings import NodeSettings
    from node.auditing import Outcome

Answer = TypeVar("Answer")
audit = typer.Typer(no_args_is_help=True, help="The audit chain: verify, export, seal, heads 审计链:校验、导出、封存")
Services = Annotated[
    list[str] | None, typer.Option("--service", help="one service, may be given again; all by default 服务名,可重复")
]
Anchors = Annotated[
    Path | None,
    typer.Option(help="heads kept elsewhere, as `xinqiao audit heads` prints them 他处留存的封存值", dir_okay=False),
]
SHOWN = 100  # faults of one service that are told one by one
KINDS = {
    "altered": "altered 被改动",
    "removed": "removed 被删除",
    "inserted": "inserted, not part of the chain 被插入,不在链中",
    "replaced": "not what was sealed, all up to here is in doubt 与封存值不符,此前内容均存疑",
}


@contextmanager
def _told() -> Iterator[None]:
    """What is away is told in a line, with exit code 2."""
    from node.auditing import Unreadable

    try:
        with told("audit", "database or file away 数据库或文件不可用"):
            yield
    except Unreadable as error:
        typer.echo(f"audit: no head 不是封存值: {error}", err=True)
        raise typer.Exit(2) from None


def _run(work: Callable[[], Awaitable[Answer]]) -> Answer:
    async def run() -> Answer:
        return await work()

    with _told():
        return asyncio.run(run())


def _chosen(names: list[str] | None) -> "list[Service]":
    from node.services import NAMES, load_all

    unknown = [name for name in names or () if name not in NAMES]
    if unknown:
        raise typer.BadParameter(f"no service {', '.join(unknown)}; there are {', '.join(NAMES)}")
    return load_all(names or NAMES)


def _place(fault: "Fault") -> str:
    entry = "" if fault.entry is None else f"entry 条目 {fault.entry}"
    if fault.position is None:
        return entry
    until = "" if fault.until in {None, fault.position} else f"–{fault.until}"
    return f"position 位置 {fault.position}{until}{', ' if entry else ''}{entry}"


async def _sealed(settings: "NodeSettings", services: "list[Service]", anchors: Path | None) -> "dict[str, list[Head]]":
    """Heads to compare with: those in the event log of this node, and those of a file."""
    from asyncpg import InterfaceError, PostgresError

    from node import auditing

    try:
        sealed = await auditing.told_heads(settings, settings.node.path, services)
    except (OSError, PostgresError, InterfaceError) as error:
        typer.echo(f"event log away, its heads are not compared 事件库不可用,未比对: {type(error).__name__}", err=True)
        sealed = {}
    for name, heads in (auditing.heads_in(anchors, settings.node.path) if anchors else {}).items():
        sealed.setdefault(name, []).extend(heads)
    return sealed


@audit.command(epilog="Example: xinqiao audit verify --node county --service routing --anchors heads.jsonl")
def verify(
    node_config: NodeConfig = None, node: NodeName = None, service: Services = None, anchors: Anchors = None
) -> None:
    """Find entries that were altered, removed or inserted, and name them; exit code 1 if there are any 校验审计链."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from node import auditing
    from node.showing import console

    settings, services = load_settings(node_config, node), _chosen(service)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bars = {each.name: progress.add_task(each.name, total=None) for each in services}
        shown = dict.fromkeys(bars, 0)

        def tell(name: str, done: int, total: int) -> None:
            progress.update(bars[name], completed=done, total=total)

        def found(name: str, fault: "Fault") -> None:
            shown[name] += 1
            if shown[name] <= SHOWN:
                line = f"{settings.node.path} {name}: {KINDS[fault.kind]}: {_place(fault)}"
                progress.console.print(line, highlight=False, soft_wrap=True)

        async def work() -> "list[Outcome]":
            sealed = await _sealed(settings, services, anchors)
            return [
                await auditing.verify(settings, each.name, sealed.get(each.name, []), tell, found, each.audited)
                for each in services
            ]

        outcomes = _run(work)
    _report(settings.node.path, outcomes)


def _report(path: str, outcomes: "list[Outcome]") -> None:
    from node.showing import console, table

    rows = [(each.service, each.checked, each.unchained, each.heads, each.faults) for each in outcomes]
    columns = ("service", "chained 已入链", "waiting 待入链", "heads compared 比对封存值", "faults 异常")
    console.print(table(f"{path}: audit 审计链", *columns, rows=rows))
    if any(each.faults for each in outcomes):
        typer.echo("the audit is not what was written 审计记录与原始记录不符", err=True)
        raise typer.Exit(1)
    typer.echo("whole and unchanged 完整,未被改动")


@audit.command(epilog="Example: xinqiao audit export --node county --service routing > routing-audit.jsonl")
def export(node_config: NodeConfig = None, node: NodeName = None, service: Services = None) -> None:
    """Print every entry with its place in the chain, one JSON object a line 导出审计记录."""
    from node import auditing

    settings, services = load_settings(node_config, node), _chosen(service)

    async def work() -> None:
        for each in services:
            async for entry in auditing.export(settings, each.name):
                typer.echo(json.dumps(entry, ensure_ascii=False))

    _run(work)


@audit.command(epilog="Example: xinqiao audit seal --node county")
def seal(node_config: NodeConfig = None, node: NodeName = None, service: Services = None) -> None:
    """Seal now what is sealed every hour: tell all nodes above how far the chains have come 立即封存."""
    from node import auditing

    settings, services = load_settings(node_config, node), auditing.sealing(_chosen(service))
    for each in services:
        head = _run(partial(auditing.seal_now, settings, each))
        typer.echo(
            f"{each.name}: nothing new since the last seal 无新内容"
            if head is None
            else auditing.line_of(settings.node.path, each.name, head)
        )


@audit.command(epilog="Example: xinqiao audit heads --node county --of 33.02.25.100 > heads.jsonl")
def heads(
    node_config: NodeConfig = None,
    node: NodeName = None,
    of: Annotated[str | None, typer.Option(help="path of a node below; by default this one 下级节点")] = None,
) -> None:
    """Print the seals that this node's event log has kept, of itself or of a node below, for `verify --anchors`."""
    from node import auditing

    settings = load_settings(node_config, node)
    path = of or settings.node.path
    kept = _run(lambda: auditing.told_heads(settings, path, _chosen(None)))
    for name, known in kept.items():
        for head in known:
            typer.echo(auditing.line_of(path, name, head))
