"""The field keys of a node: under which its encrypted values stand, and moving them under the active one."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from kit import sealing
from kit.app import Service
from kit.crypto import Keyring
from kit.db import Database
from kit.keyfile import FIELDS
from kit.sealing import Sealed
from kit.settings import NodeSettings

Progress = Callable[[str, int, int], None]  # (service.table, rows done, rows to do)


@dataclass(frozen=True)
class Standing:
    """values: how many, by key id; immutable: they keep the key they were written under."""

    place: str
    values: dict[str, int]
    immutable: bool


@dataclass
class Outcome:
    """Rows. unreadable: no key opens them; left: still under an older key, those included."""

    moved: int = 0
    unreadable: int = 0
    left: int = 0


def ring_of(settings: NodeSettings) -> Keyring:
    """The keys as they stand in the file now. Raises OSError."""
    return Keyring.load(settings.keys / FIELDS)


@asynccontextmanager
async def _databases(settings: NodeSettings, service: Service) -> AsyncIterator[Database]:
    database = Database(settings.database.dsn(service.name), pool_size=1, application=f"xinqiao-keys-{service.name}")
    try:
        yield database
    finally:
        await database.close()


async def standing(settings: NodeSettings, services: Sequence[Service]) -> list[Standing]:
    """Every table with encrypted columns. Raises OSError or asyncpg.PostgresError when a database is away."""
    found = []
    for service in services:
        async with _databases(settings, service) as database, database.transaction() as session:
            for sealed in service.encrypted:
                values = await sealing.counts(session, sealed)
                found.append(Standing(f"{service.name}.{sealed.table.name}", values, sealed.immutable))
    return found


async def reencrypt(settings: NodeSettings, services: Sequence[Service], tell: Progress) -> Outcome:
    """Move every row that may change under the active key; done twice it changes nothing.

    Raises OSError or asyncpg.PostgresError when a database is away; what was done stays done.
    """
    ring, outcome = ring_of(settings), Outcome()
    for service in services:
        async with _databases(settings, service) as database:
            for sealed in service.encrypted:
                if not sealed.immutable:
                    await _move(database, sealed, ring, f"{service.name}.{sealed.table.name}", outcome, tell)
    return outcome


async def _move(
    database: Database, sealed: Sealed, ring: Keyring, place: str, outcome: Outcome, tell: Progress
) -> None:
    async with database.transaction() as session:
        total = await sealing.left(session, sealed, ring)
    done = 0
    tell(place, done, total)
    async for batch in sealing.reencrypt(database, sealed, ring):
        done += batch.moved
        tell(place, done, max(total, done))
        outcome.unreadable += batch.unreadable
    outcome.moved += done
    async with database.transaction() as session:
        outcome.left += await sealing.left(session, sealed, ring)
