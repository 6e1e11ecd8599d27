"""A text is durable before the gateway is told: through a database that is away, and processes that die in between."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.notify.tests.telephones import OTHER, PHONE, handle_all, said_of, sends, text, texts
from tests.support.running import Running

from kit.crypto import Keyring
from notify.gateways.interface import Incoming, Joint
from notify.inbound import spool
from notify.inbound.keeping import drain, keep
from notify.inbound.kept import Kept, bounded
from notify.main import service


@contextmanager
def database_away(notify: Running) -> Iterator[None]:
    """Nobody opens a connection, as when the server is down."""
    database = notify.runtime.database
    opened = database.transaction

    def refused(**_: Any) -> Any:
        raise ConnectionRefusedError

    database.transaction = refused  # type: ignore[method-assign]  # for the time of the outage
    try:
        yield
    finally:
        database.transaction = opened  # type: ignore[method-assign]


def spools(notify: Running) -> list[Path]:
    return sorted((notify.runtime.settings.home / "spool").glob("*"))


async def test_many_texts_at_once_share_few_statements_and_each_is_there_once(start: Any) -> None:
    notify = await start(service)
    before = await commits(notify)
    await asyncio.gather(*(keep(notify.runtime, "mobile", text(f"第{n}条", gateway_id=f"g{n}")) for n in range(1000)))
    await asyncio.gather(*(keep(notify.runtime, "mobile", text(f"第{n}条", gateway_id=f"g{n}")) for n in range(1000)))
    assert len(await texts(notify)) == 1000
    assert await commits(notify) - before < 200, "one for each would be 2000"
    assert len(await notify.rows("SELECT FROM phones")) == 1


async def commits(notify: Running) -> int:
    """Transactions that have written."""
    (row,) = await notify.rows("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next")
    return int(row["next"])


async def test_while_the_database_is_away_texts_wait_encrypted_on_disk_and_come_in_their_order(start: Any) -> None:
    notify = await start(service)
    await sends(notify, "甲")
    with database_away(notify):
        await sends(notify, "乙", "丙")
        with pytest.raises(ConnectionRefusedError):
            await drain(notify.runtime)
    (file,) = spools(notify)
    assert file.stat().st_mode & 0o077 == 0
    assert PHONE.encode() not in file.read_bytes()
    await sends(notify, "丁")
    assert await said_of(notify) == ["甲"], "a later text has overtaken those on disk"
    assert await drain(notify.runtime) == 3
    await sends(notify, "戊")
    assert await said_of(notify) == list("甲乙丙丁戊")
    assert spools(notify) == []


async def test_texts_that_come_while_the_disk_is_drained_are_neither_lost_nor_doubled(start: Any) -> None:
    notify = await start(service)
    with database_away(notify):
        await asyncio.gather(*(keep(notify.runtime, "mobile", text(f"{n}", gateway_id=f"{n}")) for n in range(1200)))
    more = (keep(notify.runtime, "mobile", text(f"{n}", gateway_id=f"{n}")) for n in range(1200, 2000))
    await asyncio.gather(drain(notify.runtime), *more)
    await drain(notify.runtime)
    assert sorted(map(int, filter(None, await said_of(notify)))) == list(range(2000))


async def test_a_statement_whose_answer_was_lost_is_not_counted_twice(start: Any) -> None:
    """It was committed; then the connection broke."""
    notify = await start(service)
    keeper = notify.runtime.resources.keeper
    insert = keeper._insert

    async def lost(group: Any) -> None:
        await insert(group)
        raise ConnectionResetError

    keeper._insert = lost
    await sends(notify, "甲", "乙")
    keeper._insert = insert
    assert await drain(notify.runtime) == 2
    assert await said_of(notify) == ["甲", "乙"]


# a process that keeps texts with no database, tells of each that it is kept, and is killed in the middle of a write
DIES = """
import sys
from pathlib import Path
from kit.crypto import Keyring
from notify.inbound.spool import Spool, sealed_line
import os
home, ring = Path(sys.argv[1]), Keyring.load(Path(sys.argv[2]))
spool = Spool(home / "spool", ring, 2**20)
for line in sys.stdin:
    if line.startswith("torn"):
        os.write(spool._descriptor, sealed_line(ring, "never told")[:-9])
    else:
        spool.append([line.strip()])
    print("kept", flush=True)
