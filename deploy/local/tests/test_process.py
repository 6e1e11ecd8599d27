"""Supervision of one process: the right one is stopped, wholly; a stranger with its pid never is."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xinqiao_local import procfs
from xinqiao_local.process import Daemon, Identity, NotReady, wait_until

SLEEPER = [sys.executable, "-c", "import time; print('here', flush=True); time.sleep(600)"]
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True)\n"
POLITE = """
import signal, sys, time
def bye(*_):
    print("bye", flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, bye)
print("here", flush=True)
time.sleep(600)
"""
FAMILY = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("here", flush=True)
time.sleep(600)
"""


def started(daemon: Daemon, *command: str) -> Daemon:
    daemon.start(list(command))
    daemon.wait_ready(lambda: "here" in daemon.last_words(), 10)
    return daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    it = Daemon(tmp_path, "it")
    yield it
    it.kill9()


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def test_a_started_process_runs_in_a_session_of_its_own_and_writes_to_its_log(daemon: Daemon) -> None:
    started(daemon, *SLEEPER)
    assert daemon.pid is not None
    assert os.getsid(daemon.pid) == daemon.pid
    assert daemon.log_file.read_text() == "here\n"


def test_starting_what_runs_already_changes_nothing(daemon: Daemon) -> None:
    first = started(daemon, *SLEEPER).identity
    daemon.start(SLEEPER)
    assert daemon.identity == first


def test_it_outlives_its_starter_and_another_process_can_stop_it(daemon: Daemon, tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from xinqiao_local.process import Daemon\n"
    program += f"Daemon(Path({str(tmp_path)!r}), 'it').start({SLEEPER!r})"
    subprocess.run([sys.executable, "-c", program], check=True)
    pid = daemon.pid
    assert pid is not None
    daemon.stop()
    assert procfs.started(pid) is None


def test_a_polite_process_is_asked_and_not_killed(daemon: Daemon) -> None:
    started(daemon, sys.executable, "-c", POLITE).stop()
    assert daemon.log_file.read_text() == "here\nbye\n"
    assert not daemon.pid_file.exists()


def test_a_process_that_does_not_listen_is_killed_in_the_end(daemon: Daemon) -> None:
    started(daemon, sys.executable, "-c", STUBBORN + "time.sleep(600)").stop(timeout=0.3)
    assert not daemon.alive


def test_kill9_takes_the_children_too_even_those_in_sessions_of_their_own(daemon: Daemon) -> None:
    started(daemon, sys.executable, "-c", FAMILY)
    assert daemon.pid is not None
    children = procfs.descendants(daemon.pid)
    assert len(children) == 1
    daemon.kill9()
    assert not daemon.alive
    assert all(procfs.started(pid) is None for pid in children)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_paused_process_stands_still_until_it_is_resumed_and_can_be_stopped(daemon: Daemon) -> None:
    pid = started(daemon, sys.executable, "-c", POLITE).pid
    assert pid is not None
    daemon.pause()
    assert wait_until(lambda: _state(pid) == "T", 5)
    daemon.resume()
    assert wait_until(lambda: _state(pid) == "S", 5)
    daemon.pause()
    daemon.stop()
    assert daemon.log_file.read_text() == "here\nbye\n"


@pytest.mark.parametrize("difference", [{"started": 1}, {"boot": "another"}])
def test_a_recycled_pid_is_never_signalled(
    daemon: Daemon, stranger: subprocess.Popen[bytes], difference: dict[str, object]
) -> None:
    real = {"pid": stranger.pid, "started": procfs.started(stranger.pid), "boot": procfs.boot_id()}
    daemon.pid_file.write_text(json.dumps(real | difference))
    assert not daemon.alive
    daemon.pause()
    daemon.kill9()
    daemon.stop()
    assert stranger.poll() is None
    assert _state(stranger.pid) != "T"


def test_the_same_file_with_the_true_start_time_does_name_the_process(
    daemon: Daemon, stranger: subprocess.Popen[bytes]
) -> None:
    known = Identity(stranger.pid, procfs.started(stranger.pid) or 0, procfs.boot_id())
    daemon.pid_file.write_text(json.dumps(vars(known)))
    daemon.stop()
    assert stranger.wait() == -signal.SIGTERM


def test_a_process_that_ends_at_once_is_reported_with_its_last_words(daemon: Daemon) -> None:
    daemon.start([sys.executable, "-c", "raise SystemExit('no such port')"])
    with pytest.raises(NotReady, match="no such port"):
        daemon.wait_ready(lambda: False, 10)


def test_a_process_that_never_gets_ready_is_reported_too(daemon: Daemon) -> None:
    started(daemon, *SLEEPER)
    with pytest.raises(NotReady, match="not ready after"):
        daemon.wait_ready(lambda: False, 0.2)


LISTENER = """
import socket, sys, time
server = socket.create_server(("127.0.0.1", 0))
print(f"here {server.getsockname()[1]}", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("in_a_child", [False, True])
def test_a_process_and_its_children_are_known_by_where_they_listen(daemon: Daemon, *, in_a_child: bool) -> None:
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {LISTENER!r}])"
    started(daemon, sys.executable, "-c", parent if in_a_child else LISTENER)
    port = int(daemon.last_words().split()[-1])
    assert daemon.listens(port)


def test_a_stranger_that_listens_is_not_taken_for_it(daemon: Daemon) -> None:
    started(daemon, *SLEEPER)
    with socket.create_server(("127.0.0.1", 0)) as mine:
        assert not daemon.listens(mine.getsockname()[1])
