"""Which services there are: only here are they named together."""

from collections.abc import Sequence
from importlib import import_module

from kit.app import Service

NAMES = ("intake", "routing", "documents", "notify", "analytics", "portal")


def load(name: str) -> Service:
    """One service by name. Raises KeyError for a name that is none."""
    if name not in NAMES:
        raise KeyError(name)
    service: Service = import_module(f"{name}.main").service
    return service


def load_all(names: Sequence[str] = NAMES) -> list[Service]:
    return [load(name) for name in names]
