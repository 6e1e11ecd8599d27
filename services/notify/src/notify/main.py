"""Placeholder while the service is being written."""

from pathlib import Path

from kit import tables
from kit.app import Service

service = Service(name="notify", title="notify", routers=(), metadata=tables.metadata(), migrations=Path(__file__).parents[2] / "migrations" / "versions")
