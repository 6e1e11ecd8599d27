"""`xinqiao procedures` as an operator types it."""

import asyncio
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import yaml
from tests.support.infra import Infra, new_database
from tests.support.nodes import settings_of
from typer.testing import CliRunner, Result

from kit import migrations
from node.cli import app
from routing.main import service
from routing.procedures.library import SHIPPED, Library
from xinqiao_local.node_file import render


def procedures(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["procedures", *(str(word) for word in words)])


def test_the_shipped_procedures_are_listed() -> None:
    listed = procedures("list")
    assert listed.exit_code == 0
    assert "matter-31-5/1" in listed.output
    assert "普通程序" in listed.output


def test_a_right_file_is_right_and_a_bad_one_is_told_line_by_line(tmp_path: Path) -> None:
    right = (SHIPPED / "simple.v1.yaml").read_text(encoding="utf-8").replace("version: 1", "version: 2", 1)
    file = tmp_path / "simple.v2.yaml"
    file.write_text(right, encoding="utf-8")
    assert "right 无误: simple.v2.yaml" in procedures("check", file).output
    file.write_text(right.replace("  screen:\n", "  embellish:\n"), encoding="utf-8")
    told = procedures("check", file)
    line = right.split("  screen:\n")[0].count("\n") + 1
    assert told.exit_code == 1
    assert f"{file}:{line}: unknown action 'embellish'" in told.output


def node_file(home: Path, database: str, own: str | None = None) -> Path:
    """A county whose node file names a directory of definitions."""
    settings = settings_of(home, "33.02.25", database=database)
    sections: dict[str, Any] = {
        "node": {"path": "33.02.25", "name": "丙县", "office_unit": settings.node.office_unit},
        "database": {"url": database},
        "broker": {"url": "amqp://127.0.0.1:1/", "management_url": "http://127.0.0.1:1"},
        "services.routing": {"definitions": own} if own else {},
    }
    (home / "node.toml").write_text(render(sections))
    return home / "node.toml"


def test_a_node_checks_its_own_directory_and_does_not_start_with_a_bad_one(tmp_path: Path) -> None:
    config = node_file(tmp_path / "county", "postgresql://nobody@127.0.0.1:1/none", "procedures")
    own = tmp_path / "county" / "procedures"
    own.mkdir()
    text = (SHIPPED / "simple.v1.yaml").read_text(encoding="utf-8")
    file = own / "simple-330225.v1.yaml"
    file.write_text(text.replace("name: simple", "name: simple-330225", 1), encoding="utf-8")
    assert "right 无误: simple-330225.v1.yaml" in procedures("check", "--node-config", config).output
    file.rename(own / "simple.v2.yaml")
    (own / "simple.v2.yaml").write_text(text.replace("version: 1", "version: 2", 1), encoding="utf-8")
    told = procedures("check", "--node-config", config)
    assert (told.exit_code, "ends with its region: -330225" in told.output) == (1, True)
    command = "from node.cli import main; main()"
    words = [sys.executable, "-c", command, "run", "routing", "--port", "0", "--node-config", str(config)]
    begun = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert begun.returncode == 2, begun.stdout + begun.stderr
    line = text.split("name: simple")[0].count("\n") + 1
    assert f"{own / 'simple.v2.yaml'}:{line}: the name of a procedure that an office wrote" in begun.stderr
    assert "Traceback" not in begun.stderr


def test_without_files_and_without_a_directory_of_its_own_there_is_nothing_to_check(tmp_path: Path) -> None:
    config = node_file(tmp_path / "county", "postgresql://nobody@127.0.0.1:1/none")
    assert procedures("check").exit_code == 2
    assert procedures("check", "--node-config", config).exit_code == 2


def test_a_definition_is_printed_as_cases_follow_it(infra: Infra, tmp_path: Path) -> None:
    database = asyncio.run(new_database(infra, f"p{uuid.uuid4().hex[:8]}"))
    asyncio.run(migrations.upgrade(database, service.migrations, service.metadata))
    config = node_file(tmp_path / "county", database)
    none = procedures("show", "simple/1", "--node-config", config)
    assert (none.exit_code, "no definition of simple/1" in none.output) == (1, True)
    asyncio.run(kept(database, "simple/1", Library.shipped().get("simple/1").text))
    shown = procedures("show", "simple/1", "--node-config", config)
    assert yaml.safe_load(shown.output)["zh"] == "简易办理程序"
    away = node_file(tmp_path / "elsewhere", "postgresql://nobody@127.0.0.1:1/none")
    assert procedures("show", "simple/1", "--node-config", away).exit_code == 2


async def kept(database: str, key: str, text: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("INSERT INTO procedures (key, text, followed) VALUES ($1, $2, true)", key, text)
    await connection.close()
