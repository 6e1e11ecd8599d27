"""`xinqiao audit`: forged entries are named, also when the whole chain was written anew."""

import asyncio
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.support.infra import Infra, new_database
from tests.support.nodes import settings_of
from typer.testing import CliRunner, Result

from analytics import store as log
from analytics.entries import entry_of, parse_any
from kit import audit, migrations
from kit.db import Database
from node.cli import app
from node.services import load
from xinqiao_local.node_file import render

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
SERVICES = ("intake", "documents", "analytics")


@dataclass
class Node:
    """A node of which only the databases are there."""

    file: Path
    dsn: str

    def command(self, *words: str | Path) -> Result:
        line = ["audit", str(words[0]), "--node-config", str(self.file), *map(str, words[1:])]
        return CliRunner().invoke(app, line, terminal_width=200)

    def verify(self, *words: str | Path, service: str = "intake") -> Result:
        return self.command("verify", "--service", service, *words)

    def act(self, *actions: str, service: str = "intake") -> None:
        """What the service would note."""
        asyncio.run(self._act(service, actions))

    async def _act(self, service: str, actions: tuple[str, ...]) -> None:
        database = Database(self.dsn.format(service=service), pool_size=1)
        async with database.transaction() as session:
            for action in actions:
                audit.note(session, action, subject=uuid.uuid4(), at=NOW, actor="li", detail={"a": "文"})
        async with database.transaction() as session:
            await audit.chain(session, service)
        await database.close()

    def rows(self, query: str, *values: Any, service: str = "intake") -> list[asyncpg.Record]:
        async def fetch() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.dsn.format(service=service))
            try:
                found: list[asyncpg.Record] = await connection.fetch(query, *values)
                return found
            finally:
                await connection.close()

        return asyncio.run(fetch())

    def forge(self, statement: str) -> None:
        for table in audit.TABLES:
            self.rows(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        self.rows(statement)

    def write_anew(self) -> None:
        """All of it, with other actors, heads included, as somebody could who knows how it is done."""
        self.forge("UPDATE audit SET actor = 'wang'")
        self.rows("INSERT INTO audit_unchained SELECT entry FROM audit_links")
        self.rows("DELETE FROM audit_links")
        self.rows("DELETE FROM audit_heads")
        self.act()

    def rise(self) -> None:
        """What waits in the outbox of intake reaches the event log."""
        bodies = [row["body"] for row in self.rows("SELECT body FROM outbox ORDER BY id")]

        async def append() -> None:
            database = Database(self.dsn.format(service="analytics"), pool_size=1)
            async with database.transaction() as session:
                await log.append(session, [entry_of(parse_any(body)) for body in bodies])
            await database.close()

        asyncio.run(append())


@pytest.fixture
def node(infra: Infra, tmp_path: Path) -> Node:
    name = f"a{uuid.uuid4().hex[:8]}"
    dsn = f"{infra.postgres.rsplit('/', 1)[0]}/{name}_{{service}}"
    settings = settings_of(tmp_path, database=dsn)
    sections: dict[str, Any] = {
        "node": {"path": settings.node.path, "name": "丁镇", "office_unit": settings.node.office_unit},
        "database": {"url": dsn},
        "broker": {"url": "amqp://127.0.0.1:1/", "management_url": "http://127.0.0.1:1"},
    }
    (tmp_path / "node.toml").write_text(render(sections))
    for service in map(load, SERVICES):
        asyncio.run(new_database(infra, f"{name}_{service.name}"))
        asyncio.run(migrations.upgrade(dsn.format(service=service.name), service.migrations, service.metadata))
    return Node(tmp_path / "node.toml", dsn)


def test_a_whole_audit_is_told_to_be_whole(node: Node) -> None:
    node.act("register", "read-identity")
    told = node.verify("--service", "documents")
    assert told.exit_code == 0
    assert "whole and unchanged" in told.output


def test_forged_entries_are_named_and_the_exit_code_tells_of_them(node: Node) -> None:
    node.act("register", "read-identity", "register")
    node.forge("UPDATE audit SET actor = 'wang' WHERE id = 2")
    told = node.verify()
    assert told.exit_code == 1
    assert "intake: altered 被改动: position 位置 2, entry 条目 2" in told.output
    node.rows("DELETE FROM audit WHERE id = 2")
    assert "removed 被删除: position 位置 2, entry 条目 2" in node.verify().output
    node.rows("DELETE FROM audit_links WHERE position < 3")
    node.rows("INSERT INTO audit (at, subject, action) SELECT at, subject, 'register' FROM audit LIMIT 1")
    told = node.verify()
    assert "removed 被删除: position 位置 1–2" in told.output
    assert "inserted, not part of the chain 被插入,不在链中: entry 条目 4" in told.output


def test_a_chain_written_anew_is_found_by_what_the_event_log_has_kept(node: Node) -> None:
    node.act("register", "read-identity")
    sealed = node.command("seal", "--service", "intake")
    assert sealed.exit_code == 0
    assert json.loads(sealed.output)["position"] == 2
    assert "nothing new" in node.command("seal", "--service", "intake").output
    node.rise()
    assert node.verify().exit_code == 0
    node.write_anew()
    told = node.verify()
    assert told.exit_code == 1
    assert "not what was sealed, all up to here is in doubt 与封存值不符,此前内容均存疑: position 位置 2" in told.output


def test_a_chain_written_anew_is_found_by_what_the_parent_has_kept(node: Node, tmp_path: Path) -> None:
    node.act("register", "read-identity")
    node.command("seal", "--service", "intake")
    node.rise()
    kept = tmp_path / "heads.jsonl"
    told = node.command("heads")
    assert told.exit_code == 0, told.exception
    kept.write_text(told.output)
    assert node.verify("--anchors", kept).exit_code == 0
    node.write_anew()
    node.rows("DELETE FROM events", service="analytics")
    assert node.verify().exit_code == 0  # nothing here tells
    assert node.verify("--anchors", kept).exit_code == 1


def test_an_event_log_that_is_away_is_told_and_the_rest_is_verified(node: Node) -> None:
    node.act("register")
    node.rows("DROP TABLE events", service="analytics")
    told = node.verify()
    assert told.exit_code == 0
    assert "event log away" in told.output


def test_what_is_no_head_is_refused_with_its_line(node: Node, tmp_path: Path) -> None:
    wrong = tmp_path / "heads.jsonl"
    head = {"node": "33.02.25.100", "service": "intake", "position": 1, "hash": "00", "at": "2026-01-05T01:00:00Z"}
    for line in ("{", "[]", "{}", json.dumps({**head, "hash": "x"}), json.dumps({**head, "at": 5})):
        wrong.write_text(f"{json.dumps({**head, 'node': '33'})}\n\n{line}\n")
        told = node.verify("--anchors", wrong)
        assert told.exit_code == 2
        assert "heads.jsonl:3" in told.output
    assert node.verify("--anchors", tmp_path / "nothing").exit_code == 2


def test_a_service_that_is_none_and_a_database_that_is_away_are_told(node: Node) -> None:
    told = node.verify(service="treasury")
    assert told.exit_code == 2
    assert "no service treasury" in told.output
    assert node.verify(service="portal").exit_code == 2


def test_every_entry_is_exported_as_a_line(node: Node) -> None:
    node.act("register", "read-identity")
    lines = [json.loads(line) for line in node.command("export", "--service", "intake").output.splitlines()]
    assert [(line["service"], line["position"], line["action"]) for line in lines] == [
        ("intake", 1, "register"), ("intake", 2, "read-identity"),
    ]  # fmt: skip
    assert lines[0]["detail"] == {"a": "文"}
    assert lines[1]["previous"] == lines[0]["hash"]
    assert lines[0]["at"] == "2026-01-05T01:00:00+00:00"
