"""`xinqiao parked …` and `xinqiao outbox …`: what was set aside, why, and trying it again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from node.locating import NodeConfig, NodeName, load_settings

if TYPE_CHECKING:
    from kit.settings import NodeSettings
    from node.parking import ParkingPlaces

Outcome = TypeVar("Outcome")
Queue = Annotated[str, typer.Argument(help="a parking place, as `xinqiao parked list` names it")]
Ids = Annotated[list[str] | None, typer.Option("--id", help="message id; may be given more than once")]
parked = typer.Typer(no_args_is_help=True, help="Dead letters: list, show, replay, drop 搁置的消息")
outbox = typer.Typer(no_args_is_help=True, help="Rows that could not be sent: list, retry 未能发出的消息")


def _at_places(settings: "NodeSettings", work: "Callable[[ParkingPlaces], Awaitable[Outcome]]") -> Outcome:
    """Do something with the node's parking places; what goes wrong is told in a line, with exit code 2."""
    from kit.bus import Bus
    from kit.outbox import Unsendable
    from node.parking import NoSuchQueue, ParkingPlaces
    from node.services import load_all

    async def run() -> Outcome:
        bus = Bus(settings.broker.url.get_secret_value(), name="xinqiao parked")
        try:
            return await work(ParkingPlaces(settings, load_all(), bus))
        finally:
            await bus.close()

    try:
        return asyncio.run(run())
    except NoSuchQueue as error:
        raise typer.BadParameter(f"no parking place {error}; see `xinqiao parked list --all`") from None
    except (OSError, Unsendable) as error:
        typer.echo(f"parked: {error or type(error).__name__}", err=True)
        raise typer.Exit(2) from None


@parked.command("list", epilog="Example: xinqiao parked list --node township")
def list_(
    node_config: NodeConfig = None,
    node: NodeName = None,
    queue: Annotated[str | None, typer.Option(help="only this parking place")] = None,
    every: Annotated[bool, typer.Option("--all", help="empty ones too")] = False,
) -> None:
    """How many messages lie in each parking place."""
    from node.showing import print_counts

    counts = _at_places(load_settings(node_config, node), lambda places: places.counts())
    shown = {name: count for name, count in counts.items() if (every or count) and queue in {None, name}}
    print_counts("parked 搁置", shown)


@parked.command(epilog="Example: xinqiao parked show routing.on-case.parked --node county")
def show(
    queue: Queue,
    node_config: NodeConfig = None,
    node: NodeName = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
) -> None:
    """Id, type, reason and age of the first messages. Bodies are not shown: they may be sealed or personal."""
    from node.showing import print_parked

    print_parked(queue, _at_places(load_settings(node_config, node), lambda places: places.look(queue, limit)))


@parked.command(epilog="Example: xinqiao parked replay routing.on-case.parked --node county")
def replay(queue: Queue, node_config: NodeConfig = None, node: NodeName = None, id_: Ids = None) -> None:
    """Give parked messages back to their queue, all or those with --id. They are tried as often as new ones."""
    settings = load_settings(node_config, node)
    gone = _at_places(settings, lambda places: places.replay(queue, id_ or ()))
    typer.echo(f"replayed 已重投: {gone}")


@parked.command(epilog="Example: xinqiao parked drop letters.parked --id 018f… --node city")
def drop(queue: Queue, id_: Ids = None, node_config: NodeConfig = None, node: NodeName = None) -> None:
    """Throw away the messages with these ids, for good."""
    if not id_:
        raise typer.BadParameter("say which: --id ID")
    gone = _at_places(load_settings(node_config, node), lambda places: places.drop(queue, id_))
    typer.echo(f"dropped 已丢弃: {gone}")
    if gone < len(set(id_)):
        raise typer.Exit(1)


Services = Annotated[str, typer.Option("--service", help="one service; all by default")]


def _at_outboxes(work: Callable[[], Awaitable[Outcome]]) -> Outcome:
    import asyncpg

    async def run() -> Outcome:
        return await work()

    try:
        return asyncio.run(run())
    except (OSError, asyncpg.PostgresError) as error:
        typer.echo(f"outbox: {type(error).__name__}", err=True)
        raise typer.Exit(2) from None


def _names(service: str) -> tuple[str, ...]:
    from node.services import NAMES

    if service and service not in NAMES:
        raise typer.BadParameter(f"service is one of {', '.join(NAMES)}")
    return (service,) if service else NAMES


@outbox.command("list", epilog="Example: xinqiao outbox list --service routing --node county")
def list_rows(node_config: NodeConfig = None, node: NodeName = None, service: Services = "") -> None:
    """Messages that could not be sent as they stand, with the reason."""
    from node.outboxes import Outbox
    from node.showing import print_rows

    settings = load_settings(node_config, node)

    async def look() -> None:
        for name in _names(service):
            rows = await Outbox(settings, name).parked()
            if rows:
                print_rows(name, rows)
            else:
                typer.echo(f"{name}: none 无")

    _at_outboxes(look)


@outbox.command(epilog="Example: xinqiao outbox retry --service routing --node county")
def retry(
    node_config: NodeConfig = None,
    node: NodeName = None,
    service: Services = "",
    id_: Annotated[list[int] | None, typer.Option("--id", help="row id, with --service")] = None,
) -> None:
    """Let the relay try them again, all or those with --id."""
    from node.outboxes import Outbox

    if id_ and not service:
        raise typer.BadParameter("ids are those of one service: add --service")
    settings = load_settings(node_config, node)

    async def again() -> int:
        return sum([await Outbox(settings, name).retry(id_ or ()) for name in _names(service)])

    typer.echo(f"to be tried again 将重试: {_at_outboxes(again)}")
