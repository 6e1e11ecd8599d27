"""Malware: looked for by a real clamd, with one signature of its own; what has it never leaves the vault."""

import asyncio
import io
import json
import os
import shutil
import socket
import uuid
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from documents import resources
from documents.metrics import SCANNED
from documents.scans.clamd import Clamd, ClamdAway, Unscannable
from documents.scans.usecases import SCANNER, step
from documents.storage.objects import Absent
from kit.clock import ManualClock
from kit.errors import Refused
from xinqiao_local.ports import Ports
from xinqiao_local.process import Daemon

# the harmless file that every scanner knows (eicar.org), in two pieces: no scanner shall find it in this one
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
THREAT = "Eicar-Test-Signature.UNOFFICIAL"
CONFIGURATION = """\
Foreground yes
LogFile {directory}/clamd.txt
DatabaseDirectory {directory}/signatures
TCPAddr 127.0.0.1
TCPSocket {port}
LocalSocket {directory}/socket
StreamMaxLength 5M
"""


class Server:
    """A private clamd at a port and a socket."""

    def __init__(self, directory: Path) -> None:
        self.port = Ports(directory).allocate("clamd")["clamd"]
        self.address = f"127.0.0.1:{self.port}"
        self.socket = f"unix:{directory}/socket"
        (directory / "signatures").mkdir()
        (directory / "signatures" / "eicar.ndb").write_text(f"Eicar-Test-Signature:0:*:{EICAR.hex()}\n")
        self._file = directory / "clamd.conf"
        self._file.write_text(CONFIGURATION.format(directory=directory, port=self.port))
        self._daemon = Daemon(directory, "clamd")

    def start(self) -> None:
        self._daemon.start(["clamd", f"--config-file={self._file}"])
        self._daemon.wait_ready(lambda: self._daemon.listens(self.port), 60)

    def stop(self) -> None:
        self._daemon.stop()


@pytest.fixture(scope="session")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # a socket's path has at most 107 characters
    directory = Path(os.environ.get("TMPDIR", "/tmp")) / f"clamd-{uuid.uuid4().hex[:8]}"  # noqa: S108
    directory.mkdir(mode=0o700)
    server = Server(directory)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(directory)


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


