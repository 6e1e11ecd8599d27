"""A link that can be cut."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from xinqiao_local.wire import Wire


def _echo(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return  # the test is over
        threading.Thread(target=_repeat, args=(connection,), daemon=True).start()


def _repeat(connection: socket.socket) -> None:
    with connection:
        while data := connection.recv(1024):
            connection.sendall(data)


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_echo, args=(server,))
        thread.start()
        it = Wire(tmp_path)
        it.connect(server.getsockname()[1])
        yield it
        it.stop()
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _through(wire: Wire) -> socket.socket:
    return socket.create_connection(("127.0.0.1", wire.port), timeout=5)


def test_bytes_pass_both_ways(wire: Wire) -> None:
    with _through(wire) as line:
        line.sendall(b"up")
        assert line.recv(10) == b"up"


def test_a_cut_breaks_connections_and_a_mend_allows_new_ones_at_the_same_port(wire: Wire) -> None:
    port = wire.port
    with _through(wire) as line:
        line.sendall(b"up")
        assert line.recv(10) == b"up"
        wire.cut()
        assert line.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        _through(wire)
    wire.mend()
    assert wire.port == port
    test_bytes_pass_both_ways(wire)


def test_a_hanging_wire_holds_what_was_sent_until_it_is_mended(wire: Wire) -> None:
    with _through(wire) as line:
        line.sendall(b"a")
        assert line.recv(10) == b"a"
        wire.hang()
        line.sendall(b"late")
        line.settimeout(0.3)
        with pytest.raises(TimeoutError):
            line.recv(10)
        wire.mend()
        line.settimeout(5)
        assert line.recv(10) == b"late"
