"""`xinqiao documents …`: is what was kept still there and whole, and moving it under the active key."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from node.locating import NodeConfig, NodeName, load_settings
from node.telling import told

if TYPE_CHECKING:
    from documents.scrubs.usecases import Resealed
    from kit.runtime import Runtime
    from kit.settings import NodeSettings

Answer = TypeVar("Answer")
documents = typer.Typer(no_args_is_help=True, help="What the object store holds: scrub, reseal 材料库:校验、更换密钥")
SHOWN = 100  # faulty objects that are told one by one
Now = Annotated[bool, typer.Option("--now", help="read and verify everything at once 立即全部校验")]
Collect = Annotated[bool, typer.Option("--collect", help="list old objects that no row names 列出未登记的旧对象")]
Remove = Annotated[bool, typer.Option("--remove", help="with --collect: remove them 与 --collect 同用:清理")]


def _run(settings: "NodeSettings", work: "Callable[[Runtime], Awaitable[Answer]]") -> Answer:
    from documents.main import service
    from node.inside import inside

    async def run() -> Answer:
        async with inside(settings, service, name="xinqiao-documents") as runtime:
            return await work(runtime)

    with told("documents", "database or store away 数据库或材料库不可用"):
        return asyncio.run(run())


async def _verified(runtime: "Runtime", *, now: bool) -> int:
    """How many objects are missing or altered, of all that were verified; the first of them are shown."""
    from documents.scrubs import store, usecases
    from node.showing import console

    if now:
        with console.status("verifying 校验中") as status:
            number = 0
            async for _ in usecases.all_now(runtime):
                number += 1
                status.update(f"verified 已校验 {number}")
    at = runtime.clock.now()
    async with runtime.database.transaction() as session:
        found = await store.standing(session, at)
        counts = await store.faults(session)
        faulty = await store.faulty(session, SHOWN)
    oldest = "–" if found.oldest is None else f"{found.oldest:%Y-%m-%d %H:%M} UTC"
    typer.echo(
        f"{runtime.node}: kept 对象 {found.objects}, bytes 字节 {found.bytes}, locked 锁定 {found.locked}, "
        f"due 待校验 {found.due}, none verified before 最早一次校验 {oldest}"
    )
    for row in faulty:
        files = ", ".join(str(each) for each in row.files or ()) or "–"
        typer.echo(f"{row.fault:8} {row.name} since 自 {row.fault_since:%Y-%m-%d %H:%M} files 材料 {files}")
    return sum(counts.values())


@documents.command(epilog="Example: xinqiao documents scrub --now --node township; scrub --collect, then --remove")
def scrub(
    node_config: NodeConfig = None, node: NodeName = None, *, now: Now = False, collect: Collect = False,
    remove: Remove = False,
) -> None:  # fmt: skip
    """How much is kept, when it was last verified, and what is missing or altered; exit code 1 if anything is.

    --collect lists what stands in the store and was never committed, older than collect_after_hours; with --remove it
    goes. What is locked stays, and nothing goes where it is more than failed uploads leave.
    """
    settings = load_settings(node_config, node)
    if remove and not collect:
        raise typer.BadParameter("--remove goes with --collect 须与 --collect 同用")
    if collect:
        _collect(settings, remove=remove)
        return
    wrong = _run(settings, lambda runtime: _verified(runtime, now=now))
    if wrong:
        typer.echo(
            f"missing or altered 缺失或被改动: {wrong}; restore them from a backup, then --now 从备份恢复后重新校验"
        )
        raise typer.Exit(1)


def _collect(settings: "NodeSettings", *, remove: bool) -> None:
    """Everything is listed before anything goes. Exit code 1 where too much would."""

    async def work(runtime: "Runtime") -> tuple[int, int]:
        from documents.scrubs import collecting

        found = [each async for each in collecting.all_uncommitted(runtime)]
        for each in found[:SHOWN]:
            typer.echo(f"{each.name} since 自 {each.since:%Y-%m-%d %H:%M} bytes 字节 {each.bytes}")
        typer.echo(
            f"{settings.node.path}: never committed 未登记 {len(found)}, bytes 字节 {sum(each.bytes for each in found)}"
        )
        if not remove:
            return len(found), 0
        await collecting.check_few(runtime, len(found))
        return len(found), sum([await collecting.remove(runtime, each) for each in found])

    found, gone = _run(settings, work)
    if remove:
        typer.echo(f"removed 已清理 {gone}")
    elif found:
        typer.echo("nothing was removed; --remove does it 未清理,加 --remove 清理")


@documents.command(epilog="Example: xinqiao documents reseal --node township")
def reseal(node_config: NodeConfig = None, node: NodeName = None) -> None:
    """Seal what stands under older keys anew, under the active one. Stopped, it goes on where it was.

    What is locked stays as it is until its lock ends: the older keys stay in the key file.
    """
    settings = load_settings(node_config, node)

    async def work(runtime: "Runtime") -> "Resealed":
        from documents.scrubs import usecases
        from node.showing import console

        done = usecases.Resealed()
        with console.status("sealing anew 更换密钥中") as status:
            async for done in usecases.reseal(runtime):
                status.update(f"sealed anew 已更换 {done.moved}")
        return done

    outcome = _run(settings, work)
    typer.echo(
        f"sealed anew 已更换 {outcome.moved}, locked, left 已锁定未动 {outcome.locked}, "
        f"missing or altered 缺失或被改动 {outcome.faulty}"
    )
    if outcome.faulty:
        raise typer.Exit(1)
