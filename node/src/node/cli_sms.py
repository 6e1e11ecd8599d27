"""`xinqiao sms …`: send a text, follow what comes and goes, show a conversation and what waits, settle doubts."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

from node.cli_words import words
from node.locating import NodeConfig, NodeName, load_settings
from node.telling import told

if TYPE_CHECKING:
    from kit.db import Session
    from kit.runtime import Runtime

Answer = TypeVar("Answer")
sms = typer.Typer(no_args_is_help=True, help="Text messages: send, tail, show, queue, settle, words 短信")
sms.add_typer(words, name="words")
FATES = ("delivered", "failed", "not-sent")
AWAY = "database away 数据库不可用"
PACE = 1.0  # seconds between two looks
To = Annotated[
    str, typer.Option(help="the number; without it, or with -, it is asked for and stays out of the history 号码")
]
Text = Annotated[str, typer.Option(help="what it says; the office's signature is put before it 短信内容")]
Template = Annotated[str, typer.Option(help="instead: words of a mass notice, e.g. office-closed 模板")]
Given = Annotated[list[str] | None, typer.Option("--set", help="a variable of the template, e.g. date=2026-02-01")]
Yes = Annotated[bool, typer.Option("--yes", help="do not ask 不再确认")]
Once = Annotated[bool, typer.Option("--once", help="what was in the last minute, and end 只看一次")]
Reference = Annotated[UUID | None, typer.Argument(help="as `sms tail` names it; without it the number is asked for")]
Last = Annotated[bool, typer.Option("--last", help="of who wrote last 最近来信的会话")]


def _run(
    config: Path | None, name: str | None, work: "Callable[[Runtime, Session], Awaitable[Answer]]"
) -> Answer:  # fmt: skip
    from node.texting import as_notify

    settings = load_settings(config, name)
    with told("sms", AWAY):
        return asyncio.run(as_notify(settings, work))


def _asked_number() -> str:
    """From who is at the terminal, unseen, or from a pipe: what is typed into a command line others can read."""
    if sys.stdin.isatty():
        return str(typer.prompt("number 号码", hide_input=True))
    return sys.stdin.readline().strip()


def _number(given: str) -> str:
    """Raises typer.BadParameter for what is none."""
    from kit.phones import phone_key

    number = given if given and given != "-" else _asked_number()
    if not 5 <= len(phone_key(number)) <= 15:
        raise typer.BadParameter("a number has 5 to 15 digits 号码为 5 至 15 位数字")
    return number


@sms.command(epilog="Example: xinqiao sms send --node township --to 13800001111 --text 系统测试短信 --yes")
def send(
    to: To = "", text: Text = "", template: Template = "", given: Given = None, node_config: NodeConfig = None,
    node: NodeName = None, *, yes: Yes = False,
) -> None:  # fmt: skip
    """Send a text through the node's queue, as its workers send all others. It is recorded who did 发送短信."""
    from kit.personal import mask
    from node import texting
    from notify.outbound.parts import split

    if bool(text) == bool(template):
        raise typer.BadParameter("say what: --text, or --template with --set")
    pairs = dict(each.partition("=")[::2] for each in given or [])
    number = _number(to)

    async def words(runtime: "Runtime", _: "Session") -> tuple[str, str, int]:
        return texting.worded(runtime, text, template, pairs)

    told, name, version = _run(node_config, node, words)
    typer.echo(f"to 发往 {mask(number)}: {told} ({len(split(told))} part(s) 条)")
    if not (yes or typer.confirm("send 发送?")):
        typer.echo("not sent 未发送")
        raise typer.Exit(1)
    message = _run(
        node_config, node, lambda runtime, session: texting.send(runtime, session, number, told, name, version)
    )
    typer.echo(f"queued 已排队: {message}")


@sms.command(epilog="Example: xinqiao sms tail --node township --once")
def tail(node_config: NodeConfig = None, node: NodeName = None, *, once: Once = False) -> None:
    """Follow texts as they come and messages as they change their state, with masked numbers and without what they say
    短信动态.
    """
    settings = load_settings(node_config, node)

    async def follow() -> None:
        from node import texting
        from node.showing import print_text

        seen: set[tuple[UUID, str]] = set()
        async with texting.opened(settings) as runtime:
            while True:
                async with runtime.database.transaction() as session:
                    rows = await texting.look(runtime, session, 500)
                for row in rows:
                    if (row["id"], row["state"]) not in seen:
                        print_text(row)
                seen = {(row["id"], row["state"]) for row in rows}  # what is older is not looked at any more
                if once:
                    return
                await asyncio.sleep(PACE)

    with told("sms", AWAY):
        try:
            asyncio.run(follow())
        except KeyboardInterrupt:
            typer.echo("")


@sms.command(epilog="Example: xinqiao sms show --last --node township")
def show(
    reference: Reference = None, node_config: NodeConfig = None, node: NodeName = None, *, last: Last = False
) -> None:
    """What went to and fro with one telephone, as the node's office may read it. The reading is recorded 查看会话."""
    from node import texting
    from node.showing import print_conversation

    number = "" if last or reference else _number("")
    found = _run(node_config, node, lambda runtime, session: texting.conversation(runtime, session, reference, number))
    if found is None:
        typer.echo("nobody has written yet 尚无来信")
    else:
        print_conversation(found)


@sms.command(epilog="Example: xinqiao sms queue --node township")
def queue(node_config: NodeConfig = None, node: NodeName = None) -> None:
    """What waits to be sent, what waits for its fate, texts that wait for an operator, messages in doubt 队列."""
    from node import texting
    from node.showing import print_text_queues

    print_text_queues(*_run(node_config, node, texting.depths))


@sms.command(epilog="Example: xinqiao sms settle 01a20029-23c6-774e-af0f-be48122f0a88 --as delivered --node township")
def settle(
    message: Annotated[UUID, typer.Argument(help="as `sms queue` names it")],
    fate: Annotated[str, typer.Option("--as", help="delivered, failed, or not-sent: it goes out again")],
    node_config: NodeConfig = None,
    node: NodeName = None,
) -> None:
    """Say what became of a message in doubt, once the carrier's own records have told. It is recorded 人工核定."""
    from node import texting

    match fate:
        case "delivered" | "failed" | "not-sent":
            _run(node_config, node, lambda runtime, session: texting.settle(runtime, session, message, fate))
        case _:
            raise typer.BadParameter(f"--as is one of {', '.join(FATES)}")
    typer.echo(f"settled 已核定: {message} {fate}")
