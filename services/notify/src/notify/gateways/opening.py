"""The gateways of this node, made from its settings."""

from pathlib import Path

from kit.runtime import Runtime
from notify.gateways.cmpp.gateway import CmppGateway
from notify.gateways.console import ConsoleGateway
from notify.gateways.http import HttpGateway
from notify.gateways.interface import Gateway
from notify.gateways.pauses import Pauses
from notify.gateways.settings import Cmpp, Console, GatewaySettings, Http, Smpp
from notify.gateways.smpp.gateway import SmppGateway


def opened(runtime: Runtime, settings: GatewaySettings) -> Gateway:
    """Nothing is connected yet. Raises OSError, ValueError: its secret cannot be read."""
    match settings:
        case Console():
            return ConsoleGateway(settings.name, runtime.settings.resolve(settings.file))
        case Smpp():
            pauses = Pauses(most=settings.pause)
            return SmppGateway(settings, _secret(runtime, settings.secret_file), runtime.clock, pauses)
        case Cmpp():
            pauses = Pauses(most=settings.pause)
            return CmppGateway(settings, _secret(runtime, settings.secret_file), runtime.clock, pauses)
        case Http():
            return HttpGateway(settings, _secret(runtime, settings.secret_file), runtime.clock, runtime.wall)


def _secret(runtime: Runtime, file: Path) -> str:
    secret = runtime.settings.resolve(file).read_text(encoding="utf-8").strip()
    if not secret:
        raise ValueError(f"{file} holds no secret")
    return secret