def zipped(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("letter.txt", content)
    return archive.getvalue()


@pytest.mark.parametrize("kind", ["address", "socket"])
async def test_clamd_is_asked_over_a_port_or_a_socket(clamd: Server, kind: str) -> None:
    scanner = Clamd(getattr(clamd, kind), 30)
    assert await scanner.scan(pieces(b"%PDF-1.7 harmless")) is None
    assert await scanner.scan(pieces(b"")) is None
    assert await scanner.scan(pieces(EICAR)) == THREAT
    assert await scanner.scan(pieces(b"x" * 300_000 + EICAR + b"y" * 300_000)) == THREAT
    assert await scanner.scan(pieces(zipped(EICAR))) == THREAT


async def test_what_is_longer_than_clamd_takes_is_told_apart_from_clamd_being_away(clamd: Server) -> None:
    with pytest.raises(Unscannable, match="size limit exceeded"):
        await Clamd(clamd.address, 30).scan(pieces(bytes(20_000_000)))
    with pytest.raises(ClamdAway):
        await Clamd("127.0.0.1:1", 30).scan(pieces(b"x"))
    with pytest.raises(ClamdAway):
        await Clamd("unix:/nowhere/at/all", 30).scan(pieces(b"x"))


async def test_a_clamd_that_falls_silent_or_breaks_off_is_away() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def rude(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    for behaviour in (silent, rude):
        server = await asyncio.start_server(behaviour, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ClamdAway):
                await Clamd(f"127.0.0.1:{port}", 0.5).scan(pieces(bytes(3_000_000)))


async def test_what_the_content_raises_is_passed_on(clamd: Server) -> None:
    async def gone() -> AsyncIterator[bytes]:
        yield b"x"
        raise Absent

    with pytest.raises(Absent):
        await Clamd(clamd.address, 30).scan(gone())


def having(desk: Any, **changes: Any) -> None:
    held = resources.of(desk.running.runtime)
    held.settings = held.settings.model_copy(update=changes)


@pytest.fixture
def guarded(desk: Any, clamd: Server) -> Any:
    """A desk whose node has a scanner; its worker takes a step when the test says so."""
    having(desk, clamd=clamd.address)
    return desk


async def state_of(desk: Any, file_id: str) -> str:
    items = (await desk.get("files")).json()["items"]
    return str(next(item["scan"] for item in items if item["file_id"] == file_id))


async def test_a_file_is_opened_once_it_was_found_clean(guarded: Any) -> None:
    file_id = (await guarded.put()).json()["file_id"]
    early = await guarded.get("files", file_id)
    assert (early.status_code, guarded.slug_of(early)) == (409, "file-not-scanned")
    assert await step(guarded.running.runtime) == 1
    assert await step(guarded.running.runtime) == 0
    assert await state_of(guarded, file_id) == "clean"
    assert (await guarded.get("files", file_id)).status_code == 200


async def test_what_is_infected_is_kept_and_never_given_out(guarded: Any, capfd: Any) -> None:
    before = SCANNED.labels("infected")._value.get()
    content = b"%PDF-1.7\n" + EICAR + b"\n%%EOF"
    ids = [(await guarded.put(content)).json()["file_id"] for _ in range(2)]  # one object
    clean = (await guarded.put()).json()["file_id"]
    while await step(guarded.running.runtime):
        pass
    for file_id in ids:
        answer = await guarded.get("files", file_id)
        assert (answer.status_code, guarded.slug_of(answer)) == (403, "file-infected")
        assert await state_of(guarded, file_id) == "infected"
    assert (await guarded.get("files", clean)).status_code == 200
    assert len(guarded.objects()) == 2
    assert SCANNED.labels("infected")._value.get() == before + 1
    notes = await guarded.running.rows("SELECT * FROM audit WHERE action = 'find-malware' ORDER BY id")
    assert [note["subject"] for note in notes] == [guarded.petition] * 2
    assert {json.loads(note["detail"])["file"] for note in notes} == set(ids)
    assert {json.loads(note["detail"])["threat"] for note in notes} == {THREAT}
    said = capfd.readouterr().out
    assert "object.infected" in said
    assert all(file_id in said for file_id in ids)


async def test_no_way_out_of_the_vault_leads_past_the_gate(guarded: Any) -> None:
    await guarded.put(b"%PDF-1.7\n" + EICAR + b"\n%%EOF")
    await step(guarded.running.runtime)
    (row,) = await guarded.running.rows("SELECT name, sha256 FROM objects")
    vault = resources.of(guarded.running.runtime).vault
    with pytest.raises(Refused, match="file-infected"):
        await anext(vault.read(row["name"], row["sha256"]))
    with pytest.raises(Refused, match="file-infected"):
        await anext(vault.read_from(row["name"], row["sha256"], 10))
    assert EICAR in b"".join([chunk async for chunk in vault.read(row["name"], row["sha256"], inspected=True)])


@pytest.mark.parametrize(
    ("settings", "opened"),
    [({}, True), ({"open_unscanned": False}, False), ({"clamd": "127.0.0.1:1"}, False),
     ({"clamd": "127.0.0.1:1", "open_unscanned": True}, True)],
)  # fmt: skip
async def test_a_setting_decides_whether_what_was_not_scanned_is_opened(
    desk: Any, settings: dict[str, Any], opened: bool
) -> None:
    having(desk, **settings)
    file_id = (await desk.put()).json()["file_id"]
    assert ((await desk.get("files", file_id)).status_code == 200) is opened
    assert await state_of(desk, file_id) == "unscanned"


async def test_while_clamd_is_away_files_are_taken_and_scanned_when_it_is_back(guarded: Any, clamd: Server) -> None:
    clock = ManualClock()
    guarded.running.runtime.clock = clock
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    having(guarded, clamd=address)
    file_id = (await guarded.put()).json()["file_id"]
    assert await step(guarded.running.runtime) == 0
    assert await state_of(guarded, file_id) == "unscanned"
    having(guarded, clamd=clamd.address)
    assert await step(guarded.running.runtime) == 0  # not at once again
    clock.advance(timedelta(minutes=1))
    assert await step(guarded.running.runtime) == 1
    assert await state_of(guarded, file_id) == "clean"


async def test_a_file_that_clamd_does_not_take_stays_unscanned_and_does_not_hold_up_the_others(guarded: Any) -> None:
    clock = ManualClock()
    guarded.running.runtime.clock = clock
    large = (await guarded.put(b"%PDF-1.7".ljust(8_000_000) + b"%%EOF")).json()["file_id"]
    clock.advance(timedelta(seconds=1))
    small = (await guarded.put()).json()["file_id"]
    while await step(guarded.running.runtime):
        pass
    assert (await state_of(guarded, large), await state_of(guarded, small)) == ("unscanned", "clean")


async def test_what_is_gone_from_the_store_does_not_hold_up_the_others(guarded: Any) -> None:
    clock = ManualClock()
    guarded.running.runtime.clock = clock
    await guarded.put(b"%PDF-1.7 gone %%EOF")
    for kept in guarded.objects():
        kept.unlink()
    clock.advance(timedelta(seconds=1))
    small = (await guarded.put()).json()["file_id"]
    while await step(guarded.running.runtime):
        pass
    assert await state_of(guarded, small) == "clean"


async def test_two_processes_scan_different_objects(guarded: Any, pdf: bytes) -> None:
    for number in range(4):
        await guarded.put(pdf + bytes([number]))
    steps = await asyncio.gather(*(step(guarded.running.runtime) for _ in range(4)))
    assert steps == [1, 1, 1, 1]
    rows = await guarded.running.rows("SELECT scan FROM objects")
    assert [row["scan"] for row in rows] == ["clean"] * 4
    assert SCANNER in guarded.running.service.workers
