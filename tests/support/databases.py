"""Databases for services under test: made once from the migrations, copied, and taken again when a test left only rows.

A copy is three hundred files and a checkpoint's worth of pages; two thousand of them were a tenth of the whole run.
"""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from kit import migrations
from kit.app import Service
from kit.db import Database
from tests.support.infra import Infra, new_database

MOST_BYTES = 2_000_000  # of tables beyond those of a new copy: emptied tables keep their pages
CATALOGS = (
    "pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_proc", "pg_type", "pg_rewrite",
    "pg_policy", "pg_namespace", "pg_extension", "pg_default_acl", "pg_sequence", "pg_statistic", "pg_event_trigger",
)  # fmt: skip
OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
TRIGGERS = """
SELECT md5(string_agg(concat_ws(' ', tgrelid, tgname, tgfoid, tgtype, tgenabled), ',' ORDER BY oid)) FROM pg_trigger
"""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
SIZE = """
SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
# without triggers, as some tables refuse to lose their rows, those that fire always among them
EMPTY = """
DO $$
DECLARE
  it record;
  firm record;
BEGIN
  SET LOCAL session_replication_role = replica;
  SET LOCAL lock_timeout = '2s';
  FOR it IN SELECT oid, oid::regclass AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
    AND relkind = 'r' AND pg_relation_size(oid) > 0 AND relname <> ALL ({kept})
  LOOP
    FOR firm IN SELECT tgname FROM pg_trigger WHERE tgrelid = it.oid AND tgenabled = 'A'
    LOOP EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', it.name, firm.tgname); END LOOP;
    EXECUTE format('DELETE FROM %s', it.name);
    FOR firm IN SELECT tgname FROM pg_trigger WHERE tgrelid = it.oid AND tgenabled = 'D'
    LOOP EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', it.name, firm.tgname); END LOOP;
  END LOOP;
  FOR it IN SELECT seqrelid::regclass AS name, seqstart FROM pg_sequence
  LOOP PERFORM setval(it.name, it.seqstart, false); END LOOP;
END $$
"""
Open = tuple[AsyncConnection, "asyncpg.Connection[Any]"]
_free: dict[str, list["Copy"]] = {}


class _Template:
    """What a copy must look like to be as good as new."""

    def __init__(self, name: str, kept: list[str], size: int, state: str) -> None:
        self.name = name
        self.kept = kept  # tables that the migrations filled
        self._size = size
        self._state = state

    @classmethod
    async def read(cls, dsn: str) -> "_Template":
        async with _connected(dsn) as connection:
            tables = [row[0] for row in await connection.fetch(TABLES)]
            kept = [name for name in tables if await connection.fetchval(f'SELECT 1 FROM "{name}" LIMIT 1')]  # noqa: S608 - of our own catalogue
            size, state = await connection.fetchval(SIZE), await connection.fetchval(_state_of(kept))
            return cls(dsn.rsplit("/", 1)[1], kept, size, state)

    async def restore(self, connection: "asyncpg.Connection[Any]") -> bool:
        """Take all rows of a copy away. False when more than rows was changed, it grew, or somebody else is there."""
        if await connection.fetchval(OTHERS) or await connection.fetchval(_state_of(self.kept)) != self._state:
            return False
        names = ", ".join(f"'{name}'" for name in self.kept)
        await connection.execute(EMPTY.format(kept=f"ARRAY[{names}]::text[]"))
        return bool(await connection.fetchval(SIZE) <= self._size + MOST_BYTES)


_templates: dict[str, _Template] = {}


def _state_of(kept: list[str]) -> str:
    """A query for what changes with any row of the catalogues and of the tables that were not empty."""
    parts = [f"(SELECT count(*) || ' ' || max(xmin::text::bigint) FROM \"{name}\")" for name in (*CATALOGS, *kept)]  # noqa: S608 - names of our own
    return f"SELECT concat_ws(',', {', '.join(parts)}, ({TRIGGERS}))"


@asynccontextmanager
async def _connected(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def _template_of(infra: Infra, service: Service) -> _Template:
    """Made by whichever worker is first; the others wait for it."""
    name = f"template_{os.environ.get('PYTEST_XDIST_TESTRUNUID', os.getpid())}_{service.name}"
    if name not in _templates:
        dsn = infra.postgres.rsplit("/", 1)[0] + f"/{name}"
        async with _connected(infra.postgres) as connection:
            await connection.execute("SELECT pg_advisory_lock(hashtext($1))", name)
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate", name):
                await new_database(infra, name)
                await migrations.upgrade(dsn, service.migrations, service.metadata)
                await connection.execute(f'ALTER DATABASE "{name}" IS_TEMPLATE true')
            _templates[name] = await _Template.read(dsn)  # whoever copies it meanwhile waits until we have left it
    return _templates[name]


async def database_for(infra: Infra, service: Service, worker: str) -> str:
    """A fresh database with the service's tables."""
    template = await _template_of(infra, service)
    return await new_database(infra, f"{service.name}_{worker}_{uuid.uuid4().hex[:8]}", template.name)


class Copy:
    """A database that tests get one after another, with a connection that stays open between them."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._open: Open | None = None

    def give_to(self, database: Database) -> None:
        """The connection, to a pool that has none yet: a new one, which reads all catalogues anew, takes longer than
        most tests.
        """
        if self._open is not None:
            database._connections._free.append(self._open)
            self._open = None

    def take_from(self, database: Database) -> None:
        """Before the pool is closed, one that it does not use."""
        free = database._connections._free
        self._open = free.pop() if free and not free[-1][1].is_closed() else None

    async def is_as_new(self, template: _Template) -> bool:
        """Whether it could be made so."""
        try:
            if self._open is None:
                async with _connected(self.dsn) as connection:
                    return await template.restore(connection)
            await self._open[1].reset()
            return await template.restore(self._open[1])
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            return False

    async def close(self) -> None:
        if self._open is not None:
            await self._open[0].close()


async def close_all() -> None:
    """The connections of copies that nobody needs any more."""
    for copies in _free.values():
        for copy in copies:
            await copy.close()


@asynccontextmanager
async def lent(infra: Infra, service: Service, worker: str) -> AsyncIterator[Copy]:
    """The same, lent: when the block has ended the next one gets it, emptied."""
    template, free = await _template_of(infra, service), _free.setdefault(service.name, [])
    copy = None
    while free and copy is None:
        found = free.pop()
        if await found.is_as_new(template):
            copy = found
        else:
            await found.close()
    copy = copy or Copy(await database_for(infra, service, worker))
    try:
        yield copy
    finally:
        free.append(copy)
