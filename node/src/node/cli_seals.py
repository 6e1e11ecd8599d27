"""`xinqiao seals …`: the seals of units, papers that wait for theirs, and whether a sealed PDF is as it was."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

from node.locating import NodeConfig, NodeName, load_settings
from node.telling import told

if TYPE_CHECKING:
    from documents.seals.registering import NewSeal
    from kit.db import Session
    from kit.runtime import Runtime

Answer = TypeVar("Answer")
seals = typer.Typer(
    no_args_is_help=True, help="Seals of units: init, register, renew, retire, list, waiting, verify 印章"
)
Unit = Annotated[str, typer.Option(help="code of the unit 单位代码")]
Word = Annotated[str, typer.Option(help="its numbers begin with this 机关代字, e.g. 丁信")]
P12 = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="PKCS#12 file with key and certificate 含私钥的证书文件"),
]
Passphrase = Annotated[
    str, typer.Option(envvar="XQ_SEAL_PASSPHRASE", help="of the PKCS#12 file; asked for when it is not given")
]
TokenKey = Annotated[str, typer.Option(help="instead: label of the key in the PKCS#11 token 密码设备中的密钥标签")]
Certificate = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="PEM of the token key's certificate, the chain after it"),
]
Image = Annotated[Path, typer.Option(exists=True, dir_okay=False, help="the seal as a square PNG 印模图片")]


def _run(
    config: Path | None, name: str | None, work: "Callable[[Runtime, Session], Awaitable[Answer]]"
) -> Answer:  # fmt: skip
    """Do it in one transaction of documents, with all that documents holds while it runs."""
    from node.sealing import as_documents

    settings = load_settings(config, name)
    with told("seals", "database or file away 数据库或文件不可用"):
        return asyncio.run(as_documents(settings, work))


@seals.command(epilog="Example: xinqiao seals init --node township")
def init(node_config: NodeConfig = None, node: NodeName = None) -> None:
    """Draw a seal for each unit that has none, under a root of the node's own: for demonstrations 演示用印章."""
    from node import sealing

    for row in _run(node_config, node, sealing.init):
        typer.echo(f"{row.unit} {row.name}: {row.word}, until 有效期至 {row.valid_until:%Y-%m-%d}")


@seals.command(
    epilog="Example: xinqiao seals register --node county --unit 330225-xf --word 丙信 --image seal.png --p12 s.p12"
)
def register(
    unit: Unit, word: Word, image: Image, p12: P12 = None, passphrase: Passphrase = "", token_key: TokenKey = "",
    certificate: Certificate = None, node_config: NodeConfig = None, node: NodeName = None,
) -> None:  # fmt: skip
    """Give a unit its seal; one it has is retired. Papers that wait for it are sealed at once 登记印章."""
    from node import sealing

    given = _key(p12, passphrase, token_key, certificate)
    row = _run(
        node_config, node,
        lambda runtime, session: sealing.register(runtime, session, unit, word, image.read_bytes(), given),
    )  # fmt: skip
    typer.echo(
        f"registered 已登记: {row.unit} {row.name}, version 版本 {row.version}, until {row.valid_until:%Y-%m-%d}"
    )


@seals.command(epilog="Example: xinqiao seals renew --node county --unit 330225-xf --p12 new.p12")
def renew(
    unit: Unit, p12: P12 = None, passphrase: Passphrase = "", token_key: TokenKey = "",
    certificate: Certificate = None, node_config: NodeConfig = None, node: NodeName = None,
) -> None:  # fmt: skip
    """A new key and certificate for the same image and word; with none given, by the node's own root 更换证书."""
    from node import sealing

    given = _key(p12, passphrase, token_key, certificate) if p12 or token_key else None
    row = _run(node_config, node, lambda runtime, session: sealing.renew(runtime, session, unit, given))
    typer.echo(f"renewed 已更换: {row.unit} {row.name}, version 版本 {row.version}, until {row.valid_until:%Y-%m-%d}")


def _key(p12: Path | None, passphrase: str, token_key: str, certificate: Path | None) -> "Callable[[NewSeal], NewSeal]":
    """What puts the key into a seal that is to be registered. Raises typer.BadParameter."""
    from dataclasses import replace

    from documents.seals import authority

    if token_key and certificate is not None and p12 is None:
        pem = certificate.read_bytes()
        return lambda new: replace(new, identity=None, token=token_key, certificate=pem)
    if p12 is None or token_key:
        raise typer.BadParameter("say where the key is: --p12 FILE, or --token-key LABEL with --certificate FILE")
    try:
        identity = authority.load(p12.read_bytes(), passphrase or typer.prompt("passphrase 口令", hide_input=True))
    except ValueError:
        raise typer.BadParameter(f"{p12} does not open, or holds no elliptic-curve key 无法打开证书文件") from None
    return lambda new: replace(new, identity=identity, token=None, certificate=b"")


