"""Reads /proc: when a process started, whether it still runs, which processes stem from it, where it listens."""

import contextlib
from pathlib import Path

PROC = Path("/proc")
LISTENS = "0A"  # TCP_LISTEN


def boot_id() -> str:
    """Differs after every start of the machine, so that pids of an earlier boot are never believed."""
    return (PROC / "sys/kernel/random/boot_id").read_text().strip()


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state (field 3) on; None when there is no such process."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()  # the name before it may itself hold blanks and brackets


def started(pid: int) -> int | None:
    """Clock ticks from boot to the start of a process; None when it is gone or only waits to be reaped."""
    fields = _stat(pid)
    if fields is None or fields[0] in {"Z", "X"}:
        return None
    return int(fields[19])


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def descendants(pid: int) -> dict[int, int]:
    """Every living process below `pid`, as {pid: start}; sessions and groups of their own do not hide them."""
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (parent := _parent(int(entry.name))) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    found: dict[int, int] = {}
    waiting = list(children.get(pid, []))
    while waiting:
        child = waiting.pop()
        waiting += children.get(child, [])
        if (start := started(child)) is not None:
            found[child] = start
    return found


def listening(port: int) -> set[str]:
    """The sockets on which somebody listens at a port, as /proc names them: "socket:[12345]"."""
    found = set()
    here = f":{port:04X} "  # thousands of lines, of connections that were closed a minute ago: most are not taken apart
    for table in filter(Path.exists, (PROC / "net/tcp", PROC / "net/tcp6")):  # without IPv6 there is only the first
        for line in filter(lambda line: here in line, table.read_text().splitlines()[1:]):
            fields = line.split()
            if fields[3] == LISTENS and fields[1].endswith(here.rstrip()):
                found.add(f"socket:[{fields[9]}]")
    return found


def open_files(pid: int) -> set[str]:
    """What the file descriptors of a process lead to; empty when it is gone or somebody else's."""
    found = set()
    try:
        for entry in (PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                found.add(str(entry.readlink()))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return set()
    return found
