"""Which node a command is about: --node-config FILE, or --node NAME of a local one."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kit.settings import NodeSettings

NodeConfig = Annotated[
    Path | None,
    typer.Option("--node-config", help="the node's node.toml 节点配置文件", envvar="XQ_NODE_CONFIG", dir_okay=False),
]
NodeName = Annotated[
    str | None, typer.Option("--node", help="name of a local node, as in .run/nodes/<name>; or a path 节点名称")
]


def node_file(config: Path | None, name: str | None) -> Path:
    """Which node.toml is meant. Raises typer.BadParameter when it is not there."""
    run = Path(os.environ.get("XQ_RUN_DIR", ".run"))
    file = config
    if file is None and name:
        file = Path(name) if name.endswith(".toml") else run / "nodes" / name / "node.toml"
    if file is None:
        raise typer.BadParameter("say which node: --node-config FILE, or --node NAME for a local one")
    if not file.is_file():
        raise typer.BadParameter(f"no node configuration at {file}; `make up` makes the local ones")
    return file


def local_nodes() -> list[Path]:
    """The node.toml of every local node. Raises typer.BadParameter when there is none."""
    run = Path(os.environ.get("XQ_RUN_DIR", ".run"))
    found = sorted((run / "nodes").glob("*/node.toml"))
    if not found:
        raise typer.BadParameter(f"no local nodes below {run}; `make up` makes them")
    return found


def load_settings(config: Path | None, name: str | None) -> "NodeSettings":
    """Raises typer.BadParameter for a file that is missing or wrong; a wrong value is named, never shown."""
    import tomllib

    from pydantic import ValidationError

    from kit.settings import NodeSettings

    file = node_file(config, name)
    try:
        return NodeSettings.load(file)
    except tomllib.TOMLDecodeError as error:
        raise typer.BadParameter(f"{file}: {error}") from None
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise typer.BadParameter(f"{file}: {wrong}") from None
