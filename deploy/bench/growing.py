"""Fills a node's databases with cases: rows that the services themselves wrote, multiplied by SQL.

Nothing here knows a table by heart: what belongs to a case is found in the databases of the run. A copy gets its own
ids and number; what is encrypted cannot be read under them, and is not. Left out: what is thrown away anyway after
days (inbox, idempotency keys, outbox).
"""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from uuid import UUID

import asyncpg

from analytics import folding

CHUNK = 50_000
BYTES = 30_000  # that a case takes in all databases together, with some room
TIMEOUT = 3600
OWN = ("case_id", "petition_id", "subject", "id")  # columns that may hold a case's id, the likeliest first
# ids in order of time, all before those of today
IDS = "(lpad(to_hex(n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid"
NUMBERS = "'XFSYN' || lpad(n::text, 18, '0')"
# rows of the log but for the first and the newest of each case: ten times the space, and nobody reads them by anything
# but the case's id
THINNED = {"events": "src.sequence IN (1, tp.version)"}
SPREAD = ("due_at", "yellow_at")  # so that not everything is due at one instant; always later, so nothing falls due
REFERENCES = """
SELECT DISTINCT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid
"""
COLUMNS = """
SELECT c.table_name, c.column_name, c.udt_name FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.is_identity = 'NO' AND c.is_generated = 'NEVER'
ORDER BY c.table_name, c.ordinal_position
"""
TEMPLATES = "CREATE TEMP TABLE templates (slot bigint PRIMARY KEY, id uuid, number text, version bigint)"
LINKS = """
INSERT INTO audit_links (position, entry, previous, hash)
SELECT row_number() OVER (ORDER BY id) + (SELECT coalesce(max(position), 0) FROM audit_links), id,
  sha256(id::text::bytea), sha256(id::text::bytea)
FROM audit WHERE id > $1 AND NOT EXISTS (SELECT FROM audit_links WHERE entry = audit.id)
"""


@dataclass(frozen=True)
class Template:
    """A case to copy; version: its newest."""

    id: UUID
    number: str
    version: int


@dataclass(frozen=True)
class Copy:
    """One table: what it takes to add the copies' rows, for numbers $1 to $2 of so many templates."""

    table: str
    statement: str


async def _copies(connection: "asyncpg.Connection[asyncpg.Record]", templates: Sequence[Template]) -> list[Copy]:
    """Tables with rows of the templates; referenced tables first."""
    await connection.execute(TEMPLATES)
    rows = [(slot, each.id, each.number, each.version) for slot, each in enumerate(templates)]
    await connection.copy_records_to_table("templates", records=rows)
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in await connection.fetch(COLUMNS):
        tables.setdefault(table, {})[column] = kind
    found = []
    for table, columns in tables.items():
        own = await _own_column(connection, table, columns)
        if own is not None:
            found.append(await _copy(connection, table, columns, own, len(templates)))
    order: TopologicalSorter[str] = TopologicalSorter({copy.table: () for copy in found})
    for table, referenced in await connection.fetch(REFERENCES):
        order.add(table, referenced)
    places = {table: place for place, table in enumerate(order.static_order())}
    return sorted(found, key=lambda copy: places[copy.table])


async def _own_column(
    connection: "asyncpg.Connection[asyncpg.Record]", table: str, columns: dict[str, str]
) -> str | None:
    for name in OWN:
        if columns.get(name) == "uuid":
            query = f'SELECT EXISTS (SELECT FROM "{table}" JOIN templates tp ON tp.id = "{table}"."{name}")'  # noqa: S608 - names from the catalogue
            if await connection.fetchval(query):
                return name
    return None


async def _copy(
    connection: "asyncpg.Connection[asyncpg.Record]", table: str, columns: dict[str, str], own: str, templates: int
) -> Copy:
    only = THINNED.get(table, "true")
    await connection.execute(
        f'CREATE TEMP TABLE "src_{table}" AS SELECT tp.slot, tp.number AS tp_number, src.*'  # noqa: S608 - as above
        f' FROM "{table}" src JOIN templates tp ON tp.id = src."{own}" WHERE {only}'
    )
    values = [await _value(connection, table, name, kind, own) for name, kind in columns.items()]
    names = ", ".join(f'"{name}"' for name in columns)
    statement = (
        f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values)}'  # noqa: S608 - as above
        f' FROM generate_series($1::bigint, $2) AS n JOIN "src_{table}" src ON src.slot = n % {templates}'
    )
    return Copy(table, statement)


async def _value(connection: "asyncpg.Connection[asyncpg.Record]", table: str, name: str, kind: str, own: str) -> str:
    """What stands in a column of copy number n."""
    column = f'src."{name}"'
    if name == own:
        return IDS
    if kind == "uuid":
        return f"md5({column}::text || n)::uuid"
    if kind == "bytea" and name.endswith("_index"):
        return f"sha256({column} || n::text::bytea)"
    if name in SPREAD or (table, name) == ("deadlines", "at"):
        return f"{column} + n % 1000 * interval '1 hour'"
    if kind in {"text", "jsonb"}:
        held = f'SELECT EXISTS (SELECT FROM "src_{table}" src WHERE strpos({column}::text, tp_number) > 0)'  # noqa: S608 - as above
        if await connection.fetchval(held):
            return f"replace({column}::text, src.tp_number, {NUMBERS})::{kind}"
    return column


def fits(directory: Path, cases: int) -> bool:
    """Whether the disk has room for so many."""
    return shutil.disk_usage(directory).free > cases * BYTES


def chunks(first: int, last: int) -> Iterator[tuple[int, int]]:
    for start in range(first, last + 1, CHUNK):
        yield start, min(start + CHUNK - 1, last)


async def fill(
    service: str, dsn: str, templates: Sequence[Template], first: int, last: int, say: Callable[[str], None]
) -> None:
    """Add copies number `first` to `last` to one service's database."""
    started = time.perf_counter()
    connection = await asyncpg.connect(dsn, command_timeout=TIMEOUT, server_settings={"synchronous_commit": "off"})
    try:
        copies = await _copies(connection, templates)
        if not copies:
            return
        before = await connection.fetchval("SELECT coalesce(max(id), 0) FROM audit")
        for start, end in chunks(first, last):
            for copy in copies:
                await connection.execute(copy.statement, start, end)
            say(f"{service}: {end:,} cases, {time.perf_counter() - started:.0f} s")
        await connection.execute(LINKS, before)
        await connection.execute("VACUUM ANALYZE")
        size = await connection.fetchval("SELECT pg_database_size(current_database())")
        names = ", ".join(copy.table for copy in copies)
        say(f"{service}: {last:,} cases in {time.perf_counter() - started:.0f} s, {size / 1e6:,.0f} MB ({names})")
    finally:
        await connection.close()


async def recount(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """The statistics of analytics, of which the copies are no events."""
    async with connection.transaction():
        await connection.execute("DELETE FROM rollups")
        await connection.execute(folding.RECOUNT, 0)
    await connection.execute("VACUUM ANALYZE rollups")


async def fill_all(
    dsns: dict[str, str], templates: Sequence[Template], first: int, last: int, say: Callable[[str], None]
) -> None:
    """All services, two at a time: as many as the machine has processors."""
    room = asyncio.Semaphore(2)

    async def one(service: str, dsn: str) -> None:
        async with room:
            await fill(service, dsn, templates, first, last, say)

    await asyncio.gather(*(one(service, dsn) for service, dsn in dsns.items()))
