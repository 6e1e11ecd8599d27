"""What was written stays: by SQL, for the owner of the tables; and the migrations go up and down."""

from typing import Any

import asyncpg
import pytest
from tests.support.infra import Infra, new_database

from documents.main import service
from kit import migrations

CHANGES = [
    "UPDATE {} SET unit = 'somebody else'",
    "UPDATE {} SET unit = unit",
    "DELETE FROM {}",
    "TRUNCATE {}",
    "TRUNCATE {} CASCADE",
    "WITH gone AS (DELETE FROM {} RETURNING 1) SELECT count(*) FROM gone",
]
# by the trigger; or before it is asked, where rows elsewhere refer to these and CASCADE is not said
REFUSALS = (asyncpg.RestrictViolationError, asyncpg.FeatureNotSupportedError)


@pytest.fixture
async def filled(desk: Any) -> Any:
    """A database that holds a file and a paper, both read."""
    file_id, paper_id = (await desk.put()).json()["file_id"], (await desk.file()).json()["paper_id"]
    await desk.get("files", file_id)
    await desk.get("papers", paper_id)
    return desk


@pytest.mark.parametrize("table", ["files", "papers", "audit"])
@pytest.mark.parametrize("statement", CHANGES)
async def test_no_statement_changes_or_removes_a_row(filled: Any, table: str, statement: str) -> None:
    query = f"SELECT * FROM {table} ORDER BY id"  # noqa: S608 - a name of the list above
    before = await filled.running.rows(query)
    with pytest.raises(REFUSALS):
        await filled.running.rows(statement.format(table))
    assert await filled.running.rows(query) == before != []


async def test_a_replication_role_does_not_switch_the_guard_off(filled: Any) -> None:
    async with filled.running.runtime.database.transaction() as session:
        await session.raw.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(asyncpg.RestrictViolationError):
            await session.raw.execute("DELETE FROM papers")


async def test_without_the_trigger_the_row_would_go(filled: Any) -> None:
    async with filled.running.runtime.database.transaction() as session:
        await session.raw.execute("ALTER TABLE papers DISABLE TRIGGER papers_stay")
        assert await session.raw.execute("DELETE FROM papers") == "DELETE 1"


async def test_a_petition_with_documents_cannot_be_removed(filled: Any) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await filled.running.rows("DELETE FROM petitions")


async def test_the_migrations_go_up_from_nothing_and_down_again_and_match_the_tables(infra: Infra, worker: str) -> None:
    dsn = await new_database(infra, f"documents_migrations_{worker}")
    await migrations.upgrade(dsn, service.migrations, service.metadata)
    await migrations.check(dsn, service.migrations, service.metadata)
    await migrations.downgrade(dsn, service.migrations, service.metadata, "base")
    await migrations.upgrade(dsn, service.migrations, service.metadata)
