"""The scrub: what vanished or rotted in the store is found, named, and no longer named once it was restored."""

import io
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from documents import resources
from documents.metrics import FAULTY
from documents.scrubs.store import Due
from documents.scrubs.usecases import AGAIN, SCRUB, all_now, look, reseal, step
from documents.storage import store as objects
from kit.clock import ManualClock


class Drawer:
    """What stands in the store, for who goes past the service."""

    def __init__(self, shelf: Any, tmp_path: Path) -> None:
        self._shelf, self._root = shelf, tmp_path / "store" / "objects"

    def _in_directory(self, name: str) -> Path:
        return self._root / name[:2] / name[2:4] / name

    def read(self, name: str) -> bytes:
        if not hasattr(self._shelf, "client"):
            return self._in_directory(name).read_bytes()
        answer = self._shelf.client.get_object(self._shelf.settings.bucket, name)
        content = bytes(answer.read())
        answer.close()
        answer.release_conn()
        return content

    def write(self, name: str, content: bytes) -> None:
        if hasattr(self._shelf, "client"):
            self._shelf.client.put_object(self._shelf.settings.bucket, name, io.BytesIO(content), len(content))
        else:
            self._in_directory(name).write_bytes(content)

    def remove(self, name: str) -> None:
        if hasattr(self._shelf, "client"):
            self._shelf.client.remove_object(self._shelf.settings.bucket, name)
        else:
            self._in_directory(name).unlink()


@pytest.fixture
def drawer(desk: Any, shelf: Any, tmp_path: Path) -> Drawer:
    """The desk works on one store or the other, and time stands still."""
    desk.running.runtime.clock = ManualClock()
    resources.of(desk.running.runtime).vault.store = shelf.store
    return Drawer(shelf, tmp_path)


async def scrubbed(desk: Any, after: timedelta = timedelta(days=2)) -> None:
    """Everything that is due after so long."""
    desk.running.runtime.clock.advance(after)
    while await step(desk.running.runtime):
        pass


async def stored(desk: Any, content: bytes) -> tuple[str, str]:
    """(file, object)."""
    file_id = (await desk.put(content)).json()["file_id"]
    (row,) = await desk.running.rows("SELECT object FROM files WHERE id = $1::text::uuid", file_id)
    return file_id, row["object"]


async def faults(desk: Any) -> dict[str, str | None]:
    return {row["name"]: row["fault"] for row in await desk.running.rows("SELECT name, fault FROM objects")}


def rotted(content: bytes) -> bytes:
    return content[:-20] + bytes([content[-20] ^ 1]) + content[-19:]


@pytest.mark.parametrize(
    ("harm", "fault"),
    [
        (lambda drawer, name: drawer.remove(name), "missing"),
        (lambda drawer, name: drawer.write(name, rotted(drawer.read(name))), "altered"),
        (lambda drawer, name: drawer.write(name, drawer.read(name)[:-1]), "altered"),
        (lambda drawer, name: drawer.write(name, b""), "altered"),
    ],
)
async def test_what_vanished_or_rotted_is_named_until_it_is_restored(
    desk: Any, drawer: Drawer, capfd: Any, harm: Callable[[Drawer, str], None], fault: str
) -> None:
    file_id, name = await stored(desk, b"%PDF-1.7 " + os.urandom(200_000) + b"%%EOF")
    _, other = await stored(desk, b"%PDF-1.7 the other %%EOF")
    await scrubbed(desk)
    assert await faults(desk) == {name: None, other: None}
    backup = drawer.read(name)
    harm(drawer, name)
    capfd.readouterr()
    await scrubbed(desk, timedelta(days=31))
    assert await faults(desk) == {name: fault, other: None}
    assert FAULTY.labels(fault)._value.get() == 1
    said = capfd.readouterr().out
    assert "object.faulty" in said
    assert file_id in said
    drawer.write(name, backup)
    await scrubbed(desk, AGAIN)
    assert await faults(desk) == {name: None, other: None}
    assert FAULTY.labels(fault)._value.get() == 0
    assert "object.whole_again" in capfd.readouterr().out
    assert (await desk.get("files", file_id)).status_code == 200


async def test_an_object_in_the_place_of_another_is_found(desk: Any, drawer: Drawer) -> None:
    (_, one), (_, other) = await stored(desk, b"%PDF-one %%EOF"), await stored(desk, b"%PDF-other %%EOF")
    drawer.write(one, drawer.read(other))
    await scrubbed(desk)
    assert await faults(desk) == {one: "altered", other: None}


async def test_sending_the_file_again_restores_what_vanished(desk: Any, drawer: Drawer) -> None:
    _, name = await stored(desk, b"%PDF-one %%EOF")
    drawer.remove(name)
    await scrubbed(desk)
    assert await faults(desk) == {name: "missing"}
    await desk.put(b"%PDF-one %%EOF")
    await scrubbed(desk, AGAIN)
    assert await faults(desk) == {name: None}


