"""What a killed process had only claimed goes out again; what it had begun is in doubt."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from services.notify.tests.sms import Peer, look, numbers, queue, send_all, states, use

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
