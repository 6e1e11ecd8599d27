"""`xinqiao topology …`: what the broker should look like, and whether it does."""

import asyncio

import typer

from node.locating import NodeConfig, NodeName, load_settings

topology = typer.Typer(no_args_is_help=True, help="Exchanges, queues and links of a node: show, check 拓扑")


@topology.command(epilog="Example: xinqiao topology show --node county")
def show(node_config: NodeConfig = None, node: NodeName = None) -> None:
    """What the node file and the services ask for. Passwords are not shown."""
    from node.services import load_all
    from node.showing import console, table
    from node.topology import topology_of

    wanted = topology_of(load_settings(node_config, node), load_all())
    console.print(table("exchanges 交换机", "name", "type", rows=sorted(wanted.exchanges.items())))
    queues = [
        (name, arguments["x-queue-type"]) for name, arguments in wanted.queues.items() if not name.startswith("retry.")
    ]
    console.print(table("queues 队列", "name", "type", rows=queues))
    bindings = [(each.source, each.key, each.destination) for each in sorted(wanted.bindings)]
    console.print(table("bindings 绑定", "from", "key", "to", rows=bindings))
    users = [(name, user.write, user.read) for name, user in wanted.users.items()]
    console.print(table("link users 链路账号", "name", "may write", "may read", rows=users))
    shovels = [(name, each["src-queue"], each["dest-exchange"]) for name, each in wanted.shovels.items()]
    console.print(table("shovels 链路", "name", "from queue", "to exchange", rows=shovels))


@topology.command(epilog="Example: xinqiao topology check --node county")
def check(node_config: NodeConfig = None, node: NodeName = None) -> None:
    """Every difference between the broker and what it should look like; exit code 1 if there is one."""
    from node import declaring
    from node.management import BrokerRefused
    from node.services import load_all

    try:
        found = asyncio.run(declaring.check(load_settings(node_config, node), load_all()))
    except (OSError, BrokerRefused) as error:
        typer.echo(f"topology: {error}", err=True)
        raise typer.Exit(2) from None
    for line in found:
        typer.echo(line)
    if found:
        raise typer.Exit(1)
    typer.echo("as it should be 一致")
