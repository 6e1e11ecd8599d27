"""Real PostgreSQL and RabbitMQ for a whole test run: containers where a Docker daemon answers, else private processes.

The controlling process starts them once; workers of pytest-xdist find their addresses in the environment.
"""

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx

from xinqiao_local.postgres import Postgres
from xinqiao_local.rabbitmq import RabbitMQ

RUN = Path(__file__).parents[2] / ".run"
PLUGINS = "rabbitmq_management rabbitmq_shovel rabbitmq_shovel_management rabbitmq_prometheus rabbitmq_stream"


@dataclass(frozen=True)
class Infra:
    """Addresses of the servers: superuser DSN, AMQP URL of virtual host "/", management API with credentials."""

    postgres: str
    amqp: str
    management: str

    def to_environment(self) -> None:
        os.environ.update(XQ_TEST_POSTGRES=self.postgres, XQ_TEST_AMQP=self.amqp, XQ_TEST_MANAGEMENT=self.management)

    @classmethod
    def from_environment(cls) -> "Infra":
        return cls(os.environ["XQ_TEST_POSTGRES"], os.environ["XQ_TEST_AMQP"], os.environ["XQ_TEST_MANAGEMENT"])


def docker_answers() -> bool:
    """Whether a Docker daemon is there for testcontainers."""
    if "DOCKER_HOST" not in os.environ and not Path("/var/run/docker.sock").exists():
        return False
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=3)
        client.ping()
    except DockerException:
        return False
    client.close()
    return True


class Processes:
    """Private processes in a directory of this test run, thrown away after it; several runs do not meet."""

    def __init__(self) -> None:
        self._directory = RUN / f"test-{os.getpid()}"
        shutil.rmtree(self._directory, ignore_errors=True)
        self._postgres = Postgres(self._directory / "postgres", durable=False)
        self._broker = RabbitMQ(self._directory / "rabbitmq", "tests")

    def start(self) -> Infra:
        self._broker.start(wait=False)
        self._postgres.start()
        return Infra(self._postgres.url(), self._broker.url(), self._broker.management_url)

    def stop(self) -> None:
        """The broker at once: its orderly end takes six seconds, and nobody reads its data again."""
        self._broker.kill9()
        self._postgres.stop()
        shutil.rmtree(self._directory, ignore_errors=True)


class Containers:
    """The same servers by testcontainers."""

    def __init__(self) -> None:
        from testcontainers.postgres import PostgresContainer
        from testcontainers.rabbitmq import RabbitMqContainer

        self._postgres = PostgresContainer("postgres:15", driver=None)
        broker = RabbitMqContainer("rabbitmq:3.10-management", username="xinqiao", password="xinqiao")
        enable = f"rabbitmq-plugins enable --offline {PLUGINS}"
        command = f"{enable} && exec docker-entrypoint.sh rabbitmq-server"
        self._broker = broker.with_command(["sh", "-c", command]).with_exposed_ports(5672, 15672)

    def start(self) -> Infra:
        self._postgres.start()
        self._broker.start()
        host, amqp = self._broker.get_container_host_ip(), self._broker.get_exposed_port(5672)
        management = f"http://xinqiao:xinqiao@{host}:{self._broker.get_exposed_port(15672)}"
        return Infra(self._postgres.get_connection_url(), f"amqp://xinqiao:xinqiao@{host}:{amqp}/", management)

    def stop(self) -> None:
        self._broker.stop()
        self._postgres.stop()


def wait_for_broker(management: str, within: float = 90) -> None:
    """Until the management API answers. Raises TimeoutError."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{management}/api/overview", timeout=2).status_code == httpx.codes.OK:
                return
        time.sleep(0.2)
    raise TimeoutError("the broker did not come up")


def new_virtual_host(infra: Infra, name: str) -> tuple[str, str]:
    """An empty broker of one's own: (AMQP URL, management URL)."""
    wait_for_broker(infra.management)
    user = urlsplit(infra.amqp).username
    with httpx.Client(base_url=infra.management, timeout=10) as api:
        api.delete(f"/api/vhosts/{name}")
        api.put(f"/api/vhosts/{name}").raise_for_status()
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        api.put(f"/api/permissions/{name}/{user}", json=rights).raise_for_status()
    return infra.amqp.rstrip("/") + f"/{name}", infra.management


async def new_database(infra: Infra, name: str, template: str | None = None) -> str:
    """A database of one's own, empty or a copy of another; returns its DSN."""
    connection = await asyncpg.connect(infra.postgres)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    finally:
        await connection.close()
    return infra.postgres.rsplit("/", 1)[0] + f"/{name}"
