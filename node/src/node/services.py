"""Which services there are: only here are they named together."""

import gc
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
    """All of them. Nothing is garbage while modules load, and looking for it took a fifth of a command's start."""
    gc.disable()
    try:
        return [load(name) for name in names]
    finally:
        gc.freeze()
        gc.enable()
