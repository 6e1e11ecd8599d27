"""A private PostgreSQL server: own data directory, own port on 127.0.0.1, no socket file, passwords for everybody."""

import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from xinqiao_local import databases
from xinqiao_local.ports import Ports
from xinqiao_local.privileges import as_account, give
from xinqiao_local.process import Daemon, NotReady
from xinqiao_local.secret_files import Passwords, private_directory, write_private

ACCOUNT = "postgres"
BINARIES = Path("/usr/lib/postgresql")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "wal_level": "replica",
    "max_wal_size": "512MB",
    "jit": "off",  # short statements only
    "autovacuum_naptime": "30s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
}
CARELESS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",  # among the hundreds of databases of a test run it never rests, and finds nothing to do
}


def binary(name: str) -> Path:
    """The newest installed server's program. Raises FileNotFoundError."""
    found = sorted(BINARIES.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise FileNotFoundError(f"{name} is not installed below {BINARIES}: run deploy/local/bootstrap.sh")
    return found[-1]


class Postgres:
    """directory: everything it owns; durable: False trades safety for speed (a crash may lose data): for tests only."""

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = private_directory(directory.absolute())
        self.data = self.directory / "data"
        self.daemon = Daemon(self.directory, "postgres", stop_signal=signal.SIGINT)  # SIGINT: fast shutdown
        self._ports = Ports(self.directory)
        self._passwords = Passwords(self.directory / "passwords.json")
        self._durable = durable

    @property
    def port(self) -> int:
        return self._ports["postgres"]

    def url(self, database: str = "postgres", role: str | None = None) -> str:
        """A DSN for asyncpg or libpq. role: as the database by default, which for "postgres" is the superuser."""
        role = role or database
        return f"postgresql://{role}:{self._passwords[role]}@127.0.0.1:{self.port}/{database}"

    def start(self, *, wait: bool = True) -> None:
        """Start it, after making its data directory the first time. Does nothing when it runs. Raises NotReady."""
        if not self.daemon.alive:
            self._ports.allocate("postgres")
            if not (self.data / "PG_VERSION").exists():
                self._initialise()
            self.daemon.start(self._command())
        if wait:
            self.wait_ready()

    def _initialise(self) -> None:
        unfinished = self.directory / "data.new"  # renamed when whole, so that a broken first start is begun anew
        shutil.rmtree(unfinished, ignore_errors=True)
        give(unfinished, ACCOUNT)
        superuser = self.directory / "superuser"
        write_private(superuser, self._passwords["postgres"])
        options = ["--username=postgres", f"--pwfile={superuser}", "--auth=scram-sha-256", "--encoding=UTF8"]
        options += ["--locale=C.UTF-8", "--no-sync", "--no-instructions"]
        command: list[str | Path] = [*as_account(ACCOUNT), binary("initdb"), "-D", unfinished, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        superuser.unlink()
        if done.returncode:
            raise NotReady(f"initdb failed\n{done.stdout}{done.stderr}")
        unfinished.rename(self.data)

    def _command(self) -> list[str | Path]:
        settings = {**SETTINGS, "port": str(self.port), **({} if self._durable else CARELESS)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [*as_account(ACCOUNT), binary("postgres"), "-D", self.data, *options]

    def wait_ready(self, timeout: float = 60) -> None:
        """Until it takes connections. Raises NotReady."""
        self.daemon.wait_ready(self._takes_connections, timeout)

    def _takes_connections(self) -> bool:
        """The last line of postmaster.pid tells the state; asking there does not need a password."""
        file = self.data / "postmaster.pid"
        try:
            lines = file.read_text().split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(self.daemon.pid) and len(lines) > 7 and lines[7].strip() == "ready"

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is kept."""
        self.daemon.stop()

    def kill9(self) -> None:
        """As a power cut would: the next start recovers from the log."""
        self.daemon.kill9()

    def create_database(self, name: str, role: str | None = None, password: str | None = None) -> str:
        """Make role and database (owned by it, closed to others) where missing; returns the role's DSN."""
        role = role or name
        if password is not None:
            self._passwords.remember(role, password)
        databases.create(self.url(), [(name, role, self._passwords[role])])
        return self.url(name, role)

    def create_databases(self, names: Iterable[str], password: str | None = None) -> dict[str, str]:
        """Each database with a role of the same name, over one connection: {name: DSN}.

        password: of all these roles; None: each gets its own.
        """
        wanted = list(names)
        for name in wanted if password else []:
            self._passwords.remember(name, str(password))
        databases.create(self.url(), [(name, name, self._passwords[name]) for name in wanted])
        return {name: self.url(name) for name in wanted}

    def drop_database(self, name: str) -> None:
        """Throw it away, with its connections; the role stays."""
        databases.drop(self.url(), name)
