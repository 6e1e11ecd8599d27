"""A real S3 server for tests: one Ceph monitor, one store in memory and the gateway, private to a directory."""

import base64
import os
import shutil
import signal
import struct
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from xinqiao_local.ports import Ports
from xinqiao_local.process import Daemon, NotReady
from xinqiao_local.secret_files import password, private_directory, write_private

# Pools of one copy in one placement group: nothing here is meant to survive. The paxos intervals (1 s and 50 ms by
# default) are waited out at each of some twenty map changes, and the tick (5 s) before a request that came too early is
# sent again: without them a start takes 1 s instead of 20.
CONFIGURATION = """\
[global]
fsid = {fsid}
mon initial members = a
mon host = [v2:127.0.0.1:{monitor}/0]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind port min = {first}
ms bind port max = {last}
keyring = {directory}/keyring
admin socket =
run dir = {directory}
log file = {directory}/$name.log
crash dir = {directory}/crash
mon data = {directory}/mon
mon allow pool size one = true
mon warn on pool no redundancy = false
auth allow insecure global id reclaim = false
paxos propose interval = 0.02
paxos min wait = 0.01
objecter tick interval = 0.2
osd data = {directory}/osd
osd objectstore = memstore
memstore device bytes = {room}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw dynamic resharding = false
"""
STORE_PORTS = 16  # the store listens on 8 and tries the next when one is taken
KEYS = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *"},
    "osd.0": {"mon": "allow profile osd", "osd": "allow *"},
}


class RadosGateway:
    """Speaks S3 at `endpoint` (http), object lock included. What it stores lives in memory and ends with it.

    room: bytes that it may store; what is deleted is given back hours later.
    """

    def __init__(self, directory: Path, room: int = 2 * 1024**3) -> None:
        self.directory = private_directory(directory.absolute())
        self.access_key = "xinqiao"
        self.secret_key = password()
        self._room = room
        self._configuration = self.directory / "ceph.conf"
        self._ports = Ports(self.directory)
        self._monitor = self._daemon("ceph-mon")
        self._store = self._daemon("ceph-osd")
        self._gateway = self._daemon("radosgw")

    def _daemon(self, name: str) -> Daemon:
        """There is nothing to save, and an orderly end of the gateway takes 7 s: so the end is a kill."""
        return Daemon(self.directory, name, stop_signal=signal.SIGKILL)

    @property
    def endpoint(self) -> str:
        """host:port, as the minio client wants it."""
        return f"127.0.0.1:{self._ports['gateway']}"

    @property
    def alive(self) -> bool:
        return self._gateway.alive and self._store.alive and self._monitor.alive

    def start(self) -> None:
        """Start it empty, about 1 s. Does nothing when it runs. Raises NotReady."""
        if self.alive:
            return
        self.stop()
        self._prepare()
        self._monitor.start(self._with_configuration(["ceph-mon", "-f", "-i", "a"]))
        self._run_once(["ceph-osd", "--mkfs", "-i", "0"])
        self._monitor.wait_ready(lambda: self._monitor.listens(self._ports["monitor"]), 30)
        self._store.start(self._with_configuration(["ceph-osd", "-f", "-i", "0"]))
        user = ["--uid=xinqiao", "--display-name=xinqiao", f"--access-key={self.access_key}"]
        self._run_once(["radosgw-admin", "user", "create", *user, f"--secret-key={self.secret_key}"])
        self._gateway.start(self._with_configuration(["radosgw", "-f", "-n", "client.admin"]))
        self._gateway.wait_ready(lambda: self._gateway.listens(self._ports["gateway"]), 60)

    def _prepare(self) -> None:
        """A configuration, keys, and a monitor that knows from its first map on that there is one store."""
        stores = [f"store-{number}" for number in range(STORE_PORTS)]
        self._ports.allocate("monitor", "gateway", *stores)
        fsid = str(uuid.uuid4())
        self._write_configuration(fsid, [self._ports[name] for name in stores])
        write_private(self.directory / "keyring", "".join(_key(name, rights) for name, rights in KEYS.items()))
        for directory in (self.directory / "mon", self.directory / "osd"):
            shutil.rmtree(directory, ignore_errors=True)
            private_directory(directory)
        address = f"[v2:127.0.0.1:{self._ports['monitor']}/0]"
        self._run_once(["monmaptool", "--create", "--clobber", "--fsid", fsid, "--addv", "a", address, "monmap"])
        self._run_once(["osdmaptool", "--createsimple", "1", "--clobber", "osdmap"])
        self._run_once(["ceph-mon", "--mkfs", "-i", "a", "--monmap=monmap", "--osdmap=osdmap"])

    def _write_configuration(self, fsid: str, store_ports: Sequence[int]) -> None:
        text = CONFIGURATION.format(
            directory=self.directory,
            room=self._room,
            fsid=fsid,
            monitor=self._ports["monitor"],
            gateway=self._ports["gateway"],
            first=min(store_ports),
            last=max(store_ports),
        )
        write_private(self._configuration, text)

    def _with_configuration(self, command: Sequence[str]) -> list[str]:
        return [command[0], f"--conf={self._configuration}", *command[1:]]

    def _run_once(self, command: Sequence[str]) -> None:
        words = self._with_configuration(command)
        done = subprocess.run(words, cwd=self.directory, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise NotReady(f"{command[0]} failed\n{done.stdout}{done.stderr}")

    def stop(self) -> None:
        """End all three; what was stored is gone."""
        for daemon in (self._gateway, self._store, self._monitor):
            daemon.stop()


def _key(name: str, rights: Mapping[str, str]) -> str:
    """A keyring section. The key is 16 random bytes after (type 1, seconds, nanoseconds, length), little-endian."""
    secret = base64.b64encode(struct.pack("<HIIH", 1, int(time.time()), 0, 16) + os.urandom(16)).decode()
    lines = [f"[{name}]", f"key = {secret}", *(f'caps {service} = "{right}"' for service, right in rights.items())]
    return "\n".join(lines) + "\n"
