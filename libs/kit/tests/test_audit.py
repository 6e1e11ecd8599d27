"""The audit on real PostgreSQL: written with the commit, chained after it, never changed unseen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import audit, telemetry, verifying
from kit.chain import Fault, Head
from kit.db import Database, Session
from kit.testing import eventually
from kit.workers import WorkerLoop
from xinqiao_local.postgres import Postgres

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
SUBJECT = UUID(int=7)


OFF = [f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in audit.TABLES]
ON = [f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stays" for table in audit.TABLES]


async def execute(session: Session, *statements: str) -> None:
    for statement in statements:
        await session.raw.execute(statement)


class Statements:
    """What a migration's `op` would be given."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def execute(self, statement: str, /) -> None:
        self.said.append(statement)


def note(session: Session, action: str, **more: Any) -> None:
    audit.note(session, action, subject=SUBJECT, at=NOW, **more)


@dataclass
class Ledger:
    """A database with a protected audit. above: the same for somebody who can switch triggers off."""

    database: Database
    above: Database
    service: str = "kept"

    async def write(self, *actions: str) -> None:
        async with self.database.transaction() as session:
            for version, action in enumerate(actions):
                note(session, action, actor="li", unit="330000000-a", before=version, after=version + 1)

    async def refuse(self) -> None:
        """A transaction that wrote an entry and was rolled back."""
        with pytest.raises(asyncpg.UndefinedTableError):
            await self.write_and_fail()

    async def write_and_fail(self) -> None:
        async with self.database.transaction() as session:
            note(session, "never")
            await session.flush()
            await session.raw.execute("SELECT FROM no_such_table")

    async def chain(self, batch: int = 1000) -> int:
        async with self.database.transaction() as session:
            return await audit.chain(session, self.service, batch)

    async def chained(self, length: int) -> None:
        await self.write(*(f"step-{number}" for number in range(length)))
        assert await self.chain() == length

    async def faults(self, sealed: Sequence[Head] = (), batch: int = 3) -> list[Fault]:
        check = verifying.Verification(self.service, sealed, batch=batch)
        async with self.database.transaction() as session:
            return [fault async for fault in check.faults(session)]

    async def size(self) -> tuple[int, int]:
        async with self.database.transaction() as session:
            return await verifying.size(session)

    async def seal(self, **options: Any) -> Head | None:
        async with self.database.transaction() as session:
            return await audit.seal(session, NOW, **options)

    async def rows(self, query: str, *values: Any) -> list[asyncpg.Record]:
        async with self.database.transaction() as session:
            found: list[asyncpg.Record] = await session.raw.fetch(query, *values)
            return found

    async def forge(self, *statements: str) -> None:
        async with self.above.transaction() as session:
            await execute(session, *OFF, *statements, *ON)


@pytest.fixture
async def ledger(database: Database, postgres: Postgres) -> AsyncIterator[Ledger]:
    protection = Statements()
    audit.protect(protection)
    async with database.transaction() as session:
        await execute(session, *protection.said)
    above = Database(postgres.url(database.dsn.rsplit("/", 1)[-1], "postgres"), pool_size=1)
    yield Ledger(database, above)
    await above.close()


async def test_entries_are_part_of_the_one_statement_that_ends_a_transaction(ledger: Ledger) -> None:
    async with ledger.database.transaction(late=True) as session:
        note(session, "open", actor="li", unit="u", reason="r", before=1, after=2, detail={"b": "乙", "a": 1})
    (one,) = await ledger.rows("SELECT * FROM audit")
    assert (one["at"], one["actor"], one["unit"], one["subject"], one["action"]) == (NOW, "li", "u", SUBJECT, "open")
    assert (one["reason"], one["before"], one["after"], one["detail"]) == ("r", 1, 2, '{"a":1,"b":"乙"}')
    async with ledger.database.transaction(late=True) as session:
        note(session, "second")
        note(session, "third", after=3)
        await session.flush()
        note(session, "fourth")
    rows = await ledger.rows("SELECT action, actor, before, after FROM audit ORDER BY id")
    assert [tuple(row) for row in rows[1:]] == [
        ("second", None, None, None), ("third", None, None, 3), ("fourth", None, None, None),
    ]  # fmt: skip


async def test_what_is_refused_leaves_no_entry(ledger: Ledger) -> None:
    await ledger.refuse()
    assert await ledger.rows("SELECT FROM audit") == []
    async with ledger.database.transaction() as session:
        with pytest.raises(ValueError, match="detail of open has 2"):
            note(session, "open", detail={"text": "x" * 2000})


async def test_entries_get_their_places_in_batches_and_gaps_of_ids_are_no_fault(ledger: Ledger) -> None:
    await ledger.write("a", "b")
    await ledger.refuse()  # uses up a number
    await ledger.write("c", "d", "e")
    assert await ledger.size() == (0, 5)
    assert [await ledger.chain(batch=2) for _ in range(4)] == [2, 2, 1, 0]
    assert await ledger.size() == (5, 0)
    ids = [row["entry"] for row in await ledger.rows("SELECT entry FROM audit_links ORDER BY position")]
    assert ids == sorted(ids)
    assert ids[-1] > 5
    assert await ledger.faults() == []


