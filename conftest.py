"""Servers and running services for every test of the repository."""

import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.infra import RUN, Containers, Infra, Processes, docker_answers, wait_for_broker
from tests.support.running import Running, running
from tests.support.tree import Tree

from xinqiao_local.cluster import Cluster
from xinqiao_local.tree import FOUR_TIERS, with_split

_servers: list[Processes | Containers] = []


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers once, in the controlling process; workers inherit their addresses."""
    if "XQ_TEST_POSTGRES" in os.environ or config.option.collectonly:
        return
    servers = Containers() if docker_answers() else Processes()
    _servers.append(servers)
    servers.start().to_environment()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nothing brings the nodes' time back: tests that move it come last."""
    items.sort(key=lambda item: item.get_closest_marker("moves_time") is not None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from tests.support.scheduling import BySharedServers

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


@pytest.fixture
async def start(infra: Infra, worker: str, tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    """Begin a service on a fresh database, ended with the test; options: path, clock, ids."""
    async with AsyncExitStack() as stack:

        async def begin(service: Any, **options: Any) -> Running:
            home = tmp_path / f"{service.name}-{options.get('path', 'node')}"
            return await stack.enter_async_context(partial(running, service, infra, home, worker)(**options))

        yield begin


@pytest.fixture(scope="session")
def tree() -> Iterator[Tree]:
    """Four linked nodes, started once; tests that use them share one worker."""
    specs = with_split(FOUR_TIERS, {"city"})  # one tier with every service as processes of its own
    cluster = Cluster(RUN / f"test-{os.getpid()}-nodes", specs, wires=True)
    try:
        cluster.up()
        with httpx.Client(timeout=30) as client:
            yield Tree(cluster, client)
    finally:
        cluster.down()
        shutil.rmtree(cluster.directory, ignore_errors=True)
