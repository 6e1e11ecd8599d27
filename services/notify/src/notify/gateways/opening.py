"""The gateways of this node, made from its settings."""

from kit.runtime import Runtime
from notify.gateways.console import ConsoleGateway
from notify.gateways.interface import Gateway
from notify.gateways.settings import Console, GatewaySettings


def opened(runtime: Runtime, settings: GatewaySettings) -> Gateway:
    """Nothing is connected yet."""
    match settings:
        case Console():
            return ConsoleGateway(settings.name, runtime.settings.resolve(settings.file))
        case _:
            raise NotImplementedError(settings.kind)
