"""What a killed process had only claimed goes out again; what it had begun is in doubt."""

import asyncio
import os
import resource
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from services.notify.tests.sms import Peer, look, numbers, queue, send_all, states, use
from structlog.testing import capture_logs

from kit.clock import ManualClock
from kit.testing import eventually
from notify import resources
from notify.main import service
from notify.outbound import journal
from notify.outbound.journal import Journal, line
from notify.outbound.sender import Sender

WRITER = """
import sys, time
from pathlib import Path
from uuid import UUID
from notify.outbound.journal import Journal
journal = Journal(Path(sys.argv[1]))
name = journal.name
journal.begin(name, UUID(int=1), 3)
print(name, flush=True)
time.sleep(60)
"""
LEASE = timedelta(seconds=181)


def test_what_a_killed_process_had_begun_is_known_and_of_a_living_one_nobody_can_say(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        name = writer.stdout.readline().strip()
        mine = Journal(tmp_path)
        assert mine.begun(name) is None
        writer.kill()
        writer.wait()
        assert mine.begun(name) == frozenset({line(UUID(int=1), 3)})
    assert mine.begun("f" * 32 + name[32:]) is None, "of another boot"
    (tmp_path / name).unlink()
    assert mine.begun(name) is None


def test_its_own_a_process_knows_with_what_it_may_still_begin(tmp_path: Path) -> None:
    mine, first, second = Journal(tmp_path), uuid4(), uuid4()
    name = mine.name
    mine.begin(name, first, 1)
    with mine.holding(second, 1):
        assert mine.begun(name) == frozenset({line(first, 1), line(second, 1)})
    assert mine.begun(name) == frozenset({line(first, 1)})
    mine.close()


def test_a_full_file_is_followed_by_another_and_the_one_before_is_kept(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(journal, "LINES", 2)
    mine = Journal(tmp_path)
    names: list[str] = []
    for number in range(8):
        names.append(mine.name)
        mine.begin(names[-1], UUID(int=number), 1)
    assert len(set(names)) == 4
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(set(names[4:]))
    assert mine.begun(names[4]) == frozenset({line(UUID(int=4), 1), line(UUID(int=5), 1)})
    mine.close()


async def test_where_nothing_can_be_written_messages_leave_all_the_same(start: Any, tmp_path: Path) -> None:
    notify, peer = await start(service), Peer()
    use(notify, peer)
    (tmp_path / "handovers").write_text("no folder")
    resources.of(notify.runtime).journal = Journal(tmp_path / "handovers")
    await queue(notify, *numbers(3))
    await send_all(notify)
    assert await states(notify) == ["sent"] * 3


def test_half_a_line_is_no_line_and_its_file_is_named_by_no_claim_any_more(tmp_path: Path) -> None:
    mine = Journal(tmp_path)
    name = mine.name
    mine.begin(name, UUID(int=1), 1)
    size, (soft, hard) = (tmp_path / name).stat().st_size, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))  # as if the disk ended there
    try:
        with pytest.raises(OSError, match="cut off"):
            mine.begin(name, UUID(int=2), 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    with pytest.raises(OSError, match="broken"):
        mine.begin(name, UUID(int=3), 1)
    begun = mine.begun(name)
    assert begun is not None
    assert line(UUID(int=1), 1) in begun
    assert not {line(UUID(int=number), 1) for number in (2, 3)} & begun
    second = mine.name
    assert second not in ("", name)
    mine.begin(second, UUID(int=3), 2)
    mine.close()


def test_where_a_disk_is_full_it_is_seldom_tried_again(tmp_path: Path) -> None:
    mine, (soft, hard) = Journal(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with capture_logs() as logged:
            assert [mine.name, mine.name] == ["", ""]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [each["event"] for each in logged] == ["notify.no_journal"]
    assert list(tmp_path.iterdir()) == []


async def test_messages_leave_also_when_the_disk_is_full_in_the_middle(start: Any) -> None:
    notify, peer = await start(service, clock=ManualClock()), Peer()
    use(notify, peer)
    held = resources.of(notify.runtime)
    assert held.journal.name
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, next(reversed(held.journal._files.values())))
    os.close(full)
    ids = await queue(notify, *numbers(30))
    await send_all(notify)
    rows = await notify.rows("SELECT id, state, attempts FROM messages")
    assert {row["state"] for row in rows} == {"sent"}
    assert max(row["attempts"] for row in rows) <= 2, "claimed again and again"
    assert len(peer.taken) == len(ids)


async def test_of_what_a_dead_sender_had_claimed_only_what_it_had_begun_is_in_doubt(start: Any) -> None:
    clock = ManualClock()
    notify, peer = await start(service, clock=clock), Peer(gate=asyncio.Event())
    use(notify, peer)
    await queue(notify, *numbers(15))
    held = resources.of(notify.runtime)
    await held.sender.step(notify.runtime)

    async def window_is_full() -> bool:
        return peer.most == 10

    await eventually(window_is_full)
    await held.sender.close()
    held.sender, peer.gate = Sender(held.sender._lanes, held), None
    assert await states(notify) == ["sending"] * 15
    await look(notify, clock, LEASE)
    await send_all(notify)
    assert await states(notify) == ["sent"] * 5 + ["unknown"] * 10
    assert len(peer.taken) == 5


async def test_a_claim_whose_commit_was_not_answered_goes_out_when_its_lease_is_over(
    start: Any, monkeypatch: Any
) -> None:
    clock = ManualClock()
    notify, peer = await start(service, clock=clock), Peer()
    use(notify, peer)
    await queue(notify, *numbers(5))
    held = resources.of(notify.runtime)
    monkeypatch.setattr(held.sender, "_start", lambda *_: None)  # as if the commit had raised
    await held.sender.step(notify.runtime)
    held.sender = Sender(held.sender._lanes, held)
    assert await states(notify) == ["sending"] * 5
    await look(notify, clock, LEASE)
    await send_all(notify)
    assert (await states(notify), len(peer.taken)) == (["sent"] * 5, 5)
