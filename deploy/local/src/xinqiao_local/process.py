"""One private background process: started detached, known by pid and start time, signalled only if still that one."""

import atexit
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path

from xinqiao_local import procfs

POLL = 0.05  # seconds between two looks
_children: dict[int, "subprocess.Popen[bytes]"] = {}  # of this interpreter: they must be reaped when they end


class NotReady(RuntimeError):
    """A process ended early or did not become ready in time; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Identity:
    """A pid alone may be recycled; with the start time and the boot it names one process for ever."""

    pid: int
    started: int
    boot: str

    @property
    def lives(self) -> bool:
        """Whether this very process still runs."""
        _reap(self.pid)
        return procfs.started(self.pid) == self.started and procfs.boot_id() == self.boot


def _reap(pid: int) -> None:
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        _children.pop(pid, None)


@atexit.register
def _let_go() -> None:
    """What ended is reaped; what runs on is meant to outlive us, so nobody need be warned that we did not wait."""
    for child in _children.values():
        if child.poll() is None:
            child.returncode = 0
    _children.clear()


def wait_until(condition: Callable[[], bool], timeout: float, *, poll: float = POLL) -> bool:
    """Look until `condition` holds. False when `timeout` seconds passed without it."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(poll)
    return True


class Daemon:
    """A process that outlives its starter. `NAME.pid` and `NAME.log` lie in `directory`."""

    def __init__(self, directory: Path, name: str, *, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        self.name = name
        self.directory = directory
        self.pid_file = directory / f"{name}.pid"
        self.log_file = directory / f"{name}.log"
        self._stop_signal = stop_signal

    @property
    def identity(self) -> Identity | None:
        """The running process; None when none was started or it ended."""
        try:
            known = Identity(**json.loads(self.pid_file.read_text()))
        except FileNotFoundError:
            return None
        return known if known.lives else None

    @property
    def alive(self) -> bool:
        return self.identity is not None

    @property
    def pid(self) -> int | None:
        known = self.identity
        return known.pid if known else None

    def start(self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None) -> None:
        """Start `command` in a session of its own, in `directory`, its output added to the log.

        env: the whole environment (None: this one's). Does nothing when it runs already.
        """
        if self.alive:
            return
        self.directory.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, cwd=self.directory, env=env, umask=0o077,
            )  # fmt: skip
        _children[child.pid] = child
        self._remember(child.pid)

    def _remember(self, pid: int) -> None:
        known = Identity(pid, procfs.started(pid) or 0, procfs.boot_id())
        new = self.pid_file.with_suffix(".pid.new")
        new.write_text(json.dumps(asdict(known)))
        new.rename(self.pid_file)

    def wait_ready(self, ready: Callable[[], bool], timeout: float) -> None:
        """Raises NotReady when the process ends, or `ready` does not hold within `timeout` seconds."""
        wait_until(lambda: not self.alive or ready(), timeout)
        if not self.alive:
            raise NotReady(f"{self.name} ended while starting\n{self.last_words()}")
        if not ready():
            raise NotReady(f"{self.name} is not ready after {timeout:.0f} s\n{self.last_words()}")

    def listens(self, port: int) -> bool:
        """Whether this process or a child of it, and no stranger, listens at a port of this machine."""
        known = self.identity
        sockets = procfs.listening(port)
        if known is None or not sockets:
            return False
        family = chain([known.pid], procfs.descendants(known.pid))
        return any(sockets & procfs.open_files(pid) for pid in family)

    def last_words(self, lines: int = 20) -> str:
        """The end of the log."""
        if not self.log_file.exists():
            return "(no log)"
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, timeout: float = 30) -> None:
        """Ask it to end; after `timeout` seconds kill it. Returns when it is gone."""
        known = self.identity
        if known is not None:
            tree = procfs.descendants(known.pid)
            self.resume()  # a paused process cannot hear the request
            _send(known.pid, known.started, self._stop_signal)
            if wait_until(lambda: not known.lives, timeout):
                wait_until(lambda: not _living(tree), 5)
            self._kill({known.pid: known.started} | tree)
        self.pid_file.unlink(missing_ok=True)

    def kill9(self) -> None:
        """Kill it and all that stems from it at once, as a crash of the machine would. Returns when they are gone."""
        known = self.identity
        if known is not None:
            _send(known.pid, known.started, signal.SIGSTOP)  # so that it starts no more children
            self._kill({known.pid: known.started} | procfs.descendants(known.pid))

    def pause(self) -> None:
        """Freeze it and its children: connections stay open, nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        known = self.identity
        if known is not None:
            for pid, start in ({known.pid: known.started} | procfs.descendants(known.pid)).items():
                _send(pid, start, number)

    def _kill(self, processes: dict[int, int]) -> None:
        for pid, start in processes.items():
            _send(pid, start, signal.SIGKILL)
        if not wait_until(lambda: not _living(processes), 10):
            raise NotReady(f"{self.name} cannot be ended")


def _send(pid: int, start: int, number: signal.Signals) -> None:
    """Signal the process only if it is the one that started then."""
    if procfs.started(pid) == start:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return  # it ended between the look and the signal: what we wanted


def _living(processes: dict[int, int]) -> bool:
    for pid in processes:
        _reap(pid)
    return any(procfs.started(pid) == start for pid, start in processes.items())
