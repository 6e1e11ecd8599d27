"""What a node in one process takes while nothing happens: resident memory and processor time, from /proc."""

import os
import time
from pathlib import Path

from deploy.bench.figures import Figure, limit, unmeasured

from xinqiao_local.cluster import Cluster

NODE = "township"
MEMORY, IDLE = 300, 3  # MB, per cent of one processor
TICKS = os.sysconf("SC_CLK_TCK")


def processor_time(pid: int, *, ended: bool = False) -> float:
    """Seconds that a process has used, user and system. ended: and those it started that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(each) for each in fields[11 : 15 if ended else 13]) / TICKS


def resident(pid: int) -> float:
    """MB (10^6 bytes)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kibibytes = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return kibibytes * 1024 / 1e6


def _process(cluster: Cluster | None) -> int | None:
    """Of the node that runs all services in one process."""
    daemon = cluster[NODE].application.processes.get("all") if cluster else None
    return daemon.pid if daemon else None


def measure(cluster: Cluster | None, *, seconds: float) -> list[Figure]:
    """Two figures."""
    memory, idle = f"resident memory of the {NODE} node", f"processor time of the idle {NODE} node"
    pid = _process(cluster)
    if pid is None:
        why = "no node runs in one process: make up"
        return [
            unmeasured("memory", memory, target=f"< {MEMORY} MB", why=why),
            unmeasured("idle", idle, target=f"< {IDLE} %", why=why),
        ]
    before, started = processor_time(pid), time.perf_counter()
    time.sleep(seconds)
    used = (processor_time(pid) - before) / (time.perf_counter() - started) * 100
    return [
        limit("memory", memory, unit="MB", below=MEMORY, value=resident(pid)),
        limit("idle", idle, unit="%", below=IDLE, value=used, note=f"over {seconds:g} s"),
    ]