@seals.command(epilog="Example: xinqiao seals retire --node county --unit 330225-xf --reason compromised")
def retire(
    unit: Unit, reason: Annotated[str, typer.Option(help="lost, compromised, unit-ended, replaced, other 原因")],
    node_config: NodeConfig = None, node: NodeName = None,
) -> None:  # fmt: skip
    """Take a unit's seal out of use; papers that bear it stand 停用印章."""
    from node import sealing

    if reason not in sealing.REASONS:
        raise typer.BadParameter(f"reason is one of {', '.join(sealing.REASONS)}")
    _run(node_config, node, lambda _, session: sealing.retire(_, session, unit, reason))
    typer.echo(f"retired 已停用: {unit}")


@seals.command("list", epilog="Example: xinqiao seals list --node county")
def list_(node_config: NodeConfig = None, node: NodeName = None) -> None:
    """All seals that were registered here; no key is shown 印章清单."""
    from node import sealing
    from node.showing import console, table

    rows = [
        (row.unit, row.name, row.word, row.version, f"{row.valid_until:%Y-%m-%d}", row.key,
         "" if row.retired_at is None else f"retired 停用 {row.retired_at:%Y-%m-%d}: {row.reason}")
        for row in _run(node_config, node, sealing.all_of)
    ]  # fmt: skip
    columns = ("unit 单位", "name 名称", "word 代字", "version 版本", "until 有效期至", "key 密钥", "")
    console.print(table("seals 印章", *columns, rows=rows))


@seals.command(epilog="Example: xinqiao seals waiting --node county")
def waiting(node_config: NodeConfig = None, node: NodeName = None) -> None:
    """Papers that wait for their seal, and why; exit code 1 if any has failed 待用印文书及原因."""
    from kit.errors import CATALOGUE
    from node import sealing
    from node.showing import console, table

    found = _run(node_config, node, sealing.waiting)
    rows = []
    for each in found:
        why = CATALOGUE.get(each.reason or "")
        rows.append((
            str(each.paper_id), each.unit, each.kind, each.attempts, f"{each.due_at:%Y-%m-%d %H:%M:%S}",
            f"{why.zh} {why.en}" if why else each.reason or "",
        ))  # fmt: skip
    columns = ("paper 文书", "unit 单位", "kind 种类", "tries 次数", "next 下次", "reason 原因")
    console.print(table("waiting for a seal 待用印", *columns, rows=rows))
    if any(each.reason for each in found):
        raise typer.Exit(1)


@seals.command(epilog="Example: xinqiao seals retry --node county")
def retry(
    paper: Annotated[UUID | None, typer.Argument(help="by default all that wait 默认全部")] = None,
    node_config: NodeConfig = None, node: NodeName = None,
) -> None:  # fmt: skip
    """Try what waits now, once its cause is mended 立即重试."""
    from node import sealing

    _run(node_config, node, lambda runtime, session: sealing.retry(runtime, session, paper))
    typer.echo("due now 已安排重试; see `xinqiao seals waiting`")


@seals.command(epilog="Example: xinqiao seals verify paper.pdf --root root.pem")
def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a sealed PDF 已用印的 PDF")],
    root: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="PEM of the root that counts 信任根证书")],
) -> None:
    """Whether a PDF is as it was sealed, and by whom: offline, without a node; exit code 1 if not 离线验证."""
    from documents.seals import signing
    from documents.seals.keys import certificates_of

    try:
        verdict = signing.verify(file.read_bytes(), certificates_of(root.read_bytes()))
    except (OSError, ValueError) as error:
        typer.echo(f"seals: {root}: no certificate 不是证书: {type(error).__name__}", err=True)
        raise typer.Exit(2) from None
    if verdict.fault is not None:
        from node.sealing import FAULTS

        typer.echo(f"{file}: {FAULTS[verdict.fault]}", err=True)
        raise typer.Exit(1)
    when = "" if verdict.signed_at is None else f", {verdict.signed_at.astimezone():%Y-%m-%d %H:%M:%S}"
    typer.echo(f"{file}: sealed and unchanged 签章有效,内容未变: {verdict.name}{when}")
