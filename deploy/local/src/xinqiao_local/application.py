"""The services of one node as running processes: all in one, or each alone behind a gateway, at the same URLs."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx

from xinqiao_local import loopback
from xinqiao_local.nginx import Gateway
from xinqiao_local.ports import Ports
from xinqiao_local.process import Daemon, NotReady
from xinqiao_local.tree import SERVICES

ROLES = ("api", "worker")
ALL = "all"
# who answers at the node's own address, without a gateway
FRONT = (ALL, f"{ALL}-api")
PATIENCE = 90  # seconds until every process must be ready


def command() -> Path:
    """The `xinqiao` command of the environment we run in."""
    return Path(sys.executable).with_name("xinqiao")


class Application:
    """directory: the node's; split: each service and role as a process of its own; by_role: all APIs as one process,
    all workers as another; preferred: port of its pages.
    """

    def __init__(self, directory: Path, *, split: bool, by_role: bool = False, preferred: int | None = None) -> None:
        self.config = directory / "node.toml"
        self.split = split
        self._by_role = by_role
        self._directory = directory
        self._logs = directory / "log"
        self._ports = Ports(directory)
        self._preferred = preferred

    @property
    def port(self) -> int:
        return self._ports["http"]

    @property
    def url(self) -> str:
        """Where the node's pages and APIs are reached."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def processes(self) -> dict[str, Daemon]:
        """By name: "all"; "all-api" and "all-worker"; or "intake-api", "intake-worker" and so on."""
        services = SERVICES if self.split else [ALL]
        names = [f"{service}-{role}" for service in services for role in ROLES]
        return {name: Daemon(self._logs, name) for name in (names if self.split or self._by_role else [ALL])}

    def _port_of(self, name: str) -> int:
        return self.port if name in FRONT else self._ports[name]

    @property
    def alive(self) -> bool:
        """Every process that there should be runs."""
        return all(process.alive for process in self.processes.values())

    @property
    def _gateway(self) -> Gateway:
        routes = {f"/api/{service}/": f"127.0.0.1:{self._ports[f'{service}-api']}" for service in SERVICES}
        routes["/"] = f"127.0.0.1:{self._ports['portal-api']}"
        return Gateway(self._directory / "gateway", routes, self.port)

    def allocate_ports(self) -> None:
        """Before the first start and after a stop: its address is then known, and stays."""
        self._end_strays()
        names = {name for name, process in self.processes.items() if not process.alive}
        if not names.isdisjoint(FRONT) or (self.split and not self._nginx.alive):
            self._ports.allocate("http", preferred=self._preferred)
        self._ports.allocate(*sorted(names.difference(FRONT)))

    def start(self) -> None:
        """Start what does not run. The node file must be there."""
        for name, process in self.processes.items():
            process.start([command(), *self._arguments(name), "--node-config", self.config])
        if self.split:
            self._gateway.start()

    def _arguments(self, name: str) -> list[str]:
        if name == ALL:
            return ["run", ALL]
        service, role = name.split("-")
        return ["run", service, "--role", role, "--port", str(self._port_of(name))]

    def wait_ready(self, timeout: float = PATIENCE) -> None:
        """Until /readyz of every process answers 200. Raises NotReady, naming what is down."""
        for name, process in self.processes.items():
            port = self._port_of(name)
            try:
                process.wait_ready(partial(_ready, process, port), timeout)
            except NotReady as error:
                raise NotReady(f"{error}\n{_complaint(port)}") from None

    def stop(self, timeout: float = 30) -> None:
        """Ask all processes to finish what they have in hand; those that remain are killed."""
        self._nginx.stop(5)
        _stop_all(self._started(), timeout)

    def kill9(self) -> None:
        """All processes of the services at once; the gateway stays."""
        for process in self._started():
            process.kill9()

    @property
    def daemons(self) -> dict[str, Daemon]:
        """Its processes, and the gateway where there is one."""
        return self.processes | ({"nginx": self._nginx} if self.split else {})

    @property
    def _nginx(self) -> Daemon:
        return Daemon(self._directory / "gateway", "nginx")

    def _started(self) -> list[Daemon]:
        """By their pid files, so that processes of the other mode are found too."""
        return [Daemon(self._logs, file.stem) for file in sorted(self._logs.glob("*.pid"))]

    def _end_strays(self) -> None:
        """Processes of the other mode, from before it was changed, and with them the gateway, which holds the port."""
        strays = [process for process in self._started() if process.name not in self.processes]
        if strays:
            self._nginx.stop(5)
            _stop_all(strays, 30)


def _stop_all(processes: Sequence[Daemon], timeout: float) -> None:
    """All at once."""
    with ThreadPoolExecutor(len(processes) or 1) as pool:
        list(pool.map(lambda process: process.stop(timeout), processes))


def _ready(process: Daemon, port: int) -> bool:
    """A stranger at the port may well answer: it must be this process that listens there."""
    if not process.listens(port):
        return False
    try:
        return loopback.get(f"http://127.0.0.1:{port}/readyz").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _complaint(port: int) -> str:
    """What /readyz says, or that nobody answers."""
    try:
        return f"port {port} answers: " + loopback.get(f"http://127.0.0.1:{port}/readyz").text
    except httpx.HTTPError as error:
        return f"nobody answers at port {port}: {type(error).__name__}"
