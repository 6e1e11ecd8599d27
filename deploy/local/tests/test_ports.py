"""Ports are kept while they can be, and never given twice."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from xinqiao_local.ports import Ports, is_free


def test_a_restart_finds_the_ports_it_had(tmp_path: Path) -> None:
    Ports(tmp_path).allocate("amqp", "http")
    first, again = Ports(tmp_path), Ports(tmp_path)
    again.allocate("amqp", "http")
    assert (first["amqp"], first["http"]) == (again["amqp"], again["http"])
    assert first["amqp"] != first["http"]


def test_a_port_that_somebody_else_took_is_replaced(tmp_path: Path) -> None:
    ports = Ports(tmp_path)
    ports.allocate("http")
    before = ports["http"]
    with socket.create_server(("127.0.0.1", before)):
        assert not is_free(before)
        ports.allocate("http")
        assert ports["http"] != before
    assert Ports(tmp_path)["http"] == ports["http"]


def test_a_preferred_port_is_taken_only_when_it_is_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = Ports(tmp_path / "a")
        ports.allocate("http", preferred=taken.getsockname()[1])
        assert ports["http"] != taken.getsockname()[1]
        free = ports["http"]
    other = Ports(tmp_path / "b")
    other.allocate("http", preferred=free)
    assert other["http"] == free


def test_two_processes_at_the_same_time_get_different_ports(tmp_path: Path) -> None:
    """Nobody listens on any of them yet: what keeps them apart is the block that a living process holds."""
    program = "import sys; from pathlib import Path; from xinqiao_local.ports import Ports\n"
    program += "ports = Ports(Path(sys.argv[1])); ports.allocate(*'abcdefghij'); print(ports['a'], flush=True); input()"
    others = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / name)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name in ("one", "two")
    ]
    firsts = [int((other.stdout or pytest.fail("no output")).readline()) for other in others]
    for other in others:
        other.communicate(b"\n")
    assert len({first // 64 for first in firsts}) == 2