"""


async def test_what_a_killed_process_had_kept_is_brought_in_by_another_and_a_torn_line_reported(
    start: Any, capsys: Any
) -> None:
    notify = await start(service)
    runtime = notify.runtime
    kept = [Kept(runtime.ids.new(), "mobile", runtime.clock.now(), "", text(said)) for said in ("甲", "乙", "丙")]
    command = [
        sys.executable,
        "-c",
        textwrap.dedent(DIES),
        runtime.settings.home,
        runtime.settings.keys / "fields.json",
    ]
    with subprocess.Popen(  # noqa: ASYNC220 - it answers each line at once
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in (*(each.record() for each in kept), "torn"):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == "kept\n"
        assert await drain(runtime) == 0, "taken from a process that lives"
        process.send_signal(signal.SIGKILL)
    assert await drain(runtime) == 3
    assert await drain(runtime) == 0
    assert await said_of(notify) == ["甲", "乙", "丙"]
    assert "notify.spool_torn" in capsys.readouterr().out
    assert spools(notify) == []


async def test_draining_that_died_after_its_commit_doubles_nothing(start: Any) -> None:
    notify = await start(service)
    with database_away(notify):
        await sends(notify, "甲", "乙")
    keeper = notify.runtime.resources.keeper
    records, _ = keeper._spool.read(0, 10)
    await keeper._insert([Kept.of(record) for record in records])
    await drain(notify.runtime)
    assert await said_of(notify) == ["甲", "乙"]


async def test_a_line_that_was_altered_is_reported_and_the_file_stays_for_people(start: Any, capsys: Any) -> None:
    notify = await start(service)
    folder, ring = notify.runtime.settings.home / "spool", notify.runtime.keyring
    folder.mkdir()
    kept = Kept(notify.runtime.ids.new(), "mobile", notify.runtime.clock.now(), "", text("甲"))
    (folder / "texts-1-gone.spool").write_bytes(b"AAAA\n" + spool.sealed_line(ring, kept.record()))
    assert await drain(notify.runtime) == 1
    assert [file.suffix for file in spools(notify)] == [".unreadable"]
    assert "notify.spool_unreadable" in capsys.readouterr().out


async def test_a_line_that_goes_bad_under_a_living_process_stays_for_people_too(start: Any) -> None:
    notify = await start(service)
    with database_away(notify):
        await sends(notify, "甲", "乙", "丙")
    (file,) = spools(notify)
    first, second, third = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(first + b"A" * (len(second) - 1) + b"\n" + third)
    await drain(notify.runtime)
    assert await said_of(notify) == ["甲", "丙"]
    (left,) = spools(notify)
    assert left.suffix == ".unreadable"
    assert second not in left.read_bytes()
    await sends(notify, "丁")
    assert await said_of(notify) == ["甲", "丙", "丁"]


async def test_a_row_that_the_database_never_takes_is_put_aside_and_the_others_of_its_group_are_kept(
    start: Any,
) -> None:
    notify = await start(service)
    await notify.rows("ALTER TABLE inbound ADD CONSTRAINT poison CHECK (gateway_id <> 'g7')")
    await asyncio.gather(*(keep(notify.runtime, "mobile", text(f"{n}", gateway_id=f"g{n}")) for n in range(20)))
    assert sorted(map(int, filter(None, await said_of(notify)))) == [n for n in range(20) if n != 7]
    (left,) = spools(notify)
    record = spool.opened_line(notify.runtime.keyring, left.read_bytes())
    assert (left.suffix, Kept.of(record or "").incoming.text) == (".unreadable", "7")
    assert left.stat().st_mode & 0o077 == 0
    with database_away(notify):
        await asyncio.gather(*(keep(notify.runtime, "mobile", text(f"{n}", gateway_id=f"g{n}")) for n in (7, 21)))
    await drain(notify.runtime)
    assert "21" in await said_of(notify), "one bad line stops what waits on the disk"
    await notify.rows("ALTER TABLE inbound DROP CONSTRAINT poison")
    for file in spools(notify):
        file.rename(file.with_suffix(".spool"))
    assert await drain(notify.runtime) == 2
    assert (await said_of(notify)).count("7") == 1


async def test_a_full_spool_takes_nothing_so_the_gateway_brings_it_again(start: Any) -> None:
    notify = await start(service)
    notify.runtime.resources.keeper._spool._most = 900
    with database_away(notify):
        await sends(notify, "甲")
        with pytest.raises(spool.SpoolFull):
            await sends(notify, "乙" * 500)
    await drain(notify.runtime)
    assert await said_of(notify) == ["甲"]


async def test_a_write_that_the_disk_cuts_off_leaves_whole_lines(tmp_path: Path, start: Any) -> None:
    notify = await start(service)
    kept = spool.Spool(tmp_path / "s", notify.runtime.keyring, 2**20)
    kept.append(["first"])
    write = os.write

    def short(descriptor: int, data: bytes) -> int:
        return write(descriptor, data[:5])

    os.write = short  # type: ignore[assignment]  # a disk that is full
    try:
        with pytest.raises(spool.SpoolFull):
            kept.append(["second"])
    finally:
        os.write = write
    kept.append(["third"])
    assert kept.read(0, 10)[0] == ["first", "third"]


ANY_TEXT = st.none() | st.text(st.characters(codec=None, exclude_categories=()), max_size=50)
JOINTS = st.none() | st.builds(Joint, st.integers(-1, 70000), st.integers(-1, 300), st.integers(-1, 300))


@given(said=ANY_TEXT, ids=st.none() | st.text(max_size=200), to=st.text(max_size=50), raw=st.binary(max_size=20),
       joint=JOINTS)  # fmt: skip
def test_whatever_a_gateway_brings_can_be_written_to_disk_and_read_again(
    said: str | None, ids: str | None, to: str, raw: bytes, joint: Joint | None
) -> None:
    ring = Keyring("a", {"a": b"k" * 32}, b"i" * 32, b"c" * 32)
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    came = bounded(Incoming(gateway_id=ids, to=to, at=moment, phone=OTHER, text=said, raw=raw, joint=joint))
    kept = Kept(UUID(int=1), "mobile", moment, "", came)
    line = spool.sealed_line(ring, kept.record())
    assert line.count(b"\n") == 1
    assert Kept.of(spool.opened_line(ring, line) or "") == kept


async def test_any_letters_any_ids_and_any_parts_can_be_kept(start: Any) -> None:
    notify = await start(service)
    odd = ["\x00", "\ud83d", "\ude00甲", "𠀀", "", " "]
    for n, said in enumerate(odd):
        await keep(notify.runtime, "mobile", text(said, gateway_id=f"\x00{n}", phone=f"+86 139{n:08}"))
    for n, joint in enumerate((Joint(1, 0, 0), Joint(1, 2, 3), Joint(1, 300, 1), Joint(1, 1, 1))):
        await keep(notify.runtime, "mobile", text(f"{n}", joint=joint))
    assert len(await texts(notify)) == len(odd) + 4
    await handle_all(notify)
    assert not await notify.rows("SELECT FROM inbound WHERE state = 'received'")
