"""Transactions: what is collected is written with the commit, in one statement, or not at all."""

import asyncio
from typing import Any

import asyncpg
import pytest

from kit.db import Database
from kit.outbox import Outgoing, put

EFFECT = "effect AS (INSERT INTO effects (text) VALUES ($1))"
SECOND = "second AS (INSERT INTO effects (text) SELECT unnest($2::text[]) || $1)"


async def texts(database: Database) -> list[str]:
    async with database.transaction() as session:
        return [row["text"] for row in await session.raw.fetch("SELECT text FROM effects ORDER BY text")]


async def statements_of(database: Database) -> list[str]:
    """The last statement of each connection of this database that is not this one."""
    async with database.apart() as session:
        rows = await session.raw.fetch(
            "SELECT query FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    return [row["query"] for row in rows]


async def test_collected_writes_and_messages_are_stored_together_each_with_its_own_values(database: Database) -> None:
    async with database.transaction() as session:
        session.write(EFFECT, "a")
        session.write(SECOND, "!", ["b", "c"])
        put(session, Outgoing("events", "word", "1", b"{}"))
        put(session, Outgoing("events", "word", "2", b"{}"))
    assert await texts(database) == ["a", "b!", "c!"]
    async with database.transaction() as session:
        assert await session.raw.fetchval("SELECT count(*) FROM outbox") == 2


async def test_nothing_that_was_collected_is_stored_when_the_block_is_refused(database: Database) -> None:
    async def refuse(*, late: bool) -> None:
        async with database.transaction(late=late) as session:
            session.write(EFFECT, "a")
            raise LookupError

    for late in (False, True):
        with pytest.raises(LookupError):
            await refuse(late=late)
    assert await texts(database) == []


async def test_a_late_transaction_that_never_began_is_one_statement(database: Database) -> None:
    async with database.transaction(late=True) as session:
        session.write(EFFECT, "a")
        put(session, Outgoing("events", "word", "1", b"{}"))
    (statement,) = await statements_of(database)
    assert statement.startswith("WITH effect")
    assert await texts(database) == ["a"]


async def test_an_ordinary_transaction_ends_with_a_commit(database: Database) -> None:
    async with database.transaction() as session:
        session.write(EFFECT, "a")
    assert await statements_of(database) == ["COMMIT;"]


async def test_a_late_transaction_may_begin_and_read(database: Database) -> None:
    async with database.transaction(late=True) as session:
        await session.begin()
        assert await session.raw.fetchval("SELECT count(*) FROM effects") == 0
        session.write(EFFECT, "a")
        await session.flush()
        assert await session.raw.fetchval("SELECT count(*) FROM effects") == 1
    assert await texts(database) == ["a"]


async def test_who_reads_before_the_beginning_is_told(database: Database) -> None:
    async with database.transaction(late=True) as session:
        with pytest.raises(RuntimeError, match="begin"):
            await session.raw.fetchval("SELECT 1")
        with pytest.raises(RuntimeError, match="begin"):
            session.sql.get_transaction()


async def test_one_part_that_fails_stores_none(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction(late=True) as session:
            session.write(EFFECT, "a")
            session.write("nothing AS (INSERT INTO effects (text) VALUES ($1))", None)

    with pytest.raises(asyncpg.NotNullViolationError):
        await fail()
    assert await texts(database) == []


async def test_a_transaction_that_finds_no_connection_waits_for_one(database: Database) -> None:
    async def hold(seen: list[Any]) -> None:
        async with database.transaction() as session:
            seen.append(await session.raw.fetchval("SELECT 1"))

    seen: list[Any] = []
    await asyncio.gather(*(hold(seen) for _ in range(20)))  # through four connections
    assert seen == [1] * 20


async def test_a_connection_whose_statement_was_abandoned_is_not_used_again(database: Database) -> None:
    async def process(write: str, *values: Any) -> int:
        """Of the server, that did the write."""
        async with database.transaction(late=True) as session:
            session.write(write, *values)
            used.append(session._raw.get_server_pid())
        return used[-1]

    used: list[int] = []
    assert await process(EFFECT, "a") == await process(EFFECT, "b")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(process("slow AS (INSERT INTO effects (text) SELECT pg_sleep($1))", 30.0), 0.3)
    assert await process(EFFECT, "c") not in used[:3]
    assert await texts(database) == ["a", "b", "c"]
