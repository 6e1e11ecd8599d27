"""The `xinqiao` command as an operator types it."""

import asyncio
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from tests.support.infra import Infra, new_database, new_virtual_host
from tests.support.nodes import settings_of
from typer.testing import CliRunner, Result

from kit.bus import Bus
from kit.outbox import Outgoing
from node.cli import app
from node.locating import node_file
from node.services import NAMES
from xinqiao_local.node_file import render

COMMANDS = [
    [], ["setup"], ["run"], ["import"], ["status"], ["topology", "show"], ["topology", "check"], ["parked", "list"],
    ["parked", "show"], ["parked", "replay"], ["parked", "drop"], ["outbox", "list"], ["outbox", "retry"],
    ["keys", "list"], ["keys", "rotate"], ["keys", "reencrypt"], ["audit", "verify"],
    ["audit", "export"], ["audit", "seal"], ["audit", "heads"], ["procedures", "check"], ["procedures", "list"],
    ["procedures", "show"],
    ["clock", "show"], ["clock", "advance"],
    ["sms", "send"], ["sms", "tail"], ["sms", "show"], ["sms", "queue"], ["sms", "settle"],
]  # fmt: skip


def xinqiao(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], terminal_width=200)


@pytest.fixture(scope="module")
def config(broker_ready: Infra, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The node file of a node that is set up, with nothing running."""
    name = f"c{uuid.uuid4().hex[:8]}"
    infra = broker_ready
    amqp, management = new_virtual_host(infra, name)
    home = tmp_path_factory.mktemp("nodes") / "township"
    home.mkdir()
    database = f"{infra.postgres.rsplit('/', 1)[0]}/{name}_{{service}}"
    settings = settings_of(home, "33.02.25.100", database=database, amqp=amqp, management=management)
    for service in NAMES:
        asyncio.run(new_database(infra, f"{name}_{service}"))
    sections: dict[str, Any] = {
        "node": {"path": settings.node.path, "name": "丁镇", "office_unit": settings.node.office_unit,
                 "public_url": "http://127.0.0.1:1"},
        "database": {"url": database},
        "broker": {"url": amqp, "management_url": management},
        "directory": [{"path": each.path, "name": each.name, "jwks": str(each.jwks)} for each in settings.directory],
    }  # fmt: skip
    (home / "node.toml").write_text(render(sections))
    done = xinqiao("setup", "--node-config", home / "node.toml")
    assert done.exit_code == 0, done.output
    return home / "node.toml"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_and_shows_an_example(command: list[str]) -> None:
    shown = xinqiao(*command, "--help")
    assert shown.exit_code == 0
    assert "Example: xinqiao" in shown.output


@pytest.mark.parametrize(
    ("started", "heavy"),
    [
        ("import node.cli", "fastapi sqlalchemy asyncpg aio_pika uvicorn httpx"),
        # a process of its own, or the one service that has such a store, loads these
        (
            "from node.services import load_all; load_all()",
            "weasyprint pyhanko pikepdf pypdfium2 PIL docx minio",
        ),
    ],
    ids=["help", "services"],
)
def test_what_few_need_is_loaded_when_it_is_needed(started: str, heavy: str) -> None:
    code = f"import sys; {started}; print([name for name in {heavy.split()!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_node_is_found_by_name_by_file_or_not_at_all(
    config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nodes").symlink_to(config.parents[1])
    monkeypatch.setenv("XQ_RUN_DIR", str(tmp_path))
    assert node_file(None, "township").samefile(config)
    assert node_file(config, None) == config
    missing = xinqiao("status", "--node", "village")
    assert missing.exit_code == 2
    assert "no node configuration" in missing.output


def test_a_key_is_rotated_told_with_what_to_do_next_and_listed(config: Path) -> None:
    told = xinqiao("keys", "rotate", "--node-config", config)
    assert told.exit_code == 0
    assert "new values are written under k2" in told.output
    assert f"xinqiao keys reencrypt --node-config {config}" in told.output
    moved = xinqiao("keys", "reencrypt", "--node-config", config)
    assert moved.exit_code == 0
    assert "left under older keys 仍用旧密钥 0" in moved.output
    listed = xinqiao("keys", "list", "--node-config", config)
    assert "k2 active" in listed.output
    assert "intake.petitioners" in listed.output


def test_keys_that_are_not_there_are_told_in_a_line(config: Path, tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(config.read_text())
    told = xinqiao("keys", "rotate", "--node-config", tmp_path / "node.toml")
    assert told.exit_code == 2
    assert "FileNotFoundError" in told.output


def test_a_wrong_node_file_is_told_without_its_secrets(config: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "node.toml"
    wrong.write_text(config.read_text().replace("[broker]", "[broker]\nprefetch = -1"))
    told = xinqiao("topology", "show", "--node-config", wrong)
    assert told.exit_code == 2
    assert "broker.prefetch" in told.output
    assert "amqp://" not in told.output


def test_setup_again_changes_nothing_and_knows_its_services(config: Path) -> None:
    again = xinqiao("setup", "--node-config", config, "--services", "intake,routing")
    assert again.exit_code == 0
    assert "ready 就绪" in again.output
    assert "no service 'kitchen'" in xinqiao("setup", "--node-config", config, "--services", "kitchen").output


def test_a_broker_that_is_set_up_is_as_it_should_be(config: Path) -> None:
    assert "as it should be 一致" in xinqiao("topology", "check", "--node-config", config).output
    assert "intake.letters" in xinqiao("topology", "show", "--node-config", config).output


def test_status_names_what_is_down_and_exits_with_one(config: Path) -> None:
    told = xinqiao("status", "--node-config", config)
    assert told.exit_code == 1
    assert "down: ConnectError" in told.output


def test_parked_messages_are_listed_shown_replayed_and_dropped(config: Path) -> None:
    async def park(count: int) -> None:
        from node.locating import load_settings

        bus = Bus(load_settings(config, None).broker.url.get_secret_value(), name="tests")
        for number in range(count):
            message = Outgoing("", "routing.on-case.parked", f"id-{number}", '{"type": "x.y", "name": "王五"}'.encode())
            await bus.publish(message, {"x-reason": "message-unreadable"})
        await bus.close()

    def settled(*words: str, until: str) -> str:
        """What was looked at goes back a moment after the look, so look again."""
        deadline = time.monotonic() + 20
        while until not in (told := xinqiao("parked", *words, "--node-config", config).output):
            assert time.monotonic() < deadline, told
        return told

    asyncio.run(park(3))
    place = "routing.on-case.parked"
    assert place in settled("list", until=" 3 ")
    shown = settled("show", place, until="id-2")
    assert "message-unreadable" in shown
    assert "王" not in shown
    settled("list", until=" 3 ")
    settled("drop", place, "--id", "id-0", until="dropped 已丢弃: 1")
    assert xinqiao("parked", "drop", place, "--id", "id-0", "--node-config", config).exit_code == 1
    settled("list", until=" 2 ")
    settled("replay", place, until="replayed 已重投: 2")
    settled("list", until="none 无")
    assert xinqiao("parked", "show", "routing.on-case", "--node-config", config).exit_code == 2


def test_outboxes_are_listed_and_tried_again(config: Path) -> None:
    assert "intake: none 无" in xinqiao("outbox", "list", "--node-config", config).output
    assert "将重试: 0" in xinqiao("outbox", "retry", "--node-config", config).output
    assert xinqiao("outbox", "retry", "--id", "1", "--node-config", config).exit_code == 2


def test_run_refuses_an_unknown_service_or_role(config: Path) -> None:
    assert xinqiao("run", "kitchen", "--node-config", config).exit_code == 2
    assert xinqiao("run", "intake", "--role", "boss", "--node-config", config).exit_code == 2
