"""`xinqiao clock`, and what moves with a node's time: everything that is due, but no token and no session."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from services.portal.tests.browsing import ACCOUNTS, PASSWORD, Browser, browsing, load
from tests.support.nodes import settings_of
from typer.testing import CliRunner, Result

from kit.clock import MovableClock, move, moved_by
from node.cli import app
from portal.main import service as portal
from xinqiao_local.node_file import render


def command(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["clock", *(str(word) for word in words)])


def node_file(home: Path, **node: str) -> Path:
    home.mkdir(parents=True)
    sections: dict[str, Any] = {
        "node": {"path": "33.02", "name": "乙市", "office_unit": "330200-xf", **node},
        "database": {"url": "postgresql://x"}, "broker": {"url": "amqp://x", "management_url": "http://x"},
    }  # fmt: skip
    (home / "node.toml").write_text(render(sections))
    return home / "node.toml"


def test_a_node_is_moved_forward_and_shown(tmp_path: Path) -> None:
    config = node_file(tmp_path / "city", clock_file="clock")
    assert "ahead 快 0 d 0 h" in command("show", "--node-config", config).output
    done = command("advance", "--days", "5", "--hours", "2", "--node-config", config)
    assert (done.exit_code, "ahead 快 5 d 2 h" in done.output) == (0, True), done.output
    assert moved_by(tmp_path / "city" / "clock") == timedelta(days=5, hours=2)


def test_all_local_nodes_are_moved_together_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XQ_RUN_DIR", str(tmp_path))
    nodes = tmp_path / "nodes"
    for name in ("city", "county"):
        node_file(nodes / name, clock_file="clock")
    assert command("advance", "--hours", "3", "--all").exit_code == 0
    assert [moved_by(nodes / name / "clock") for name in ("city", "county")] == [timedelta(hours=3)] * 2
    node_file(nodes / "real")
    refused = command("advance", "--hours", "3", "--all")
    assert (refused.exit_code, "no clock_file" in refused.output) == (2, True)
    assert moved_by(nodes / "city" / "clock") == timedelta(hours=3)
    assert "cannot be moved" in command("show", "--all").output


@pytest.mark.parametrize("words", [(), ("--days", "0"), ("--days", "-1"), ("--all", "--node", "city")])
def test_what_does_not_lead_forward_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    config = node_file(tmp_path / "city", clock_file="clock")
    given = words if "--all" in words else (*words, "--node-config", str(config))
    assert command("advance", *given).exit_code == 2
    assert not (tmp_path / "city" / "clock").exists()


@pytest.mark.parametrize("template", ["deploy/docker/node/node.toml"])
def test_nodes_of_the_templates_cannot_be_moved(template: str) -> None:
    assert "clock_file" not in (Path(__file__).parents[2] / template).read_text(encoding="utf-8")


async def test_every_page_and_readyz_say_that_time_was_moved_and_who_is_signed_in_stays_so(
    start: Any, tmp_path: Path
) -> None:
    file = tmp_path / "clock"
    running = await start(portal, clock=MovableClock(file))
    await load(running, ACCOUNTS)
    async with browsing(running) as browser:
        for said in (False, True):
            if said:
                move(file, timedelta(days=61))
            else:
                assert (await browser.sign_in()).status_code == 303
            for page in ("/", "/staff/register", "/petition", "/nowhere"):
                assert ("时间已人为调快" in (await browser.open(page)).text) is said, page
            assert "moved forward" not in (await browser.open("/?lang=zh")).text
            ready = (await running.request("GET", "/readyz", who=None)).json()
            assert ("simulated_time" in ready) is said
        assert "moved forward" in (await browser.open("/?lang=en")).text
        await still_in(browser)
    signing = {"username": "clerk", "password": PASSWORD}
    token = (await running.request("POST", "/api/portal/v1/tokens", json=signing, who=None)).json()["access_token"]
    assert (await running.runtime.verifier.principal(token)).subject == "clerk"


async def still_in(browser: Browser) -> None:
    assert (await browser.open("/staff/register")).status_code == 200


def test_the_setting_is_off_by_default(tmp_path: Path) -> None:
    assert settings_of(tmp_path, database="postgresql://x").clock_file is None
