"""What the measurements of documents stand on: a database with a petition, and the service in this process or in one
of its own.
"""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from deploy.bench.ground import NODE, UNIT, Ground, token_of
from deploy.bench.registration import serving

from documents.main import service
from kit import migrations
from kit.auth import Principal
from kit.paths import ancestors
from kit.runtime import Runtime
from kit.settings import NodeSettings
from node.inside import inside
from xinqiao_local.application import command

HANDLER = Principal("bench.handler", UNIT, NODE, frozenset({"handler"}), 0, ())


@dataclass(frozen=True)
class Desk:
    """The database of documents on a ground, and a petition that the office may read."""

    ground: Ground
    dsn: str
    node_file: Path
    petition: uuid.UUID

    def path(self, thing: str) -> str:
        return f"/api/documents/v1/petitions/{self.petition}/{thing}"

    def token(self) -> str:
        return token_of(
            self.ground.home / "keys", unit=UNIT, region=NODE, roles=["handler"], subject=HANDLER.subject
        )  # fmt: skip

    def client(self, url: str) -> httpx.Client:
        """A handler's."""
        return httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {self.token()}"}, trust_env=False, timeout=60
        )

    @contextmanager
    def serving(self, role: str = "api") -> Iterator[tuple[str, int]]:
        """The service as a process of its own: (URL, pid)."""
        words: list[str | Path] = [command(), "run", "documents", "--role", role, "--node-config", self.node_file]
        with serving(self.ground.directory / "documents", [*words, "--port"]) as (port, pid):
            yield f"http://127.0.0.1:{port}", pid

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Runtime]:
        """The service without a face, in this process."""
        async with inside(NodeSettings.load(self.node_file), service, name="bench") as runtime:
            yield runtime


async def desk(ground: Ground, **sections: Any) -> Desk:
    """A fresh one. sections: more of the node file."""
    ground.postgres.drop_database("documents")
    dsn = ground.postgres.create_database("documents")
    await migrations.upgrade(dsn, service.migrations, service.metadata)
    petition = uuid.uuid4()
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("INSERT INTO petitions (id) VALUES ($1)", petition)
        scopes = [(scope, petition) for scope in ancestors(NODE)]
        await connection.executemany("INSERT INTO petition_scopes (scope, petition_id) VALUES ($1, $2)", scopes)
    finally:
        await connection.close()
    return Desk(ground, dsn, ground.node(dsn, **sections), petition)
