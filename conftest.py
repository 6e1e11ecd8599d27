"""Servers and running services for every test of the repository."""

import gc
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import hypothesis
import pytest
from tests.support.databases import close_all
from tests.support.infra import RUN, Containers, Infra, Processes, docker_answers, wait_for_broker
from tests.support.running import Running, running
from tests.support.scheduling import NODES, BySharedServers, shared
from tests.support.tree import Tree

from xinqiao_local.cluster import Cluster
from xinqiao_local.smsc import Smsc
from xinqiao_local.tree import DEMO_SMS, FOUR_TIERS, with_sms, with_split

if TYPE_CHECKING:
    from documents.papers.renderers import Renderers

hypothesis.settings.register_profile("suite", deadline=None)  # how long an example takes tells of the machine
hypothesis.settings.load_profile("suite")
_servers: list[Processes | Containers] = []
_clusters: list[Cluster] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the controlling process; workers inherit their addresses."""
    if "XQ_TEST_POSTGRES" in os.environ or config.option.collectonly:
        return
    servers = Containers() if docker_answers() else Processes()
    _servers.append(servers)
    servers.start().to_environment()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Modules and tests stay to the end: they are no garbage, and to look through them again and again takes long.

    So does looking for garbage after every 700 new objects: it was an eighth of a worker's time.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nothing brings the nodes' time back: tests that move it come after all others, but for those that leave thousands
    of cases, whose limits would all run out then, and which every page and job would have to look through.
    """
    last = ("crowds", "moves_time")
    items.sort(key=lambda item: [item.get_closest_marker(name) is not None for name in last])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """The nodes end with the last of their tests: idle they would go on looking at their queues and tables."""
    try:
        return (yield)
    finally:
        if _clusters and item is next(each for each in reversed(item.session.items) if shared(each.nodeid) == NODES):
            _clusters.pop().kill9()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    return BySharedServers(config, log)


def pytest_unconfigure() -> None:
    for servers in _servers:
        servers.stop()


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    """Name of this pytest-xdist worker, to keep names apart."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main"))


@pytest.fixture(scope="session")
def infra() -> Infra:
    return Infra.from_environment()


@pytest.fixture(scope="session")
def broker_ready(infra: Infra) -> Infra:
    wait_for_broker(infra.management)
    return infra


@pytest.fixture(scope="session")
def smsc() -> Iterator[Smsc]:
    """A message centre that was not written here; each test tells it how to behave, and has telephones of its own."""
    centre = Smsc(RUN / f"test-{os.getpid()}-smsc")
    try:
        centre.start()
        yield centre
    finally:
        centre.kill9()
        shutil.rmtree(centre.directory, ignore_errors=True)


@pytest.fixture(scope="session")
async def databases() -> AsyncIterator[None]:
    """Those that services under test borrow one after another."""
    yield
    await close_all()


@pytest.fixture
async def start(
    infra: Infra,
    worker: str,
    tmp_path: Path,
    databases: None,  # noqa: ARG001 - for what it does at its end
) -> AsyncIterator[Callable[..., Any]]:
    """Begin a service on a fresh database, ended with the test; options: path, clock, ids."""
    async with AsyncExitStack() as stack:

        async def begin(service: Any, **options: Any) -> Running:
            home = tmp_path / f"{service.name}-{options.get('path', 'node')}"
            return await stack.enter_async_context(partial(running, service, infra, home, worker)(**options))

        yield begin


@pytest.fixture(scope="session")
async def renderers() -> "AsyncIterator[Renderers]":
    """Processes that lay papers out: to start one and load its fonts takes longer than ten papers do."""
    from documents.papers.renderers import Renderers

    opened = Renderers(2)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def tree() -> Iterator[Tree]:
    """Four linked nodes, started once; tests that use them share one worker."""
    specs = with_split(with_sms(FOUR_TIERS, DEMO_SMS), {"city"})  # one tier with every service as processes of its own
    cluster = Cluster(RUN / f"test-{os.getpid()}-nodes", specs, wires=True)
    _clusters.append(cluster)
    try:
        cluster.up()
        with httpx.Client(timeout=30) as client:
            yield Tree(cluster, client)
    finally:
        cluster.kill9()
        shutil.rmtree(cluster.directory, ignore_errors=True)
