"""A desk to work with documents, and object stores of both kinds."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
import uvicorn
from minio import Minio
from services.documents.tests.sealing import Office
from tests.support.binding import Binder
from tests.support.infra import docker_answers
from tests.support.nodes import token
from tests.support.running import Running, told

from contracts.events import PetitionState
from documents import resources
from documents.main import service
from documents.papers.renderers import Renderers
from documents.storage.directory import DirectoryStore
from documents.storage.objects import ObjectStore
from documents.storage.s3 import S3Store
from documents.storage.threads import Threads
from kit.app import build_app
from kit.settings import S3Section
from kit.testing import eventually
from xinqiao_local.radosgw import RadosGateway

PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"
AT = "2026-01-05T01:00:00Z"
OPINION = {
    "kind": "opinion",
    "request": "请求修复门前道路。",
    "facts": "经查,道路系镇里管养,积水属实。",
    "opinion": "支持其请求,三十日内修复。",
    "legal_basis": "《信访工作条例》第三十二条",
    "outcome": "support",
}


def registered(**changes: Any) -> PetitionState:
    """A petition of the township, as intake tells of it."""
    given: dict[str, Any] = {
        "number": "XF33022520260105000001A", "region": "33.02.25.100", "unit": "330225100-xf", "channel": "letter",
        "kind": "appeal", "petitioners": 1, "received_at": AT, "registered_at": AT,
    }  # fmt: skip
    return PetitionState(**{**given, **changes})


@dataclass
class Desk:
    """The documents service and a petition it knows."""

    running: Running
    petition: uuid.UUID = field(default_factory=uuid.uuid4)

    async def hears_of(self, petition: uuid.UUID, **changes: Any) -> None:
        event = told("intake.petition.registered.v1", registered(**changes), subject=petition)
        await self.running.hear("documents.on-petition-registered", event)

    def path(self, thing: str, thing_id: object = "", petition: uuid.UUID | None = None) -> str:
        return f"/api/documents/v1/petitions/{petition or self.petition}/{thing}/{thing_id}".rstrip("/")

    async def put(
        self, content: Any = PDF, media_type: str | None = "application/pdf", *, file_id: uuid.UUID | None = None,
        petition: uuid.UUID | None = None, who: str | None = "", name: str | None = None,
    ) -> httpx.Response:  # fmt: skip
        """content: bytes, or an async iterator of bytes that is sent without a Content-Length."""
        headers = {} if media_type is None else {"Content-Type": media_type}
        if name is not None:
            headers["Content-Disposition"] = name
        path = self.path("files", file_id or uuid.uuid4(), petition)
        return await self.running.request("PUT", path, who=who, content=content, headers=headers)

    async def get(self, thing: str, thing_id: object = "", *, who: str | None = "", **more: Any) -> httpx.Response:
        return await self.running.request("GET", self.path(thing, thing_id), who=who, **more)

    @staticmethod
    def slug_of(answer: httpx.Response) -> str:
        """Which problem it is; every problem is told in both languages."""
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["title"] != problem["title_en"]
        return str(problem["type"].removeprefix("urn:xinqiao:problem:"))

    def spools(self) -> list[Path]:
        return list((self.running.runtime.settings.home / "store" / "incoming").iterdir())

    def objects(self) -> list[Path]:
        kept = (self.running.runtime.settings.home / "store" / "objects").rglob("*")
        return [file for file in kept if file.is_file()]

    async def file(self, *, who: str | None = "", **changes: Any) -> httpx.Response:
        """File an opinion."""
        return await self.running.request("POST", self.path("papers"), who=who, json={**OPINION, **changes})


@pytest.fixture
async def desk(start: Any, renderers: Renderers) -> Desk:
    opened = Desk(await start(service))
    resources.of(opened.running.runtime).renderers = renderers
    await opened.hears_of(opened.petition)
    return opened


@pytest.fixture
def binder(desk: Desk) -> Binder:
    return Binder(desk)


@pytest.fixture
def neighbour() -> str:
    """A clerk and handler of another township of the same county."""
    return token("330225101-xf", "33.02.25.101")


@pytest.fixture
def pdf() -> bytes:
    return PDF


@pytest.fixture
async def address(desk: Any) -> AsyncIterator[str]:
    """The service behind a real HTTP server: host:port."""
    app = build_app(desk.running.service, desk.running.runtime)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await eventually(started)
    yield "127.0.0.1:" + str(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    await serving


class Shelf(Protocol):
    """A store to be tested, and what an operator finds in it."""

    @property
    def store(self) -> ObjectStore: ...

    def objects(self) -> list[bytes]:
        """The content of all objects that stand there."""
        ...

    def leftovers(self) -> int:
        """How many spools and unfinished parts stand there."""
        ...


class DirectoryShelf:
    def __init__(self, root: Path, threads: Threads) -> None:
        self.store = DirectoryStore(root, threads)
        self._root = root

    def objects(self) -> list[bytes]:
        return [file.read_bytes() for file in (self._root / "objects").rglob("*") if file.is_file()]

    def leftovers(self) -> int:
        return len(list((self._root / "incoming").iterdir()))


class S3Shelf:
    def __init__(self, settings: S3Section, incoming: Path, threads: Threads) -> None:
        self.settings = settings
        self.incoming = incoming
        self.store = S3Store(settings, incoming, threads)
        self.client = Minio(
            settings.endpoint,
            settings.access_key.get_secret_value(),
            settings.secret_key.get_secret_value(),
            secure=False,
        )

    def objects(self) -> list[bytes]:
        if not self.client.bucket_exists(self.settings.bucket):
            return []
        names = [each.object_name for each in self.client.list_objects(self.settings.bucket, recursive=True)]
        return [self._content(name) for name in names if name is not None]

    def _content(self, name: str) -> bytes:
        answer = self.client.get_object(self.settings.bucket, name)
        try:
            return bytes(answer.read())
        finally:
            answer.close()
            answer.release_conn()

    def leftovers(self) -> int:
        return len(list(self.incoming.iterdir()))


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A real S3 server: MinIO in a container where a Docker daemon answers, else Ceph's gateway as a process."""
    if docker_answers():
        from testcontainers.minio import MinioContainer

        with MinioContainer() as container:
            yield container.get_config()
        return
    gateway = RadosGateway(tmp_path_factory.mktemp("radosgw"))
    gateway.start()
    yield {"endpoint": gateway.endpoint, "access_key": gateway.access_key, "secret_key": gateway.secret_key}
    gateway.stop()


@pytest.fixture
def threads() -> Iterator[Threads]:
    pool = Threads(8)
    yield pool
    pool.close()


_buckets = itertools.count(1)


@pytest.fixture
def s3_shelf(s3_server: dict[str, str], tmp_path: Path, threads: Threads) -> S3Shelf:
    """An S3 store with a bucket of its own that does not exist yet."""
    keys = {name: s3_server[name] for name in ("endpoint", "access_key", "secret_key")}
    settings = S3Section(**keys, bucket=f"documents-{next(_buckets)}")
    return S3Shelf(settings, tmp_path / "incoming", threads)


@pytest.fixture(params=["directory", "s3"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path, threads: Threads) -> Shelf:
    """The same tests for every kind of store."""
    if request.param == "directory":
        return DirectoryShelf(tmp_path / "store", threads)
    found: S3Shelf = request.getfixturevalue("s3_shelf")
    return found


@pytest.fixture
async def office(desk: Desk) -> Office:
    """The desk's office, which has a seal."""
    opened = Office(desk)
    await opened.register()
    return opened
