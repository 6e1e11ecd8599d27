"""A private RabbitMQ broker: own node name, data, plugins and port mapper (epmd), all listeners on 127.0.0.1."""

import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from xinqiao_local.ports import Ports
from xinqiao_local.process import Daemon, NotReady, wait_until
from xinqiao_local.secret_files import Passwords, private_directory, write_private

INSTALLED = Path("/usr/lib/rabbitmq/lib")
ADMIN = "xinqiao"
PLUGINS = (
    "rabbitmq_management",
    "rabbitmq_prometheus",
    "rabbitmq_shovel",
    "rabbitmq_shovel_management",
    "rabbitmq_stream",
)
# what those need of the same family; other rabbitmq_* plugins are not shown to the broker at all
NEEDED = ("rabbitmq_management_agent", "rabbitmq_peer_discovery_common", "rabbitmq_prelaunch")
NEEDED_TOO = ("rabbitmq_stream_common", "rabbitmq_web_dispatch")
LISTENERS = ("amqp", "management", "prometheus", "stream", "distribution", "epmd")
CONFIGURATION = """\
listeners.tcp.local = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {prometheus}
stream.listeners.tcp.local = 127.0.0.1:{stream}
stream.advertised_host = 127.0.0.1
stream.advertised_port = {stream}
distribution.listener.interface = 127.0.0.1
cluster_name = {name}
default_user = {user}
default_pass = {password}
loopback_users = none
collect_statistics_interval = 5000
vm_memory_high_watermark.relative = 0.2
disk_free_limit.absolute = 200MB
log.file.level = info
"""


def installed() -> Path:
    """The newest installed release. Raises FileNotFoundError."""
    found = sorted(INSTALLED.glob("rabbitmq_server-*/sbin/rabbitmq-server"))
    if not found:
        raise FileNotFoundError(f"rabbitmq-server is not installed below {INSTALLED}: run deploy/local/bootstrap.sh")
    return found[-1].parents[1]


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
        """Unique on this machine: the directory is part of it."""
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:12]
        return f"xq-{digest}@localhost"

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
            self._ports.allocate(*LISTENERS)
            self._write_configuration()
            epmd = str(self._ports["epmd"])
            self.mapper.start(["epmd", "-address", "127.0.0.1", "-port", epmd], env=self._environment())
            home = self._trimmed_home()
            self.daemon.start([home / "sbin/rabbitmq-server"], env=self._environment())
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
        try:
            answer = httpx.get(f"{self.management_url}/api/{path}", timeout=5, trust_env=False)
            return answer.raise_for_status().json()
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
        answer = httpx.get(f"{self.management_url}/api/queues?columns=name,vhost,type", timeout=10, trust_env=False)
        on_disk = b"".join(file.read_bytes() for file in self.directory.glob("mnesia/*/*/*/names.dets"))
        queues = answer.raise_for_status().json()
        return [queue["name"] for queue in queues if _atom(queue) not in on_disk]

    def stop(self) -> None:
        """Orderly end: queues are flushed, peers are told. About 6 s, of which the management plugin sleeps 5."""
        self.daemon.stop()
        self.mapper.stop()

    def kill9(self) -> None:
        """As a power cut would; durable queues come back with the next start."""
        self.daemon.kill9()
        self.mapper.kill9()

    def _write_configuration(self) -> None:
        ports = {listener: self._ports[listener] for listener in LISTENERS}
        text = CONFIGURATION.format(**ports, name=self.name, user=ADMIN, password=self.password)
        write_private(self.directory / "rabbitmq.conf", text)
        (self.directory / "enabled_plugins").write_text(f"[{','.join(PLUGINS)}].\n")

    def _trimmed_home(self) -> Path:
        """The installed release as links, without the plugins that are not used.

        At boot the Erlang VM looks for each of 1 300 modules in one plugin directory after the other; with half of
        them the boot takes a third less (measured: 4.8 s of CPU with all, 3.2 s with these).
        """
        home = self.directory / "home"
        for part in ("sbin", "escript"):
            _link(home / part, installed() / part)
        for plugin in (installed() / "plugins").iterdir():
            name = plugin.name.split("-")[0]
            if not name.startswith("rabbitmq_") or name in {*PLUGINS, *NEEDED, *NEEDED_TOO}:
                _link(home / "plugins" / plugin.name, plugin)
        return home

    def _environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "ERL_"))}
        return inherited | {
            "HOME": str(self.directory),  # the Erlang cookie is made there
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._ports["epmd"]),
            "ERL_FLAGS": "-start_epmd false",  # ours runs; no other may be left behind
            "ERL_CRASH_DUMP": str(self.directory / "erl_crash.dump"),
            "RUNNING_UNDER_SYSTEMD": "true",  # makes the script exec the VM: our pid is the broker's
            "RABBITMQ_SCRIPTS_DIR": str(self.directory / "home/sbin"),
            "RABBITMQ_PLUGINS_DIR": str(self.directory / "home/plugins"),
            "RABBITMQ_NODENAME": self.node_name,
            "RABBITMQ_DIST_PORT": str(self._ports["distribution"]),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.directory / "advanced.config"),
            "RABBITMQ_CONFIG_FILES": str(self.directory / "conf.d"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.directory / "log"),
            "RABBITMQ_PID_FILE": str(self.directory / "broker.pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",  # one scheduler thread: four brokers share two cores
            "RABBITMQ_SCHEDULER_BIND_TYPE": "u",  # unbound; by default every broker would tie it to the same first core
        }


def _atom(queue: dict[str, str]) -> bytes:
    """The name that must be on disk for a queue, as Erlang writes it: its length in front. Empty: none needs to be."""
    coordinator = "rabbit_stream_coordinator"  # it alone knows where the streams are
    own = f"{quote(queue['vhost'], safe='')}_{queue['name']}"
    name = {"quorum": own, "stream": coordinator}.get(queue["type"], "").encode()
    return bytes([len(name)]) + name if name else b""


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(target)
