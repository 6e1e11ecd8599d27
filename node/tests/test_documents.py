"""`xinqiao documents …` on a real store: what is missing is named, what stands under older keys is moved."""

import asyncio
import json
import os
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.running import Running, told
from typer.testing import CliRunner, Result

from contracts.events import PetitionState
from documents import resources
from documents.main import service as documents
from kit import keyfile
from node.cli import app

AT = "2026-01-05T01:00:00Z"


@pytest.fixture
async def running(start: Any) -> Running:
    """Documents at a township with a petition and three files."""
    begun: Running = await start(documents)
    petition = uuid.uuid4()
    state = PetitionState(
        number="XF33022520260105000001A", region="33.02.25.100", unit="330225100-xf", channel="letter",
        kind="appeal", petitioners=1, received_at=AT, registered_at=AT,
    )  # fmt: skip
    await begun.hear("documents.on-petition-registered", told("intake.petition.registered.v1", state, subject=petition))
    for number in range(3):
        await put(begun, petition, f"%PDF-1.7 {number} %%EOF".encode())
    return begun


async def put(running: Running, petition: uuid.UUID, content: bytes) -> httpx.Response:
    path = f"/api/documents/v1/petitions/{petition}/files/{uuid.uuid4()}"
    answer = await running.request("PUT", path, content=content, headers={"Content-Type": "application/pdf"})
    assert answer.status_code == 201
    return answer


async def xinqiao(running: Running, *words: str, url: str = "") -> Result:
    """On a node file that says what the running service was told."""
    settings = running.runtime.settings
    sections = {
        "node": {"path": settings.node.path, "name": "township", "office_unit": settings.node.office_unit},
        "database": {"url": url or running.runtime.database.dsn},
        "broker": {"url": "amqp://127.0.0.1:1/", "management_url": "http://127.0.0.1:1"},
    }
    lines = [
        line
        for name, values in sections.items()
        for line in (f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items()))
    ]
    file = settings.home / "node.toml"
    await asyncio.to_thread(file.write_text, "\n".join(lines))
    command = ["documents", *words, "--node-config", str(file)]
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, command))


def objects(running: Running) -> list[Path]:
    kept = (running.runtime.settings.home / "store" / "objects").rglob("*")
    return sorted(file for file in kept if file.is_file())


async def test_scrub_now_names_what_is_missing_until_it_is_restored(running: Running) -> None:
    whole = await xinqiao(running, "scrub", "--now")
    assert (whole.exit_code, "kept 对象 3" in whole.stdout) == (0, True)
    lost, *_ = objects(running)
    content = lost.read_bytes()
    lost.unlink()
    assert (await xinqiao(running, "scrub")).exit_code == 0  # nobody has looked yet
    found = await xinqiao(running, "scrub", "--now")
    (row,) = await running.rows("SELECT id FROM files WHERE object = $1", lost.name)
    assert found.exit_code == 1
    assert f"missing  {lost.name}" in found.stdout
    assert str(row["id"]) in found.stdout
    assert (await xinqiao(running, "scrub")).exit_code == 1
    lost.write_bytes(content)
    assert (await xinqiao(running, "scrub", "--now")).exit_code == 0


async def test_reseal_moves_what_stands_under_older_keys(running: Running) -> None:
    keyfile.rotate(running.runtime.settings.keys)
    before = [file.read_bytes() for file in objects(running)]
    outcome = await xinqiao(running, "reseal")
    assert (outcome.exit_code, "sealed anew 已更换 3" in outcome.stdout) == (0, True)
    after = [file.read_bytes() for file in objects(running)]
    assert not set(before) & set(after)
    assert (await xinqiao(running, "scrub", "--now")).exit_code == 0
    assert "sealed anew 已更换 0" in (await xinqiao(running, "reseal")).stdout


async def test_what_was_never_committed_is_listed_first_and_goes_when_asked(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with resources.of(running.runtime).vault.receiving() as receiving:
        await receiving.write(b"never committed")
        left = (await receiving.keep()).name
    assert "未登记 0" in (await xinqiao(running, "scrub", "--collect")).stdout  # it is young
    for file in objects(running):
        os.utime(file, (0, 0))
    listed = await xinqiao(running, "scrub", "--collect")
    assert (listed.exit_code, left in listed.stdout, "未登记 1" in listed.stdout) == (0, True, True)
    assert len(objects(running)) == 4
    with monkeypatch.context() as patched:
        patched.setattr("documents.scrubs.domain.FEW", 0)
        stopped = await xinqiao(running, "scrub", "--collect", "--remove")
    assert (stopped.exit_code, "none is removed" in stopped.stderr, len(objects(running))) == (1, True, 4)
    gone = await xinqiao(running, "scrub", "--collect", "--remove")
    assert (gone.exit_code, "removed 已清理 1" in gone.stdout, len(objects(running))) == (0, True, 3)
    assert (await xinqiao(running, "scrub", "--remove")).exit_code == 2


async def test_a_database_that_is_away_is_told_in_a_line(running: Running) -> None:
    outcome = await xinqiao(running, "scrub", url="postgresql://nobody@127.0.0.1:1/none")
    assert (outcome.exit_code, "database or store away" in outcome.stderr) == (2, True)


@pytest.mark.parametrize("command", ["scrub", "reseal"])
def test_every_command_has_help_with_an_example(command: str) -> None:
    told_of = CliRunner().invoke(app, ["documents", command, "--help"])
    assert (told_of.exit_code, f"xinqiao documents {command}" in told_of.stdout) == (0, True)
