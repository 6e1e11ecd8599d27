"""Two nodes side by side up to the point where services start: configured, linked, closed to each other."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from kit.settings import NodeSettings
from xinqiao_local.cli import s3_from_environment
from xinqiao_local.cluster import Cluster
from xinqiao_local.tree import SERVICES, NodeSpec

COUNTY = NodeSpec("33.02.25", "象溪县信访局", "county", "330225-xf")
TOWNSHIP = NodeSpec("33.02.25.100", "石桥镇信访办", "township", "330225100-xf")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    it = Cluster(tmp_path_factory.mktemp("run"), [COUNTY, TOWNSHIP], durable=False, wires=True)
    it.start_servers()
    yield it
    it.kill9()


def settings(cluster: Cluster, slug: str) -> NodeSettings:
    return NodeSettings.load(cluster[slug].application.config)


def test_the_node_file_is_one_that_the_services_read(cluster: Cluster) -> None:
    county, township = settings(cluster, "county"), settings(cluster, "township")
    assert county.parent is None
    assert township.parent is not None
    assert township.parent.path == "33.02.25"
    assert [child.path for child in county.children] == ["33.02.25.100"]
    assert (county.node.number_lane, township.node.number_lane) == (0, 1)
    assert township.node.public_url == cluster["township"].url
    for entry in township.directory:
        assert township.resolve(entry.jwks).is_file()


def test_the_child_reaches_its_parents_broker_through_a_wire_with_the_password_the_parent_knows(
    cluster: Cluster,
) -> None:
    county, township = settings(cluster, "county"), settings(cluster, "township")
    assert township.parent is not None
    password = county.children[0].link_password.get_secret_value()
    expected = f"amqp://link.33.02.25.100:{password}@127.0.0.1:{cluster['township'].wire.port}/"
    assert township.parent.broker_url.get_secret_value() == expected


def test_secrets_are_readable_by_their_owner_only(cluster: Cluster) -> None:
    node = cluster["township"]
    for file in (node.application.config, node.directory / "passwords.json", cluster.directory / "links.json"):
        assert file.stat().st_mode & 0o777 == 0o600
    assert node.directory.stat().st_mode & 0o777 == 0o700


async def test_every_service_has_a_database_of_its_own_at_the_address_in_the_node_file(cluster: Cluster) -> None:
    cluster["county"].make_databases()
    for service in SERVICES:
        connection = await asyncpg.connect(settings(cluster, "county").database.dsn(service))
        assert await connection.fetchval("SELECT current_database()") == service
        await connection.close()


def test_starting_again_touches_nothing_that_runs(cluster: Cluster) -> None:
    for node in cluster.nodes.values():
        node.rabbitmq.wait_ready()
    before = {slug: [daemon.identity for daemon in node.daemons.values()] for slug, node in cluster.nodes.items()}
    files = {slug: node.application.config.read_text() for slug, node in cluster.nodes.items()}
    Cluster(cluster.directory, [COUNTY, TOWNSHIP], durable=False, wires=True).start_servers()
    assert {slug: [d.identity for d in node.daemons.values()] for slug, node in cluster.nodes.items()} == before
    assert {slug: node.application.config.read_text() for slug, node in cluster.nodes.items()} == files


def test_the_brokers_answer_at_the_management_address_in_the_node_file(cluster: Cluster) -> None:
    for slug, node in cluster.nodes.items():
        node.rabbitmq.wait_ready()
        url = settings(cluster, slug).broker.management_url.get_secret_value()
        assert httpx.get(f"{url}/api/overview", trust_env=False).json()["cluster_name"] == slug


def test_down_ends_every_process_and_a_cluster_is_known_by_its_directory(cluster: Cluster) -> None:
    known = Cluster.load(cluster.directory)
    assert known.tree.specs == (COUNTY, TOWNSHIP)
    assert cluster["county"].rabbitmq.daemon.alive
    known.down()
    assert not any(daemon.alive for node in cluster.nodes.values() for daemon in node.daemons.values())


def test_object_storage_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("S3_ENDPOINT", raising=False)
    assert s3_from_environment() is None
    for name, value in {"ENDPOINT": "https://s3.example:9000/", "ACCESS_KEY": "a", "SECRET_KEY": "s"}.items():
        monkeypatch.setenv(f"S3_{name}", value)
    assert s3_from_environment() == {
        "endpoint": "s3.example:9000", "access_key": "a", "secret_key": "s", "secure": True,
    }  # fmt: skip
