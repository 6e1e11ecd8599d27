"""What was sealed is changed or removed by nobody: not over the API, by SQL, or at the store with its own keys."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from minio import Minio
from minio.commonconfig import COMPLIANCE, GOVERNANCE
from minio.deleteobjects import DeleteObject
from minio.error import S3Error
from minio.retention import Retention
from services.documents.tests.conftest import Desk, S3Shelf
from services.documents.tests.sealing import Office
from tests.support.databases import database_for
from tests.support.infra import Infra
from tests.support.nodes import settings_of, token
from tests.support.running import running

from documents import resources
from documents.main import service
from documents.seals import signing
from kit import audit, verifying
from kit.db import Session

TABLES = ["sealed_papers", "numbers", "seals", "retired_seals", "papers"]
CHANGES = [
    "UPDATE {} SET {} = 'another'",
    "DELETE FROM {}",
    "TRUNCATE {} CASCADE",
    "WITH gone AS (DELETE FROM {} RETURNING 1) SELECT count(*) FROM gone",
]
COLUMN = {"retired_seals": "reason"}
ADMINISTRATOR = token(roles=["operator", "leader", "clerk", "handler", "supervisor", "analyst"], subject="admin")


@pytest.fixture
async def sealed(office: Office) -> tuple[Office, uuid.UUID]:
    """An office with a sealed paper, and a seal it has retired."""
    paper = await office.sealed_opinion()
    await office.register()
    return office, paper


async def test_an_administrator_finds_no_way_over_the_api(sealed: Any) -> None:
    office, paper = sealed
    before, path = await office.pdf(paper), f"{office.desk.path('papers')}/{paper}"
    for method in ("DELETE", "PUT", "PATCH"):
        for url in (path, f"{path}/sealed", f"{path}/seal", office.desk.path("sealed-papers")):
            answer = await office.running.request(method, url, who=ADMINISTRATOR, json={})
            assert answer.status_code in {404, 405}, (method, url)
    again = await office.ask(paper, who=ADMINISTRATOR)
    assert again.status_code == 409
    assert await office.pdf(paper) == before


async def test_no_sql_changes_or_removes_a_row_not_even_of_the_owner_of_the_tables(sealed: Any) -> None:
    """The service's role owns its tables here: the strongest role short of the server's administrator."""
    office, _ = sealed
    for table in TABLES:
        query = f"SELECT * FROM {table}"  # noqa: S608 - a name of the list above
        before = await office.running.rows(query)
        owner = f"SELECT tableowner = current_user AS mine FROM pg_tables WHERE tablename = '{table}'"  # noqa: S608
        assert (await office.running.rows(owner))[0]["mine"]
        for statement in CHANGES:
            with pytest.raises(asyncpg.RestrictViolationError):
                await office.running.rows(statement.format(table, COLUMN.get(table, "unit")))
        assert await office.running.rows(query) == before != []


async def test_a_role_that_may_only_work_with_the_rows_changes_none_either(sealed: Any) -> None:
    """As where another role than the service's own migrates."""
    office, _ = sealed
    async with office.running.runtime.database.transaction() as session:
        role = f"worker_{uuid.uuid4().hex[:8]}"
        await session.raw.execute(f"CREATE ROLE {role}")
        await session.raw.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        await session.raw.execute(f"SET LOCAL ROLE {role}")
        for table in ("sealed_papers", "numbers"):
            for statement in ("DELETE FROM {}", "TRUNCATE {} CASCADE", "UPDATE {} SET unit = unit"):
                await _refused(session, asyncpg.RestrictViolationError, statement.format(table))
            disabling = f"ALTER TABLE {table} DISABLE TRIGGER ALL"
            await _refused(session, asyncpg.InsufficientPrivilegeError, disabling)
        await session.raw.execute("RESET ROLE")
        await session.raw.execute(f"DROP OWNED BY {role}")
        await session.raw.execute(f"DROP ROLE {role}")


