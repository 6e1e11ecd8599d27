"""What the measurements stand on: private servers that throw nothing away early, and one node's files."""

import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
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
NODE = "33.02.25.100"
UNIT = "330225100-xf"


@dataclass(frozen=True)
class Ground:
    """A durable PostgreSQL (fsync on), a broker, and room for a township node's files."""

    directory: Path
    postgres: Postgres
    broker: RabbitMQ

    @property
    def home(self) -> Path:
        """Of the node."""
        return private_directory(self.directory / "node")

    async def database(self, name: str) -> str:
        """A fresh database with the tables of intake; returns its DSN."""
        self.postgres.drop_database(name)
        dsn = self.postgres.create_database(name)
        await migrations.upgrade(dsn, intake.migrations, intake.metadata)
        return dsn

    def node(self, dsn: str, **sections: Any) -> Path:
        """The node file of a township whose services have this database."""
        ensure_keys(self.home / "keys", NODE)
        shutil.copyfile(SEED / "units.csv", self.home / "units.csv")
        text = node_file.render(
            {
                "node": {"path": NODE, "name": "bench", "office_unit": UNIT, "keys_dir": "keys"},
                "database": {"url": dsn},
                "broker": {"url": self.broker.url(), "management_url": self.broker.management_url},
                "directory": [{"path": NODE, "name": "bench", "jwks": f"keys/{public_name(NODE)}"}],
                **sections,
            }
        )
        write_private(self.home / "node.toml", text)
        return self.home / "node.toml"

    def token(self, *, unit: str = UNIT, region: str = NODE) -> str:
        """A clerk's bearer token, as the portal of the node would give it."""
        return token_of(self.home / "keys", unit=unit, region=region, roles=["clerk"], subject="bench.clerk")


def token_of(keys: Path, *, unit: str, region: str, roles: Sequence[str], subject: str) -> str:
    """A bearer token signed with the issuer's key in this directory, good for a few hours: runs are long."""
    issuer = KeySet.import_key_set(json.loads((keys / ISSUER).read_text())).keys[0]
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": "xinqiao", "aud": "xinqiao", "sub": subject, "unit": unit, "region": region, "roles": list(roles),
        "iat": now, "exp": now + 4 * 3600,
    }  # fmt: skip
    return jwt.encode({"alg": "ES256", "kid": issuer.kid}, claims, issuer)


@contextmanager
def ground() -> Iterator[Ground]:
    """Servers in a directory of this run, thrown away at its end."""
    directory = private_directory(ROOT / ".run" / f"bench-{os.getpid()}")
    made = Ground(directory, Postgres(directory / "postgres"), RabbitMQ(directory / "rabbitmq", "bench"))
    try:
        made.broker.start(wait=False)
        made.postgres.start()
        made.broker.wait_ready()
        yield made
    finally:
        made.broker.kill9()
        made.postgres.kill9()
        shutil.rmtree(directory, ignore_errors=True)
