"""One node on this machine: its PostgreSQL, its RabbitMQ, its directory and its services."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xinqiao_local import node_file
from xinqiao_local.application import Application, command
from xinqiao_local.keys import ensure_keys
from xinqiao_local.postgres import Postgres
from xinqiao_local.process import Daemon, NotReady
from xinqiao_local.rabbitmq import RabbitMQ
from xinqiao_local.secret_files import Passwords, private_directory, write_private
from xinqiao_local.smsc import Smsc
from xinqiao_local.stamps import Stamps, print_of
from xinqiao_local.tree import SERVICES, NodeSpec
from xinqiao_local.wire import Wire

Sections = Mapping[str, Mapping[str, Any] | Sequence[Mapping[str, Any]]]


class LocalNode:
    """directory: `.run/nodes/<slug>`, made here; durable: False makes the database faster and unsafe, for tests."""

    def __init__(self, spec: NodeSpec, directory: Path, *, durable: bool = True) -> None:
        self.spec = spec
        self.directory = private_directory(directory.absolute())
        self.keys = private_directory(self.directory / "keys")
        self.postgres = Postgres(self.directory / "postgres", durable=durable)
        self.rabbitmq = RabbitMQ(self.directory / "rabbitmq", spec.slug)
        self.application = Application(self.directory, split=spec.split, preferred=spec.port)
        self.wire = Wire(private_directory(self.directory / "wire"))  # to the parent; only some tests use it
        self.smsc = Smsc(self.directory / "smsc") if spec.sms else None
        self._passwords = Passwords(self.directory / "passwords.json")
        for part in ("store", "log"):
            private_directory(self.directory / part)

    @property
    def url(self) -> str:
        return self.application.url

    def launch_servers(self) -> None:
        """Start broker and database without waiting; make keys meanwhile. All ports are known afterwards."""
        self.rabbitmq.start(wait=False)
        self.postgres.start(wait=False)
        if self.smsc is not None:
            self.smsc.start()
        self.application.allocate_ports()
        ensure_keys(self.keys, self.spec.path)

    def make_databases(self) -> None:
        """One per service, each with a role of its own."""
        self.postgres.wait_ready()
        self.postgres.create_databases(SERVICES, self._passwords["services"])

    def configure(self, number_lane: int, sections: Sections) -> None:
        """Write node.toml: what the servers here say, and `sections` (parent, children, directory ...).

        Services that run with another configuration are stopped.
        """
        own: Sections = {
            "node": self._identity(number_lane),
            "database": {"url": self._database_url()},
            "broker": {"url": self.rabbitmq.url(), "management_url": self.rabbitmq.management_url},
            "services.notify.callbacks": {"percent": 5},  # off unless somebody says so: these show them
        }
        text = node_file.render({**own, **sections, **self._gateways()})
        if not self.application.config.exists() or self.application.config.read_text() != text:
            self.application.stop()
            write_private(self.application.config, text)

    def _identity(self, number_lane: int) -> dict[str, Any]:
        return {
            "path": self.spec.path,
            "name": self.spec.name,
            "office_unit": self.spec.office,
            "number_lane": number_lane,
            "listen": f"127.0.0.1:{self.application.port}",
            "public_url": self.url,
            "units_file": "units.csv",
            "keys_dir": "keys",
            "store": "store",
            "clock_file": "clock",  # these nodes demonstrate: `xinqiao clock` may move their time
        }

    def _gateways(self) -> Sections:
        """Ways out of its messages: the centre beside it, where it has one."""
        if self.smsc is None:
            return {}
        secret = self.keys / "smsc.secret"
        write_private(secret, self._passwords["smsc"][:8])  # no longer than the field (SMPP 3.4, 5.2.2)
        return {
            "services.notify.gateways": [
                {
                    "kind": "smpp", "name": "centre", "host": "127.0.0.1", "port": self.smsc.port, "account": "xinqiao",
                    "secret_file": "keys/smsc.secret", "sender": self.spec.sms,
                }
            ],
            "services.portal": {"text_number": self.spec.sms},
        }  # fmt: skip

    def _database_url(self) -> str:
        """The service's name is filled in where it is used."""
        return f"postgresql://{{service}}:{self._passwords['services']}@127.0.0.1:{self.postgres.port}/{{service}}"

    def set_up(self) -> None:
        """`xinqiao setup`: migrations, broker topology, links, units, accounts. Raises NotReady with its last lines.

        Left out when it was done on these databases and this broker, and nothing it depends on has changed since.
        """
        stamps = Stamps(self.postgres.data, self.rabbitmq.directory / "mnesia")
        fingerprint = print_of([self.application.config, self.directory / "units.csv", self.directory / "accounts.csv"])
        if not stamps.say(fingerprint):
            stamps.remove()
            self._run_setup()
            stamps.put(fingerprint)

    def _run_setup(self) -> None:
        """With seals for the units, drawn here: for demonstrations."""
        log = self.directory / "log/setup.log"
        words: list[str | Path] = [command(), "setup", "--draw-seals", "--node-config", self.application.config]
        with log.open("ab") as stream:
            done = subprocess.run(words, cwd=self.directory, stdout=stream, stderr=stream, timeout=300, check=False)
        if done.returncode:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
            raise NotReady(f"setup of {self.spec.slug} failed\n{tail}")

    @property
    def daemons(self) -> dict[str, Daemon]:
        """Every process of the node, services first, whether it runs or not."""
        centre = [self.smsc.daemon] if self.smsc else []
        servers = [*centre, self.wire.daemon, self.rabbitmq.daemon, self.rabbitmq.mapper, self.postgres.daemon]
        return self.application.daemons | {daemon.name: daemon for daemon in servers}

    def stop_servers(self) -> None:
        self.wire.stop()
        if self.smsc is not None:
            self.smsc.stop()
        self.rabbitmq.stop()
        self.postgres.stop()

    def kill9(self) -> None:
        """The whole node at once: services, broker, database."""
        for daemon in self.daemons.values():
            daemon.kill9()