async def test_an_entry_committed_late_is_chained_although_its_number_is_smaller(ledger: Ledger) -> None:
    async with ledger.database.transaction() as slow:
        note(slow, "slow")
        await slow.flush()
        await ledger.write("fast")
        assert await ledger.chain() == 1
    assert await ledger.chain() == 1
    rows = await ledger.rows("SELECT action FROM audit_links JOIN audit ON audit.id = entry ORDER BY position")
    assert [row["action"] for row in rows] == ["fast", "slow"]
    assert await ledger.faults() == []


async def test_only_one_process_chains_at_a_time(ledger: Ledger) -> None:
    await ledger.write("a", "b")
    async with ledger.database.transaction() as first:
        assert await audit.chain(first, ledger.service, 1) == 1
        assert await ledger.chain() == 0  # does not wait
    assert await ledger.chain() == 1
    assert await ledger.faults() == []


async def test_two_workers_and_many_writers_make_one_chain_without_gap(ledger: Ledger) -> None:
    async def write(writer: int) -> None:
        for number in range(20):
            if number % 5 == 4:
                await ledger.refuse()
            else:
                await ledger.write(*(f"{writer}-{number}-{part}" for part in range(1 + number % 2)))

    loops = [WorkerLoop(audit.CHAINING, database=ledger.database, context=ledger) for _ in range(2)]
    running = [asyncio.create_task(loop.run()) for loop in loops]
    await asyncio.gather(*(write(writer) for writer in range(6)))

    async def all_chained() -> bool:
        waiting = telemetry.AUDIT_UNCHAINED.labels(ledger.service)._value.get()
        return await ledger.size() == (6 * 24, 0) and waiting == 0

    await eventually(all_chained, within=10)
    for loop in loops:
        loop.stop()
    await asyncio.gather(*running)
    assert await ledger.faults() == []


@pytest.mark.parametrize("table", audit.TABLES)
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {0} SET {1} = {1}", "UPDATE {0} SET {1} = {1} WHERE false", "DELETE FROM {0}", "TRUNCATE {0}",
     "TRUNCATE {0} CASCADE"],
)  # fmt: skip
async def test_the_owner_of_the_tables_can_neither_change_nor_delete(
    ledger: Ledger, statement: str, table: str
) -> None:
    await ledger.chained(2)
    await ledger.seal()
    columns = {"audit": "actor", "audit_links": "hash", "audit_heads": "at"}
    with pytest.raises(asyncpg.RestrictViolationError, match=f"rows of {table} are never changed or deleted"):
        await ledger.rows(statement.format(table, columns[table]))
    assert await ledger.size() == (2, 0)


async def test_a_replication_session_is_refused_too(ledger: Ledger) -> None:
    await ledger.chained(1)
    async with ledger.above.transaction() as session:
        await session.raw.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(asyncpg.RestrictViolationError):
            async with session.raw.transaction():
                await session.raw.execute("DELETE FROM audit")


async def test_protection_can_be_taken_back_by_a_migration(ledger: Ledger) -> None:
    await ledger.chained(1)
    back = Statements()
    audit.unprotect(back)
    async with ledger.database.transaction() as session:
        await execute(session, *back.said, "DELETE FROM audit")
    assert await ledger.faults() == [Fault("removed", 1, 1)]


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'wang'", "actor = NULL", "unit = actor, actor = unit", "action = action || ' '", "reason = ''",
        "at = at + interval '1 microsecond'", "at = 'infinity'", "at = '4714-11-24 BC'", "before = NULL",
        "after = after + 1", "subject = gen_random_uuid()", "detail = '{}'",
    ],
)  # fmt: skip
async def test_an_altered_entry_is_found_and_named(ledger: Ledger, change: str) -> None:
    await ledger.chained(7)
    await ledger.forge(f"UPDATE audit SET {change} WHERE id = 4")  # noqa: S608 - from the list above
    assert await ledger.faults() == [Fault("altered", 4, 4)]


async def test_a_removed_entry_is_found_and_named(ledger: Ledger) -> None:
    await ledger.chained(7)
    await ledger.forge("DELETE FROM audit WHERE id = 4")
    assert await ledger.faults() == [Fault("removed", 4, 4)]
    await ledger.forge("DELETE FROM audit_links WHERE entry = 4")
    assert await ledger.faults() == [Fault("removed", 4, until=4)]


async def test_an_inserted_entry_is_found_and_named(ledger: Ledger) -> None:
    await ledger.chained(7)
    forged = "INSERT INTO audit (at, subject, action) SELECT at, subject, 'forged' FROM audit WHERE id = 3"
    await ledger.rows(forged)  # the owner can, but it has no place in the chain
    assert await ledger.faults() == [Fault("inserted", None, 8)]
    await ledger.forge(
        "ALTER TABLE audit_links DROP CONSTRAINT pk_audit_links",
        "UPDATE audit_links SET position = position + 1 WHERE position > 3",
        "INSERT INTO audit_links SELECT 4, 8, hash, 'x' FROM audit_links WHERE position = 3",
    )
    assert await ledger.faults() == [Fault("inserted", 4, 8)]


