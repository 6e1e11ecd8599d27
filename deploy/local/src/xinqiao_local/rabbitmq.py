"""A private RabbitMQ broker: own node name, data, plugins and port mapper (epmd), all listeners on 127.0.0.1."""

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from xinqiao_local import loopback
from xinqiao_local.ports import Ports
from xinqiao_local.process import Daemon, NotReady, wait_until
from xinqiao_local.rabbitmq_home import LISTENERS, environment, link_home, write_configuration
from xinqiao_local.secret_files import Passwords, private_directory, write_private

ADMIN = "xinqiao"


class RabbitMQ:
    """directory: everything it owns. name: shown in its pages and logs."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = private_directory(directory.absolute())
        self.name = name
        self.daemon = Daemon(self.directory, "rabbitmq")
        self.mapper = Daemon(self.directory, "epmd")
        self._ports = Ports(self.directory)
        self._passwords = Passwords(self.directory / "passwords.json")

    @property
    def node_name(self) -> str:
        """Made of the directory where it was first started, and kept when that is moved: the data bears the name."""
        file = self.directory / "node-name"
        if not file.exists():
            digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]
            write_private(file, f"xq-{digest}@localhost")
        return file.read_text()

    @property
    def amqp_port(self) -> int:
        return self._ports["amqp"]

    @property
    def stream_port(self) -> int:
        return self._ports["stream"]

    @property
    def password(self) -> str:
        return self._passwords[ADMIN]

    def url(self, user: str = ADMIN, password: str | None = None) -> str:
        """AMQP address of virtual host "/"; of the administrator unless another user is named."""
        return f"amqp://{user}:{password or self.password}@127.0.0.1:{self._ports['amqp']}/"

    @property
    def management_url(self) -> str:
        """Address of the management API, credentials included."""
        return f"http://{ADMIN}:{self.password}@127.0.0.1:{self._ports['management']}"

    @property
    def metrics_url(self) -> str:
        return f"http://127.0.0.1:{self._ports['prometheus']}/metrics"

    def start(self, *, wait: bool = True) -> None:
        """Start it; does nothing when it runs. wait=False returns at once: start several, then `wait_ready` each."""
        if not self.daemon.alive:
            self.mapper.stop()
            ports = self._ports.allocate(*LISTENERS)
            write_configuration(self.directory, ports, name=self.name, user=ADMIN, password=self.password)
            told = environment(self.directory, ports, self.node_name)
            self.mapper.start(["epmd", "-address", "127.0.0.1", "-port", str(ports["epmd"])], env=told)
            self.daemon.start([link_home(self.directory) / "sbin/rabbitmq-server"], env=told)
        if wait:
            self.wait_ready()

    def wait_ready(self, timeout: float = 120) -> None:
        """Until the broker takes connections and its management API answers. Raises NotReady."""
        self.daemon.wait_ready(self._answers, timeout)

    def _answers(self) -> bool:
        """The AMQP listener opens last, after the plugins' own; looking at its port first costs nothing."""
        return self.daemon.listens(self.amqp_port) and bool(self.overview())

    def overview(self) -> dict[str, Any]:
        """The management API's overview; empty while it does not answer."""
        found: dict[str, Any] = self._ask("overview") or {}
        return found

    def has_user(self, name: str) -> bool:
        """Whether the broker answers and knows a user."""
        return self._ask(f"users/{quote(name, safe='')}") is not None

    def _ask(self, path: str) -> Any:
        """What the management API says; None while it does not answer, or knows no such thing."""
        url = f"http://127.0.0.1:{self._ports['management']}/api/{path}"
        try:
            return loopback.get(url, (ADMIN, self.password)).raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return None

    def wait_settled(self, timeout: float = 15) -> None:
        """Until the name of every quorum queue and stream is on disk, a second or more after its declaration.

        A crash before that loses what the queue had confirmed, and the queue comes back without a leader, for ever
        (seen with RabbitMQ 3.10.8). So wait after declaring queues and before a test kills the broker. Raises NotReady.
        """
        if not wait_until(lambda: not self._unsettled(), timeout):
            raise NotReady(f"names not on disk after {timeout:.0f} s: {', '.join(self._unsettled())}")

    def _unsettled(self) -> list[str]:
        queues = self._ask("queues?columns=name,vhost,type")
        if queues is None:
            return ["(no answer)"]
        on_disk = b"".join(file.read_bytes() for file in self.directory.glob("mnesia/*/*/*/names.dets"))
        return [queue["name"] for queue in queues if _atom(queue) not in on_disk]

    def stop(self) -> None:
        """Orderly end: queues are flushed, peers are told. About 6 s, of which the management plugin sleeps 5."""
        self.daemon.stop()
        self.mapper.stop()

    def kill9(self) -> None:
        """As a power cut would; durable queues come back with the next start."""
        self.daemon.kill9()
        self.mapper.kill9()


def _atom(queue: dict[str, str]) -> bytes:
    """The name that must be on disk for a queue, as Erlang writes it: its length in front. Empty: none needs to be."""
    coordinator = "rabbit_stream_coordinator"  # it alone knows where the streams are
    own = f"{queue['vhost'].replace('/', '%2F')}_{queue['name']}"
    name = {"quorum": own, "stream": coordinator}.get(queue["type"], "").encode()
    return bytes([len(name)]) + name if name else b""
