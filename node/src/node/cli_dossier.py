"""`xinqiao dossier verify`: is a dossier (电子卷宗) whole and unchanged. Needs the file alone, no server, no node."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

dossier = typer.Typer(no_args_is_help=True, help="Dossiers: verify one, anywhere 电子卷宗:离线校验")
KINDS = {
    "altered": "altered 被改动",
    "added": "added, not part of the dossier 被添加,不属于本卷",
    "removed": "removed 缺失",
    "unreadable": "damaged 已损坏",
    "unsigned": "the signature is not over this text 签名与内容不符",
    "audit-altered": "audit entry altered 审计条目被改动",
    "signature": "seal signature does not hold 印章签名无效",
}


def _all_keys(files: list[Path]) -> dict[str, Any]:
    return {"keys": [key for file in files for key in json.loads(file.read_text())["keys"]]}


@dossier.callback()
def group() -> None:
    """Dossiers 电子卷宗."""


@dossier.command(epilog="Example: xinqiao dossier verify dossier-20261122-0a1b2c3d.zip --keys 33.02.25.public.jwks")
def verify(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="the ZIP file 卷宗文件")],
    keys: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="public keys you trust (JWKS), repeatable 受信公钥"),
    ] = None,
    roots: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="roots of seals (PEM), repeatable 印章根证书"),
    ] = None,
) -> None:
    """Name whatever was altered, added or removed. Exit code 0: whole and unchanged; 1: not; 2: no dossier."""
    from documents.dossiers.checking import verify as check
    from documents.dossiers.domain import Malformed

    try:
        trusted = (
            None if keys is None else {"keys": [key for each in keys for key in json.loads(each.read_text())["keys"]]}
        )
        verdict = check(file, trusted, b"".join(each.read_bytes() + b"\n" for each in roots) if roots else None)
    except (Malformed, OSError, ValueError, KeyError) as error:
        typer.echo(f"dossier: no dossier that can be read 无法读取: {error}", err=True)
        raise typer.Exit(2) from None
    manifest = verdict.manifest
    typer.echo(f"made 制卷 {manifest.made_at} by 节点 {manifest.node}, {len(manifest.entries)} entries 件")
    typer.echo(f"signed by key 签名公钥 {verdict.signed_by}")
    for fault in verdict.faults:
        typer.echo(f"{KINDS[fault.kind]}: {fault.what}", err=True)
    if verdict.trusted is False:
        typer.echo("signed by a key that is not among those given 签名公钥不在受信之列", err=True)
    if not verdict.good:
        raise typer.Exit(1)
    if verdict.trusted is None:
        typer.echo("compare the key with the one the office publishes, or give it with --keys 请与公布的公钥核对")
    typer.echo("whole and unchanged 完整,未被改动")
