"""Seals of a node's units, as an operator handles them at the command line."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.running import Running
from typer.testing import CliRunner, Result

from documents import resources
from documents.main import service as documents
from documents.seals import authority, drawing
from kit.errors import Refused
from node import sealing
from node.cli import app

UNIT = "330225100-xf"


async def run(running: Running, work: Any) -> Any:
    return await sealing.as_documents(running.runtime.settings, work)


async def xinqiao(*words: str) -> Result:
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, [*words]))


async def test_init_gives_each_unit_of_the_node_a_seal_once(start: Any) -> None:
    running = await start(documents)
    first = await run(running, sealing.init)
    assert [(row.unit, row.word) for row in first] == [(UNIT, "丁镇信"), ("330225100-cj", "丁镇村建")]
    assert await run(running, sealing.init) == []
    entries = await running.rows("SELECT action, unit FROM audit ORDER BY id")
    assert [tuple(entry) for entry in entries] == [("register-seal", row.unit) for row in first]


async def test_a_seal_is_registered_from_a_key_file_renewed_and_retired_and_each_is_audited(start: Any) -> None:
    running = await start(documents)
    await run(running, sealing.init)
    keys = resources.of(running.runtime).seal_keys
    root = keys.root("丁镇", running.runtime.clock.now())
    identity = authority.issue(root, "丁镇信访办", UNIT, running.runtime.clock.now())
    given = authority.load(identity.pkcs12("secret"), "secret")

    def with_key(new: Any) -> Any:
        from dataclasses import replace

        return replace(new, identity=given)

    image = drawing.round_seal("丁镇信访办")
    row = await run(running, lambda runtime, session: sealing.register(runtime, session, UNIT, "丁信", image, with_key))
    assert (row.version, row.word) == (2, "丁信")
    renewed = await run(running, lambda runtime, session: sealing.renew(runtime, session, UNIT, None))
    assert (renewed.version, renewed.word, renewed.image) == (3, "丁信", image)
    await run(running, lambda runtime, session: sealing.retire(runtime, session, UNIT, "lost"))
    listed = [(row.version, row.reason) for row in await run(running, sealing.all_of) if row.unit == UNIT]
    assert listed == [(3, "lost"), (2, "renewed"), (1, "renewed")]
    with pytest.raises(Refused, match="no-seal"):
        await run(running, lambda runtime, session: sealing.retire(runtime, session, UNIT, "lost"))
    actions = await running.rows("SELECT action, reason FROM audit WHERE unit = $1 ORDER BY id", UNIT)
    assert [entry["action"] for entry in actions].count("retire-seal") == 3


async def test_two_units_never_number_under_one_word_and_no_unit_of_another_node_has_a_seal_here(start: Any) -> None:
    running = await start(documents)
    await run(running, sealing.init)
    image = drawing.round_seal("丁镇村建办")

    def register(unit: str, word: str) -> Any:
        return lambda runtime, session: sealing.register(runtime, session, unit, word, image, lambda new: new)

    with pytest.raises(Refused, match="word-taken"):
        await run(running, register("330225100-cj", "丁镇信"))
    with pytest.raises(Refused, match="not-found"):
        await run(running, register("330225-xf", "丙信"))


async def test_a_sealed_pdf_is_verified_offline_and_a_changed_one_is_named(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    import pikepdf
    from pyhanko.sign.signers import SimpleSigner

    from documents.seals import signing

    root = authority.make_root("丁镇", datetime.now(UTC))
    identity = authority.issue(root, "丁镇信访办", UNIT, datetime.now(UTC))
    signer = SimpleSigner.load_pkcs12_data(identity.pkcs12("x"), [], passphrase=b"x")
    blank, file, pem = tmp_path / "blank.pdf", tmp_path / "paper.pdf", tmp_path / "root.pem"
    document = pikepdf.new()
    document.add_blank_page()
    document.save(blank)
    signed = await asyncio.to_thread(
        signing.sign, blank.read_bytes(), signer, number="丁信〔2026〕1号", unit_name="丁镇信访办"
    )
    file.write_bytes(signed)
    pem.write_bytes(authority.pem(root.certificate))
    whole = await xinqiao("seals", "verify", str(file), "--root", str(pem))
    assert whole.exit_code == 0
    assert "丁镇信访办" in whole.stdout
    file.write_bytes(signed.replace(b"/Count 1", b"/Count 2"))
    changed = await xinqiao("seals", "verify", str(file), "--root", str(pem))
    assert (changed.exit_code, "用印后被改动" in changed.stderr) == (1, True)
    unsigned = await xinqiao("seals", "verify", str(blank), "--root", str(pem))
    assert (unsigned.exit_code, "没有签章" in unsigned.stderr) == (1, True)


@pytest.mark.parametrize("command", ["init", "register", "renew", "retire", "list", "waiting", "retry", "verify"])
async def test_every_command_has_help_with_an_example(command: str) -> None:
    told = await xinqiao("seals", command, "--help")
    assert told.exit_code == 0
    assert f"xinqiao seals {command}" in told.stdout
