"""The audits of a node: looked at as a whole, read out, sealed, and compared with the heads that others have kept."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

from asyncpg import Record

from contracts.auditing import seal, sealed_type, subject_of
from contracts.events import EVENTS
from contracts.units import UnitDirectory
from kit import audit, verifying
from kit.app import Service
from kit.bus import Bus
from kit.chain import Fault, Head
from kit.db import Database
from kit.runtime import Runtime
from kit.settings import NodeSettings

Heads = Mapping[str, Sequence[Head]]  # by service
Progress = Callable[[str, int, int], None]  # (service, links done, links there are)
Found = Callable[[str, Fault], None]
TOLD = "SELECT data->>'position', data->>'hash', data->>'at' FROM events WHERE subject = $1 AND type = $2 ORDER BY 3"


class Unreadable(ValueError):
    """What should be a head is none."""


@dataclass(frozen=True)
class Outcome:
    """checked: links; unchained: entries that wait for their place; heads: how many were compared with."""

    service: str
    checked: int
    unchained: int
    heads: int
    faults: int


def sealing(services: Iterable[Service]) -> list[Service]:
    """Those that tell of their heads."""
    return [service for service in services if sealed_type(service.name) in EVENTS]


@asynccontextmanager
async def _database(settings: NodeSettings, service: str) -> AsyncIterator[Database]:
    database = Database(settings.database.dsn(service), pool_size=1, application=f"xinqiao-audit-{service}")
    try:
        yield database
    finally:
        await database.close()


def _head(where: str, position: Any, hash_: Any, at: Any) -> Head:
    """Raises Unreadable."""
    try:
        return Head(int(position), bytes.fromhex(hash_), datetime.fromisoformat(at))
    except (TypeError, ValueError) as error:
        raise Unreadable(f"{where}: {error}") from None


async def told_heads(settings: NodeSettings, node: str, services: Iterable[Service]) -> dict[str, list[Head]]:
    """The heads of a node, itself or one below, that the event log here has kept. Raises Unreadable; OSError or
    asyncpg.PostgresError when its database is away.
    """
    found: dict[str, list[Head]] = {}
    async with _database(settings, "analytics") as database, database.transaction() as session:
        for service in sealing(services):
            subject = subject_of(node, service.name)
            rows = await session.raw.fetch(TOLD, subject, sealed_type(service.name))
            found[service.name] = [_head(f"event log, {service.name}", *row) for row in rows]
    return found


def line_of(node: str, service: str, head: Head) -> str:
    """A head as a line of a file."""
    facts = {"node": node, "service": service, "position": head.position, "hash": head.hash.hex()}
    return json.dumps({**facts, "at": head.at.isoformat()})


def heads_in(file: Path, node: str) -> dict[str, list[Head]]:
    """The heads of a node in a file of such lines. Raises OSError, or Unreadable that names the line."""
    found: dict[str, list[Head]] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        where = f"{file}:{number}"
        try:
            of, service, *told = itemgetter("node", "service", "position", "hash", "at")(json.loads(line))
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable(f"{where}: {type(error).__name__}: {error}") from None
        if of == node:
            found.setdefault(str(service), []).append(_head(where, *told))
    return found


async def verify(
    settings: NodeSettings, service: str, sealed: Sequence[Head], tell: Progress, found: Found,
    audited: Sequence[str] = (),
) -> Outcome:  # fmt: skip
    """Look at the whole audit of a service, and at what it tells of (kit.app.Service.audited). Raises OSError or
    asyncpg.PostgresError when its database is away.
    """
    faults = 0
    async with _database(settings, service) as database, database.transaction() as session:
        last, unchained = await verifying.size(session)
        kept = await audit.heads(session)
        check = verifying.Verification(
            service, [*kept, *sealed], lambda done: tell(service, done, max(done, last)), batch=2000, audited=audited
        )
        tell(service, 0, last)
        async for fault in check.faults(session):
            faults += 1
            found(service, fault)
    heads = {(head.position, head.hash) for head in (*kept, *sealed)}
    return Outcome(service, check.checked, unchained, len(heads), faults)


async def export(settings: NodeSettings, service: str) -> AsyncIterator[dict[str, Any]]:
    """Every entry with its place in the chain, ready for JSON. Raises like `verify`."""
    async with _database(settings, service) as database, database.transaction() as session:
        async for row in verifying.entries(session):
            yield {"service": service, **_shown(row)}


FORMS: dict[str, Callable[[Any], Any]] = {
    "at": datetime.isoformat, "subject": str, "previous": bytes.hex, "hash": bytes.hex, "detail": json.loads,
}  # fmt: skip


def _shown(row: Record) -> dict[str, Any]:
    """As JSON has it; None stays None."""
    return {name: FORMS[name](value) if name in FORMS and value is not None else value for name, value in row.items()}


async def seal_now(settings: NodeSettings, service: Service) -> Head | None:
    """Chain what waits, and seal. None when nothing was written since the last seal. Raises like `verify`."""
    bus = Bus(settings.broker.url.get_secret_value(), name="xinqiao-audit")
    units = UnitDirectory.read(settings.resolve(settings.node.units_file))
    runtime = Runtime.build(service.name, settings, bus, units.above)
    try:
        async with runtime.database.transaction() as session:
            while await audit.chain(session, service.name):
                pass
        async with runtime.database.transaction() as session:
            return await seal(runtime, session)
    finally:
        await runtime.database.close()