async def test_a_link_that_is_put_back_into_the_queue_is_found(ledger: Ledger) -> None:
    await ledger.chained(7)
    await ledger.forge("DELETE FROM audit_links WHERE entry = 4", "INSERT INTO audit_unchained VALUES (4)")
    assert await ledger.chain() == 1
    assert await ledger.faults() == [Fault("removed", 4, until=4)]


async def test_an_entry_that_is_removed_before_it_was_chained_is_found(ledger: Ledger) -> None:
    await ledger.write("a", "b", "c")
    await ledger.forge("DELETE FROM audit WHERE id = 2")
    assert await ledger.chain() == 2
    assert await ledger.chain() == 0
    assert await ledger.faults() == [Fault("removed", None, 2)]
    assert await ledger.size() == (2, 1)  # it waits for ever, and the metric shows it


async def test_an_end_that_is_cut_off_is_found_by_the_heads_even_when_the_chain_grew_again(ledger: Ledger) -> None:
    await ledger.chained(5)
    sealed = await ledger.seal()
    assert sealed is not None
    cut = ["DELETE FROM audit_links WHERE position > 3", "DELETE FROM audit WHERE id > 3"]
    await ledger.forge(*cut)
    assert await ledger.faults() == [Fault("removed", 4, until=5)]
    await ledger.forge("DELETE FROM audit_heads")
    assert await ledger.faults() == []
    assert await ledger.faults([sealed]) == [Fault("removed", 4, until=5)]
    await ledger.chained(4)
    assert await ledger.faults() == []
    assert await ledger.faults([sealed]) == [Fault("replaced", 5, 7)]


async def test_a_head_is_sealed_when_the_chain_has_moved_and_no_more_often_than_asked(ledger: Ledger) -> None:
    hour = timedelta(hours=1)
    assert await ledger.seal() is None
    await ledger.chained(2)
    first = await ledger.seal(every=hour)
    assert first is not None
    assert first.position == 2
    assert await ledger.seal() is None  # it has not moved
    await ledger.chained(1)
    assert await ledger.seal(every=hour) is None
    async with ledger.database.transaction() as session:
        later = await audit.seal(session, NOW + hour, every=hour)
        assert await audit.heads(session) == [first, later]
    assert later is not None
    assert (later.position, later.at) == (3, NOW + hour)
    assert await ledger.faults([first, later]) == []


async def test_the_whole_audit_is_read_out_in_order_and_what_waits_comes_last(ledger: Ledger) -> None:
    await ledger.chained(3)
    await ledger.write("waiting")
    async with ledger.database.transaction() as session:
        read = [row async for row in verifying.entries(session)]
    assert [(row["position"], row["id"], row["action"]) for row in read] == [
        (1, 1, "step-0"), (2, 2, "step-1"), (3, 3, "step-2"), (None, 4, "waiting"),
    ]  # fmt: skip
    assert read[1]["previous"] == read[0]["hash"]


FORGERIES = (
    "UPDATE audit SET actor = actor || 'x' WHERE id = {0}",
    "UPDATE audit SET before = after, after = before WHERE id = {0}",
    "UPDATE audit SET at = at - interval '1 day' WHERE id >= {0}",
    "DELETE FROM audit WHERE id = {0}",
    "DELETE FROM audit WHERE id >= {0}",
    "DELETE FROM audit_links WHERE entry = {0}",
    "DELETE FROM audit_links WHERE position >= {0}",
    "UPDATE audit_links SET hash = previous WHERE entry = {0}",
    "UPDATE audit_links SET previous = hash WHERE entry = {0}",
    "UPDATE audit_links SET entry = entry + 100 WHERE entry = {0}",
    "UPDATE audit_links SET position = -position WHERE entry = {0}",
    "UPDATE audit_links SET position = position + 100 WHERE position >= {0}",
    "INSERT INTO audit (at, subject, action) SELECT at, subject, action FROM audit WHERE id = {0}",
    "INSERT INTO audit_unchained VALUES ({0} + 1000)",
)


class TakenBack(Exception):
    """Ends a transaction that must leave nothing."""


async def found_in(ledger: Ledger, *forgeries: str) -> list[Fault]:
    """What is found while they stand; then they are rolled back."""
    check = verifying.Verification(ledger.service, batch=5)
    found: list[Fault] = []
    with contextlib.suppress(TakenBack):
        async with ledger.above.transaction() as session:
            await execute(session, *OFF, *forgeries)
            found += [fault async for fault in check.faults(session)]
            raise TakenBack
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(FORGERIES), st.integers(1, 12)), min_size=1, max_size=3, unique=True))
async def test_whatever_is_forged_is_found(ledger: Ledger, forgeries: list[tuple[str, int]]) -> None:
    if await ledger.size() == (0, 0):
        await ledger.chained(12)
        await ledger.seal()
    assert await found_in(ledger) == []
    assert await found_in(ledger, *(statement.format(place) for statement, place in forgeries))