async def _refused(session: Session, error: type[Exception], statement: str) -> None:
    with pytest.raises(error):
        async with session.raw.transaction():
            await session.raw.execute(statement)


async def test_who_switches_the_triggers_off_is_found_out_by_the_audit_and_by_the_seal(sealed: Any) -> None:
    """Beyond what a database can refuse: the hash stands in the chain, and in what the seal has signed."""
    office, paper = sealed
    pdf = await office.pdf(paper)
    async with office.running.runtime.database.transaction() as session:
        await audit.chain(session, "documents")
        await session.raw.execute("ALTER TABLE audit DISABLE TRIGGER audit_stays")
        await session.raw.execute(
            "UPDATE audit SET detail = replace(detail, 'sha256\":\"', 'sha256\":\"0') WHERE action = 'seal-paper'"
        )
        await session.raw.execute("ALTER TABLE audit ENABLE ALWAYS TRIGGER audit_stays")
    async with office.running.runtime.database.transaction() as session:
        check = verifying.Verification("documents", [], lambda _: None)
        faults = [fault.kind async for fault in check.faults(session)]
    assert faults == ["altered"]
    keys = resources.of(office.running.runtime).seal_keys
    forged = pdf.replace(b"%%EOF", b"%%EOG", 1)
    assert (await asyncio.to_thread(signing.verify, pdf, keys.roots())).whole
    assert not (await asyncio.to_thread(signing.verify, forged, keys.roots())).whole


@pytest.fixture
async def at_s3(s3_shelf: S3Shelf, infra: Infra, worker: str, tmp_path: Path) -> Any:
    """The same office where the store is a real S3 server; yields it with the store's own credentials."""
    dsn = await database_for(infra, service, worker)
    given = s3_shelf.settings
    section = {
        "endpoint": given.endpoint, "access_key": given.access_key, "secret_key": given.secret_key,
        "bucket": given.bucket,
    }  # fmt: skip
    settings = settings_of(tmp_path / "home", database=dsn, s3=section)
    async with running(service, infra, tmp_path / "home", worker, settings=settings) as opened:
        desk = Desk(opened)
        await desk.hears_of(desk.petition)
        office = Office(desk)
        await office.register()
        yield office, s3_shelf.client


async def test_the_store_s_own_credentials_neither_remove_nor_replace_a_sealed_paper(at_s3: Any) -> None:
    office, client = at_s3
    paper = await office.sealed_opinion()
    before = await office.pdf(paper)
    (row,) = await office.register_of_seals()
    await asyncio.to_thread(_attack, client, row["object"])
    assert await office.pdf(paper) == before


def _attack(client: Minio, name: str) -> None:
    """Everything that S3 offers against an object, and each of its versions."""
    found = [
        (bucket.name, each.version_id)
        for bucket in client.list_buckets()
        for each in client.list_objects(bucket.name, recursive=True, include_version=True)
        if each.object_name == name
    ]
    assert found
    for bucket, version in found:
        with pytest.raises(S3Error, match="AccessDenied"):
            client.remove_object(bucket, name, version_id=version)
        errors = list(client.remove_objects(bucket, [DeleteObject(name, version)]))
        assert [error.code for error in errors] == ["AccessDenied"]
        client.put_object(bucket, name, BytesIO(b"forged"), 6)  # a newer version; the sealed one stands below it
        assert (client.stat_object(bucket, name, version_id=version).size or 0) > 6
        for each in client.list_objects(bucket, name, include_version=True):
            if each.version_id != version:
                client.remove_object(bucket, name, version_id=each.version_id)
        for mode in (GOVERNANCE, COMPLIANCE):
            sooner = Retention(mode, datetime.now(UTC).replace(microsecond=0) + timedelta(days=1))
            with pytest.raises(S3Error):
                client.set_object_retention(bucket, name, sooner, version_id=version)
