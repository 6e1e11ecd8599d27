"""The private database server: survives a crash, keeps roles apart, is reachable from this machine only."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from xinqiao_local.postgres import Postgres

SERVICES = ["intake", "routing"]


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    server.start()
    yield server
    server.kill9()


async def test_what_was_committed_is_there_after_kill_9_and_restart(postgres: Postgres) -> None:
    url = postgres.create_database("crash")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE petitions AS SELECT 'XF1' AS number")
    postgres.kill9()
    assert not postgres.daemon.alive
    connection.terminate()
    postgres.start()
    again = await asyncpg.connect(url)
    assert await again.fetchval("SELECT number FROM petitions") == "XF1"
    await again.close()


async def test_a_role_enters_its_own_database_and_no_other(postgres: Postgres) -> None:
    urls = postgres.create_databases(SERVICES)
    own = await asyncpg.connect(urls["intake"])
    assert await own.fetchval("SELECT current_user") == "intake"
    await own.close()
    for foreign in ("routing", "postgres", "template1"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(postgres.url(foreign, "intake"))


async def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    url = postgres.create_database("secret")
    wrong = url.replace("secret:", "secret:x", 1)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


async def test_making_databases_again_keeps_what_is_in_them(postgres: Postgres) -> None:
    url = postgres.create_database("kept")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept (x int)")
    await connection.close()
    assert postgres.create_database("kept") == url
    assert postgres.create_databases(["kept"], "chosen")["kept"].startswith("postgresql://kept:chosen@")
    again = await asyncpg.connect(postgres.url("kept"))
    assert await again.fetchval("SELECT count(*) FROM kept") == 0
    await again.close()


def test_a_name_that_is_not_plain_is_refused(postgres: Postgres) -> None:
    with pytest.raises(ValueError, match="plain"):
        postgres.create_database('x"; DROP DATABASE postgres; --')


def test_starting_twice_keeps_the_running_server_and_passwords_are_private(postgres: Postgres) -> None:
    pid = postgres.daemon.pid
    Postgres(postgres.directory).start()
    assert postgres.daemon.pid == pid
    assert (postgres.directory / "passwords.json").stat().st_mode & 0o777 == 0o600
    assert postgres.directory.stat().st_mode & 0o777 == 0o700


async def test_it_listens_on_the_loopback_address_only(postgres: Postgres) -> None:
    connection = await asyncpg.connect(postgres.url())
    assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1"
    assert await connection.fetchval("SHOW unix_socket_directories") == ""
    await connection.close()


def test_an_orderly_stop_and_a_start_work_for_a_careless_server(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "careless", durable=False)
    server.start()
    server.create_database("intake")
    server.stop()
    assert not server.daemon.alive
    server.start()
    server.kill9()
