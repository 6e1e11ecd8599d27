"""docker-compose.yml and what lies in deploy/docker fit together, and fit the services that there are."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.errors import CATALOGUE
from kit.settings import NodeSettings
from node.compose import ROLES
from node.services import NAMES
from portal.settings import Settings as PortalSettings
from xinqiao_local.nginx import AWAY
from xinqiao_local.rabbitmq_home import PLUGINS

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "deploy/docker"
VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::([?-])([^}]*))?\}")
SECRET = re.compile(r"PASS(WORD)?$|SECRET|TOKEN")
IN_URL = re.compile(r"://[^:/@\s]+:(?!\$\{)[^@/\s]+@")
ROUTE = re.compile(r"location (\S+) \{ set \$to ([a-z-]+):(\d+); proxy_pass http://\$to; \}")

Compose = dict[str, Any]


@pytest.fixture
def compose() -> Compose:
    """A copy for each test, which it may spoil."""
    loaded: Compose = deepcopy(yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    return loaded


def texts(value: Any) -> Iterator[str]:
    """Every string in it."""
    if isinstance(value, dict):
        yield from (text for each in value.values() for text in texts(each))
    elif isinstance(value, list):
        yield from (text for each in value for text in texts(each))
    elif isinstance(value, str):
        yield value


def runs(compose: Compose) -> dict[str, list[str]]:
    """Command of each container that runs a service."""
    return {
        name: each["command"] for name, each in compose["services"].items() if each.get("command", [""])[0] == "run"
    }


def wrong_commands(compose: Compose) -> list[str]:
    """Containers whose command is not the service and role that their name says."""
    return [
        name
        for name, words in runs(compose).items()
        if words != ["run", name.rpartition("-")[0], "--role", name.rpartition("-")[2]] or words[3] not in ROLES
    ]


def unguarded(compose: Compose) -> list[str]:
    """Secrets that are written out, or that may be left out."""
    found = [text for text in texts(compose) if IN_URL.search(text)]
    for each in compose["services"].values():
        for key, value in each.get("environment", {}).items():
            if SECRET.search(key) and not re.fullmatch(r"\$\{[A-Z_]+:\?[^}]+\}", value):
                found.append(key)
    for text in texts(compose):
        found += [name for name, sign, _ in VARIABLE.findall(text) if SECRET.search(name) and sign != "?"]
    return found


def dangling(compose: Compose) -> list[str]:
    """Volumes, files and containers that are named and do not exist."""
    found = []
    for name, each in compose["services"].items():
        found += [f"{name} after {other}" for other in each.get("depends_on", {}) if other not in compose["services"]]
        for volume in each.get("volumes", []):
            source = VARIABLE.sub(lambda match: match[3], volume).split(":")[0]
            there = (ROOT / source).exists() if source.startswith(".") else source in compose["volumes"]
            found += [] if there else [f"{name}: {source}"]
    return found


def unwatched(compose: Compose) -> list[str]:
    """Containers that stay up without a health check or without being started again."""
    return [
        name
        for name, each in compose["services"].items()
        if name not in {"setup", "operator"}
        and ("test" not in each.get("healthcheck", {}) or each.get("restart") != "unless-stopped")
    ]


def strays(configuration: str, compose: Compose) -> list[str]:
    """Targets of the gateway that are no container."""
    return [target for _, target, _ in ROUTE.findall(configuration) if target not in compose["services"]]


def test_every_service_has_an_api_and_a_worker_container(compose: Compose) -> None:
    assert set(runs(compose)) == {f"{service}-{role}" for service in NAMES for role in ("api", "worker")}
    assert wrong_commands(compose) == []
    compose["services"]["intake-worker"]["command"] = ["run", "intake", "--role", "api"]
    assert wrong_commands(compose) == ["intake-worker"]


def test_no_container_keeps_others_from_being_made_of_it(compose: Compose) -> None:
    """A fixed name or a published port would forbid --scale."""
    assert not [name for name in runs(compose) if {"container_name", "ports"} & set(compose["services"][name])]


def test_a_service_knows_its_own_database_password_and_no_other(compose: Compose) -> None:
    for name in runs(compose):
        said = " ".join(texts(compose["services"][name]["environment"]))
        service = name.rpartition("-")[0]
        assert set(re.findall(r"[A-Z]+_DB_PASSWORD", said)) == {f"{service.upper()}_DB_PASSWORD"}
        assert f"postgresql://{service}:" in said
        assert said.count(f"/{service}") == 2  # as role and as database


def test_no_password_is_written_out_and_none_may_be_left_out(compose: Compose) -> None:
    assert unguarded(compose) == []
    environment = compose["services"]["rabbitmq"]["environment"]
    for careless in ("guest", "${BROKER_PASSWORD}", "${BROKER_PASSWORD:-guest}"):
        environment["RABBITMQ_DEFAULT_PASS"] = careless
        assert "RABBITMQ_DEFAULT_PASS" in unguarded(compose)
    environment["RABBITMQ_DEFAULT_PASS"] = "amqp://xinqiao:guest@rabbitmq/"
    assert "amqp://xinqiao:guest@rabbitmq/" in unguarded(compose)


def test_the_example_names_every_variable_and_gives_no_password(compose: Compose) -> None:
    lines = (DOCKER / ".env.example").read_text(encoding="utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert set(example) == {name for text in texts(compose) for name, _, _ in VARIABLE.findall(text)}
    assert {name for name, value in example.items() if not value} == {name for name in example if SECRET.search(name)}


def test_what_is_named_is_there(compose: Compose) -> None:
    assert dangling(compose) == []
    compose["services"]["gateway"]["volumes"] = ["./no-such-file:/x:ro", "no-such-volume:/y"]
    compose["services"]["setup"]["depends_on"] = {"no-such-container": {}}
    assert dangling(compose) == [
        "gateway: ./no-such-file", "gateway: no-such-volume", "setup after no-such-container",
    ]  # fmt: skip


def test_what_stays_up_is_watched(compose: Compose) -> None:
    assert unwatched(compose) == []
    del compose["services"]["portal-api"]["healthcheck"]
    assert unwatched(compose) == ["portal-api"]


def test_the_gateway_sends_every_path_to_the_service_that_answers_it(compose: Compose) -> None:
    configuration = (DOCKER / "nginx.conf").read_text(encoding="utf-8")
    expected = {f"/api/{service}/": (f"{service}-api", "8080") for service in NAMES} | {"/": ("portal-api", "8080")}
    assert {path: (target, port) for path, target, port in ROUTE.findall(configuration)} == expected
    assert configuration.count("proxy_pass") == len(expected)
    assert strays(configuration, compose) == []
    assert strays(configuration.replace("notify-api", "notice-api"), compose) == ["notice-api"]


def test_the_gateway_refuses_in_the_words_of_the_services() -> None:
    away, missing = (
        json.loads(body)
        for body in re.findall(r"return \d+ '(.*)';", (DOCKER / "nginx.conf").read_text(encoding="utf-8"))
    )
    assert away == AWAY
    assert missing["title"] == CATALOGUE["not-found"].zh
    assert missing["status"] == 404


def test_the_node_file_with_the_environment_is_one_that_the_services_read(
    compose: Compose, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in compose["services"]["portal-api"]["environment"].items():
        monkeypatch.setenv(key, VARIABLE.sub(lambda match: match[3] if match[2] == "-" else "secret", value))
    settings = NodeSettings.load(DOCKER / "node/node.toml")
    assert settings.database.dsn("portal") == "postgresql://portal:secret@postgres:5432/portal"
    assert settings.node.listen == "0.0.0.0:8080"
    assert PortalSettings.model_validate(settings.services["portal"]).api_url == "http://gateway:8080"
    units = settings.resolve(settings.node.units_file).read_text(encoding="utf-8")
    assert settings.node.office_unit in units
    assert "[database]" not in (DOCKER / "node/node.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", ["postgres/10-databases.sh", "bin/for-all-services"])
def test_the_scripts_know_the_services(file: str) -> None:
    assert f"for service in {' '.join(NAMES)}; do" in (DOCKER / file).read_text(encoding="utf-8")


def test_the_broker_has_the_plugins_that_local_nodes_have() -> None:
    assert (DOCKER / "rabbitmq/enabled_plugins").read_text(encoding="utf-8") == f"[{','.join(PLUGINS)}].\n"


def pinned(text: str) -> dict[str, frozenset[str]]:
    """Release of each package of a lock file -> hashes."""
    blocks = re.findall(r"^([\w.-]+==\S+)[^\n]*\n((?: +--hash=\S+[^\n]*\n)+)", text, re.MULTILINE)
    return {release: frozenset(re.findall(r"sha256:\w+", hashes)) for release, hashes in blocks}


def test_the_image_installs_what_is_tested_and_no_test_tools() -> None:
    tested = pinned((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    image = pinned((DOCKER / "runtime.lock").read_text(encoding="utf-8"))
    assert len(image) > 40
    assert image.items() <= tested.items()
    assert not [release for release in image if re.match("pytest|playwright|ruff|mypy", release)]
    assert not pinned("uv==1 \\\n    --hash=sha256:ab\n").items() <= tested.items()


SERVERS = {"postgresql", "rabbitmq-server"}  # containers of their own


def test_the_image_has_the_system_packages_that_local_nodes_have() -> None:
    listed = re.search(r"^packages=\((.*)\)$", (ROOT / "deploy/local/bootstrap.sh").read_text(), flags=re.MULTILINE)
    assert listed is not None
    wanted = set(listed[1].split()) - SERVERS
    _, _, last = (DOCKER / "Dockerfile").read_text(encoding="utf-8").rpartition("\nFROM ")
    # without the last WeasyPrint takes a minute for what it does in a second, and only says so in a log
    assert {"fonts-noto-cjk", "libharfbuzz-subset0"} <= wanted <= set(last.split())


def test_the_image_runs_without_privileges_and_without_a_compiler() -> None:
    _, *stages = re.split(r"^FROM ", (DOCKER / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(stages) == 2
    assert re.search(r"^USER xinqiao$", stages[-1], re.MULTILINE)
    assert not re.search(r"gcc|build-essential|-dev\b|pip", stages[-1])