async def test_a_store_that_is_away_is_no_fault(desk: Any, s3_shelf: Any) -> None:
    desk.running.runtime.clock = ManualClock()
    held = resources.of(desk.running.runtime)
    _, name = await stored(desk, b"%PDF-one %%EOF")
    away = s3_shelf.settings.model_copy(update={"endpoint": "127.0.0.1:1"})
    held.vault.store = type(s3_shelf.store)(away, s3_shelf.incoming, held.threads)
    desk.running.runtime.clock.advance(timedelta(days=2))
    with pytest.raises(OSError, match="S3 is away"):
        await step(desk.running.runtime)
    assert await faults(desk) == {name: None}


async def test_everything_is_looked_at_in_its_time_and_no_sooner(desk: Any) -> None:
    clock = desk.running.runtime.clock = ManualClock()
    await stored(desk, b"%PDF-one %%EOF")
    assert await step(desk.running.runtime) == 0
    clock.advance(timedelta(days=1))
    assert await step(desk.running.runtime) == 1
    assert await step(desk.running.runtime) == 0
    (row,) = await desk.running.rows("SELECT * FROM objects")
    assert (row["verified_at"], row["verify_after"]) == (clock.now(), clock.now() + timedelta(days=30))
    assert SCRUB in desk.running.service.workers


async def test_it_reads_no_faster_than_the_operator_allows(desk: Any) -> None:
    content = b"%PDF-1.7 " + os.urandom(1_000_000) + b"%%EOF"
    _, name = await stored(desk, content)
    (row,) = await desk.running.rows("SELECT name, sha256, fault FROM objects")
    started = datetime.now(UTC)
    await look(desk.running.runtime, Due(*row), rate=2_000_000)
    assert timedelta(seconds=0.45) < datetime.now(UTC) - started < timedelta(seconds=10)
    assert await faults(desk) == {name: None}


async def test_all_can_be_looked_at_now(desk: Any, drawer: Drawer) -> None:
    names = [(await stored(desk, b"%PDF-%%EOF" + bytes([n])))[1] for n in range(5)]
    drawer.remove(names[2])
    found = [fault async for fault in all_now(desk.running.runtime)]
    assert sorted(found, key=str) == [None, None, None, None, "missing"]
    assert (await faults(desk))[names[2]] == "missing"


def with_new_key(desk: Any, name: str = "k2") -> None:
    """As `xinqiao keys rotate` and a restart do it."""
    ring = desk.running.runtime.keyring
    rotated = replace(ring, active=name, keys={**ring.keys, name: os.urandom(32)})
    desk.running.runtime.keyring = rotated
    resources.of(desk.running.runtime).vault.ring = rotated


async def test_files_under_an_older_key_are_read_and_moved_under_the_active_one_when_asked(
    desk: Any, drawer: Drawer
) -> None:
    content = b"%PDF-1.7 " + os.urandom(300_000) + b"%%EOF"
    file_id, name = await stored(desk, content)
    before = drawer.read(name)
    with_new_key(desk)
    assert (await desk.get("files", file_id)).content == content
    *_, done = [each async for each in reseal(desk.running.runtime)]
    assert (done.moved, done.locked, done.faulty) == (1, 0, 0)
    assert b"k2" in drawer.read(name)[:10]
    assert drawer.read(name) != before
    assert (await desk.get("files", file_id)).content == content
    assert [each async for each in reseal(desk.running.runtime)] == []
    await desk.put(b"%PDF-new %%EOF")
    rows = await desk.running.rows("SELECT key_id FROM objects")
    assert {row["key_id"] for row in rows} == {"k2"}


async def test_what_is_locked_and_what_is_damaged_is_left_as_it_is(desk: Any, drawer: Drawer, shelf: Any) -> None:
    vault = resources.of(desk.running.runtime).vault
    async with vault.receiving() as receiving:
        await receiving.write(b"approved")
        kept = await receiving.keep(datetime.now(UTC) + timedelta(days=1))
    async with desk.running.runtime.database.transaction() as session:
        await objects.note(session, kept, desk.running.runtime.clock.now())
    _, damaged = await stored(desk, b"%PDF-damaged %%EOF")
    drawer.write(damaged, b"rotten")
    _, moved = await stored(desk, b"%PDF-moved %%EOF")
    with_new_key(desk)
    *_, done = [each async for each in reseal(desk.running.runtime)]
    assert (done.moved, done.locked, done.faulty) == (1, 1, 1)
    rows = await desk.running.rows("SELECT name, key_id FROM objects")
    assert {row["name"]: row["key_id"] for row in rows} == {kept.name: "k1", damaged: "k1", moved: "k2"}
    assert b"".join([chunk async for chunk in vault.read(kept.name, kept.digest)]) == b"approved"


async def test_a_second_digest_by_sm3_is_kept_where_it_is_asked_for(desk: Any) -> None:
    assert (await desk.put(b"%PDF-abc %%EOF")).json()["sm3"] is None
    resources.of(desk.running.runtime).vault.sm3 = True
    file = (await desk.put(b"%PDF-abc %%EOF")).json()
    assert len(file["sm3"]) == 64
    known = (await desk.put(b"abc", "text/plain")).json()
    # GB/T 32905, annex A.1
    assert known["sm3"] == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert {item["sm3"] for item in (await desk.get("files")).json()["items"]} == {file["sm3"], known["sm3"]}
