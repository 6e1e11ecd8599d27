"""Free loopback ports, remembered in a file so that a restart uses the same ones."""

import atexit
import json
import random
import socket
import threading
import time
from pathlib import Path

BLOCK = 64
LETTING_GO = 1.0  # seconds
FIRST, LAST = 15_000, 32_000  # below the range from which the kernel takes ports for outgoing connections


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what lingers in TIME_WAIT does not listen
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _comes_free(port: int) -> bool:
    """Whether nobody listens there, or who did has just been killed and lets go of it now."""
    deadline = time.monotonic() + LETTING_GO
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class _Blocks:
    """Ports for this interpreter. The first port of a block is bound for as long as we live: so that two test
    processes that start at the same time never take the same ports, though their servers listen only seconds later.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[socket.socket] = []
        self._left: list[int] = []

    def take(self) -> int:
        with self._lock:
            while True:
                if not self._left:
                    self._open_block()
                port = self._left.pop(0)
                if is_free(port):
                    return port

    def close(self) -> None:
        """Give the blocks free."""
        with self._lock:
            while self._held:
                self._held.pop().close()

    def _open_block(self) -> None:
        starts = list(range(FIRST, LAST, BLOCK))
        random.shuffle(starts)
        for start in starts:
            keeper = socket.socket()
            try:
                keeper.bind(("127.0.0.1", start))
            except OSError:
                keeper.close()
                continue
            self._held.append(keeper)
            self._left = list(range(start + 1, start + BLOCK))
            return
        raise OSError(f"no free port between {FIRST} and {LAST}")


_blocks = _Blocks()
atexit.register(_blocks.close)


class Ports:
    """The ports of one instance, by name, in `directory`/ports.json."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "ports.json"
        self._known: dict[str, int] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def __getitem__(self, name: str) -> int:
        """Raises KeyError before `allocate`."""
        return self._known[name]

    def allocate(self, *names: str, preferred: int | None = None) -> dict[str, int]:
        """Call while the instance is down: keeps the ports it had, replaces those that somebody else took meanwhile.

        preferred: taken, if free, for a name that has no port yet. Returns the ports of all names known so far.
        """
        for name in names:
            had = self._known.get(name)
            if had is None or not _comes_free(had):
                self._known[name] = preferred if preferred is not None and is_free(preferred) else _blocks.take()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(self._known, indent=1))
        return dict(self._known)
