"""What `up` prints: whole addresses and passwords, wherever it is printed."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from xinqiao_local import welcome
from xinqiao_local.cluster import SEED, Cluster
from xinqiao_local.tree import FOUR_TIERS


def shown(directory: Path, width: int) -> str:
    cluster = Cluster(directory, FOUR_TIERS)
    for node in cluster.nodes.values():
        node.application.allocate_ports()
    out = io.StringIO()
    welcome.show(Console(file=out, width=width), cluster)
    return out.getvalue()


@pytest.mark.parametrize("width", [20, 80, 200])
def test_no_account_password_or_address_is_cut_however_narrow_the_console(tmp_path: Path, width: int) -> None:
    text = shown(tmp_path / "a-directory-with-a-name-that-is-longer-than-usual", width)
    with (SEED / "accounts.csv").open(encoding="utf-8", newline="") as lines:
        accounts = list(csv.DictReader(lines))
    assert accounts
    for account in accounts:
        assert any(account["username"] in line and account["password"] in line for line in text.splitlines())
    assert text.count("http://127.0.0.1:") == len(FOUR_TIERS) + 1
    assert "…" not in text


def test_commands_name_the_directory_unless_it_is_the_usual_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"down --directory {tmp_path / 'other'}" in shown(tmp_path / "other", 80)
    assert "  make down\n" in shown(tmp_path / ".run", 80)


def test_nothing_is_left_open_when_the_interpreter_ends(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from xinqiao_local.ports import Ports
from xinqiao_local.process import Daemon
home = Path(sys.argv[1])
Ports(home).allocate("http")
Daemon(home, "brief").start(["true"])
Daemon(home, "long").start(["sleep", "60"])
"""
    from xinqiao_local.process import Daemon

    command = [sys.executable, "-X", "dev", "-c", program, str(tmp_path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        assert "ResourceWarning" not in done.stderr
        assert Daemon(tmp_path, "long").alive
    finally:
        Daemon(tmp_path, "long").kill9()
