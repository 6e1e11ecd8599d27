"""A whole node on the ground of a run: databases, broker, node file, all six services, in one process for each role."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.bench.footprint import processor_time
from deploy.bench.ground import Ground, token_of

from xinqiao_local import node_file, procfs
from xinqiao_local.application import Application, command
from xinqiao_local.cluster import SEED
from xinqiao_local.keys import ensure_keys, public_name
from xinqiao_local.process import Daemon
from xinqiao_local.secret_files import Passwords, private_directory, write_private
from xinqiao_local.tree import SERVICES

COUNTY = "33.02.25"
OFFICE = "330225-xf"  # registers and hands over
TOWN, TOWN_REGION = "330225101-xf", "33.02.25.101"  # a unit of another region that the same node serves


@dataclass(frozen=True)
class WholeNode:
    """dsns: of the services' databases; superuser: DSN that may do anything to the server."""

    application: Application
    ground: Ground
    keys: Path
    dsns: dict[str, str]

    @property
    def superuser(self) -> str:
        return self.ground.postgres.url()

    def token(self, *roles: str, unit: str, region: str) -> str:
        """Of an account named after unit and first role."""
        return token_of(self.keys, unit=unit, region=region, roles=roles, subject=f"{unit}.{roles[0]}")

    def restart(self) -> None:
        """Anew: caches, plans and connections are those of the database as it is now."""
        self.application.stop()
        self.application.start()
        self.application.wait_ready()

    def processor_times(self) -> dict[str, float]:
        """Seconds that the node's processes, its database and its broker have used."""
        servers = {"postgres": self.ground.postgres.daemon, "broker": self.ground.broker.daemon}
        return {name: _family_time(daemon) for name, daemon in {**self.application.processes, **servers}.items()}


def _family_time(daemon: Daemon) -> float:
    """Of a process and all that stem from it and live; the others' time is small."""
    pid = daemon.pid
    if pid is None:
        raise RuntimeError(f"{daemon.name} does not run\n{daemon.last_words()}")
    spent = 0.0
    for each in (pid, *procfs.descendants(pid)):
        try:
            spent += processor_time(each)
        except FileNotFoundError:
            continue  # it ended just now
    return spent


@contextmanager
def whole_node(
    ground: Ground, sections: Mapping[str, Any] | None = None, *, split: bool = False
) -> Iterator[WholeNode]:
    """A county's node, set up as `make up` does, with nobody above or below it. sections: more of its node file;
    split: each service and role as a process of its own.
    """
    directory = private_directory(ground.directory / "county")
    for name in (*SERVICES, "store", "log"):
        if name in SERVICES:
            ground.postgres.drop_database(name)
        else:
            private_directory(directory / name)
    password = Passwords(directory / "passwords.json")["services"]
    dsns = ground.postgres.create_databases(SERVICES, password)
    ensure_keys(directory / "keys", COUNTY)
    shutil.copyfile(SEED / "units.csv", directory / "units.csv")
    shutil.copyfile(SEED / "accounts.csv", directory / "accounts.csv")
    application = Application(directory, split=split, by_role=True)
    application.allocate_ports()
    _write_node_file(ground, application, password, sections or {})
    try:
        _set_up(application)
        application.start()
        application.wait_ready()
        yield WholeNode(application, ground, directory / "keys", dsns)
    finally:
        application.stop()


def _write_node_file(ground: Ground, application: Application, password: str, sections: Mapping[str, Any]) -> None:
    database = f"postgresql://{{service}}:{password}@127.0.0.1:{ground.postgres.port}/{{service}}"
    text = node_file.render(
        {
            "node": {
                "path": COUNTY, "name": "bench", "office_unit": OFFICE, "keys_dir": "keys", "store": "store",
                "units_file": "units.csv", "listen": f"127.0.0.1:{application.port}", "public_url": application.url,
            },
            "database": {"url": database},
            "broker": {"url": ground.broker.url(), "management_url": ground.broker.management_url},
            "directory": [{"path": COUNTY, "name": "bench", "jwks": f"keys/{public_name(COUNTY)}"}],
            **sections,
        }
    )  # fmt: skip
    write_private(application.config, text)


def _set_up(application: Application) -> None:
    """Raises RuntimeError with what `xinqiao setup` said."""
    words: list[str | Path] = [command(), "setup", "--node-config", application.config]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise RuntimeError(f"setup failed\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
