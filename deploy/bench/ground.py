"""What the measurements stand on: private servers that throw nothing away early, and one node's files."""

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet

from intake.main import service as intake
from kit import migrations
from xinqiao_local import node_file
from xinqiao_local.cluster import SEED
from xinqiao_local.keys import ISSUER, ensure_keys, public_name
from xinqiao_local.postgres import Postgres
from xinqiao_local.rabbitmq import RabbitMQ
from xinqiao_local.secret_files import private_directory, write_private

ROOT = Path(__file__).parents[2]
DIRECTORY = ROOT / ".run" / "bench"
NODE = "33.02.25.100"
UNIT = "330225100-xf"


@dataclass(frozen=True)
class Ground:
    """A durable PostgreSQL (fsync on), a broker, and a township node's directory."""

    postgres: Postgres
    broker: RabbitMQ
    home: Path

    async def database(self, name: str) -> str:
        """A fresh database with the tables of intake; returns its DSN."""
        self.postgres.drop_database(name)
        dsn = self.postgres.create_database(name)
        await migrations.upgrade(dsn, intake.migrations, intake.metadata)
        return dsn

    def node(self, dsn: str) -> Path:
        """The node file of a township whose intake has this database."""
        ensure_keys(self.home / "keys", NODE)
        shutil.copyfile(SEED / "units.csv", self.home / "units.csv")
        text = node_file.render(
            {
                "node": {"path": NODE, "name": "bench", "office_unit": UNIT, "keys_dir": "keys"},
                "database": {"url": dsn},
                "broker": {"url": self.broker.url(), "management_url": self.broker.management_url},
                "directory": [{"path": NODE, "name": "bench", "jwks": f"keys/{public_name(NODE)}"}],
            }
        )
        write_private(self.home / "node.toml", text)
        return self.home / "node.toml"

    def token(self) -> str:
        """A clerk's bearer token, as the portal of the node would give it."""
        issuer = KeySet.import_key_set(json.loads((self.home / "keys" / ISSUER).read_text())).keys[0]
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": "xinqiao", "aud": "xinqiao", "sub": "bench.clerk", "unit": UNIT, "region": NODE,
            "roles": ["clerk"], "iat": now, "exp": now + 3600,
        }  # fmt: skip
        return jwt.encode({"alg": "ES256", "kid": issuer.kid}, claims, issuer)


@contextmanager
def ground() -> Iterator[Ground]:
    """Servers below .run/bench, begun anew and thrown away at the end."""
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    private_directory(DIRECTORY)
    made = Ground(Postgres(DIRECTORY / "postgres"), RabbitMQ(DIRECTORY / "rabbitmq", "bench"), DIRECTORY / "node")
    private_directory(made.home)
    try:
        made.broker.start(wait=False)
        made.postgres.start()
        made.broker.wait_ready()
        yield made
    finally:
        made.broker.kill9()
        made.postgres.kill9()
        shutil.rmtree(DIRECTORY, ignore_errors=True)
