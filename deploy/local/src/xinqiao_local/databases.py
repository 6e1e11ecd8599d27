"""Roles and databases of a server: one per service, each closed to the others."""

import asyncio
import re
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import asyncpg

NAME = re.compile(r"^[a-z_][a-z0-9_]{0,62}$")


def create(url: str, wanted: list[tuple[str, str, str]]) -> None:
    """Make what is missing. url: the superuser's DSN; wanted: (database, role that owns it, the role's password)."""
    _wait(_create(url, wanted))


def drop(url: str, name: str) -> None:
    """Throw a database away, ending its connections."""
    _wait(_execute(url, f"DROP DATABASE IF EXISTS {_quoted(name)} WITH (FORCE)"))


def _wait(work: Coroutine[Any, Any, None]) -> None:
    """Run asynchronous work to its end, also where an event loop already runs (a test's fixture)."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


def _quoted(name: str) -> str:
    if not NAME.match(name):
        raise ValueError(f"not a plain database or role name: {name!r}")
    return f'"{name}"'


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def _create(url: str, wanted: list[tuple[str, str, str]]) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
        roles = {row[0] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
        databases = {row[0] for row in await connection.fetch("SELECT datname FROM pg_database")}
        for name, role, secret in wanted:
            verb = "ALTER" if role in roles else "CREATE"
            await connection.execute(f"{verb} ROLE {_quoted(role)} LOGIN PASSWORD {_literal(secret)}")
            roles.add(role)
            if name not in databases:
                await connection.execute(f"CREATE DATABASE {_quoted(name)} OWNER {_quoted(role)}")
                await connection.execute(f"REVOKE ALL ON DATABASE {_quoted(name)} FROM PUBLIC")
    finally:
        await connection.close()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
