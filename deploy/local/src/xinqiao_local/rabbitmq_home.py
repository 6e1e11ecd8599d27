"""What a private RabbitMQ broker is told: its configuration file, its plugins, its environment."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from xinqiao_local.secret_files import write_private

INSTALLED = Path("/usr/lib/rabbitmq/lib")
PLUGINS = (
    "rabbitmq_management",
    "rabbitmq_prometheus",
    "rabbitmq_shovel",
    "rabbitmq_shovel_management",
    "rabbitmq_stream",
)
# what those need of the same family; other rabbitmq_* plugins are not shown to the broker at all
NEEDED = (
    "rabbitmq_management_agent",
    "rabbitmq_peer_discovery_common",
    "rabbitmq_prelaunch",
    "rabbitmq_stream_common",
    "rabbitmq_web_dispatch",
)
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


def write_configuration(directory: Path, ports: Mapping[str, int], *, name: str, user: str, password: str) -> None:
    """rabbitmq.conf and the list of plugins. ports: one for each of LISTENERS."""
    text = CONFIGURATION.format(**ports, name=name, user=user, password=password)
    write_private(directory / "rabbitmq.conf", text)
    (directory / "enabled_plugins").write_text(f"[{','.join(PLUGINS)}].\n")


def link_home(directory: Path) -> Path:
    """The installed release as links, without the plugins that are not used; made anew, as releases change.

    At boot the Erlang VM looks for each of 1 300 modules in one plugin directory after the other; with half of
    them the boot takes a third less (measured: 4.8 s of CPU with all, 3.2 s with these).
    """
    home = directory / "home"
    shutil.rmtree(home, ignore_errors=True)
    (home / "plugins").mkdir(parents=True)
    for part in ("sbin", "escript"):
        (home / part).symlink_to(installed() / part)
    for plugin in (installed() / "plugins").iterdir():
        name = plugin.name.split("-")[0]
        if not name.startswith("rabbitmq_") or name in {*PLUGINS, *NEEDED}:
            (home / "plugins" / plugin.name).symlink_to(plugin)
    return home


def environment(directory: Path, ports: Mapping[str, int], node_name: str) -> dict[str, str]:
    """Ours, without what belongs to another broker, and where everything of this one lies."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("RABBITMQ_", "ERL_"))}
    return inherited | {
        "HOME": str(directory),  # the Erlang cookie is made there
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_FLAGS": "-start_epmd false",  # ours runs; no other may be left behind
        "ERL_CRASH_DUMP": str(directory / "erl_crash.dump"),
        "RUNNING_UNDER_SYSTEMD": "true",  # makes the script exec the VM: our pid is the broker's
        "RABBITMQ_SCRIPTS_DIR": str(directory / "home/sbin"),
        "RABBITMQ_PLUGINS_DIR": str(directory / "home/plugins"),
        "RABBITMQ_NODENAME": node_name,
        "RABBITMQ_DIST_PORT": str(ports["distribution"]),
        "RABBITMQ_CONF_ENV_FILE": "/dev/null",
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(directory / "advanced.config"),
        "RABBITMQ_CONFIG_FILES": str(directory / "conf.d"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_PID_FILE": str(directory / "broker.pid"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",  # one scheduler thread: four brokers share two cores
        "RABBITMQ_SCHEDULER_BIND_TYPE": "u",  # unbound; by default every broker would tie it to the same first core
    }
