"""`xinqiao sms words …`: every text that can go out, and checking an office's own before a node reads them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from node.locating import NodeConfig, NodeName, load_settings

if TYPE_CHECKING:
    from kit.settings import NodeSettings

words = typer.Typer(invoke_without_command=True, help="Texts that can go out: list, check 短信模板")
Use = Annotated[str, typer.Option(help="only notice 告知, answer 答复 or mass 群发")]
Language = Annotated[str, typer.Option(help="only zh or en 语言")]
File = Annotated[Path | None, typer.Argument(exists=True, dir_okay=False, help="a file of own texts; else the node's")]


@words.callback(epilog="Example: xinqiao sms words --use mass --language zh --node township")
def listed(
    context: typer.Context, use: Use = "", language: Language = "", node_config: NodeConfig = None,
    node: NodeName = None,
) -> None:  # fmt: skip
    """List every text as this node says it: what for, name, version, as how many short messages, and what it says."""
    if context.invoked_subcommand is not None:
        return
    from notify.outbound.parts import split
    from notify.words import reading
    from notify.words.domain import LANGUAGES, USES
    from notify.words.previews import sample

    if use not in {"", *USES} or language not in {"", *LANGUAGES}:
        raise typer.BadParameter(f"--use is one of {', '.join(USES)}; --language one of {', '.join(LANGUAGES)}")
    settings = load_settings(node_config, node)
    try:
        found = reading.read(_own(settings))
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    of_node = _of_node(settings)
    for unit, text in found.listed():
        if use in {"", text.use} and language in {"", text.language}:
            parts = len(split(sample(text, of_node)))
            head = f"{text.use} {text.name}.{text.language} {unit or ''}".rstrip()
            typer.echo(f"{head} (version 版本 {text.version}, {parts} part(s) 条): {text.text}")


@words.command(epilog="Example: xinqiao sms words check own-texts.toml --node township")
def check(file: File = None, node_config: NodeConfig = None, node: NodeName = None) -> None:
    """Say all that is wrong with a file of own texts, as file:line: reason.

    With a node: also units that it has not, and without a file its own (templates_file of services.notify.outbound).
    """
    from notify.words.reading import check as mistakes_in

    settings = load_settings(node_config, node) if node_config or node else None
    file = file or (_own(settings) if settings else None)
    if file is None:
        raise typer.BadParameter("say which file, or which node: one that has own texts")
    mistakes = mistakes_in(file, _units(settings) if settings else [])
    for mistake in mistakes:
        typer.echo(str(mistake), err=True)
    if mistakes:
        typer.echo(f"mistakes 错误: {len(mistakes)}", err=True)
        raise typer.Exit(1)
    typer.echo(f"right 无误: {file.name}")


def _own(settings: "NodeSettings") -> Path | None:
    from notify.settings import Settings

    own = Settings.model_validate(settings.services.get("notify", {})).outbound.templates_file
    return own and settings.resolve(own)


def _units(settings: "NodeSettings") -> list[str]:
    from contracts.units import UnitDirectory

    units = UnitDirectory.read(settings.resolve(settings.node.units_file)).units
    return [code for code, unit in units.items() if unit.node == settings.node.path]


def _of_node(settings: "NodeSettings") -> dict[str, str]:
    """What every text of this node may say of it."""
    from contracts.units import UnitDirectory
    from notify.settings import Settings

    units = UnitDirectory.read(settings.resolve(settings.node.units_file)).units
    link = Settings.model_validate(settings.services.get("notify", {})).link
    return {"office": units[settings.node.office_unit].name, "link": link or settings.node.public_url}
