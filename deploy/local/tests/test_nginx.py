"""The gateway gives separate processes the URLs of one, and passes everything through."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from kit.problems import problem
from xinqiao_local.nginx import Gateway
from xinqiao_local.ports import Ports
from xinqiao_local.process import NotReady


class Echo(BaseHTTPRequestHandler):
    """Tells who answered, which path and trace it saw, and how many bytes came."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        received = self._chunked() if self.headers.get("transfer-encoding") else self._plain()
        seen = {"port": self.connection.getsockname()[1], "path": self.path, "bytes": received}
        body = json.dumps(seen | {"headers": dict(self.headers)}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.do_POST()

    def _plain(self) -> int:
        return len(self.rfile.read(int(self.headers.get("content-length", 0))))

    def _chunked(self) -> int:
        total = 0
        while size := int(self.rfile.readline(), 16):
            total += len(self.rfile.read(size))
            self.rfile.readline()
        return total

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def upstreams() -> Iterator[dict[str, ThreadingHTTPServer]]:
    servers = {name: ThreadingHTTPServer(("127.0.0.1", 0), Echo) for name in ("intake", "portal")}
    for server in servers.values():
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield servers
    for server in servers.values():
        server.shutdown()
        server.server_close()


@pytest.fixture
def gateway(tmp_path: Path, upstreams: dict[str, ThreadingHTTPServer]) -> Iterator[Gateway]:
    addresses = {name: f"127.0.0.1:{server.server_port}" for name, server in upstreams.items()}
    ports = Ports(tmp_path)
    ports.allocate("http", "nobody")
    routes = {"/api/intake/": addresses["intake"], "/": addresses["portal"]}
    it = Gateway(tmp_path, {**routes, "/api/routing/": f"127.0.0.1:{ports['nobody']}"}, ports["http"])
    it.start()
    yield it
    it.stop()


@pytest.mark.parametrize(
    ("path", "service"), [("/api/intake/v1/petitions?page=2", "intake"), ("/", "portal"), ("/api/other", "portal")]
)
def test_each_path_reaches_its_service_unchanged(
    gateway: Gateway, upstreams: dict[str, ThreadingHTTPServer], path: str, service: str
) -> None:
    answer = httpx.get(gateway.url + path, trust_env=False).json()
    assert (answer["port"], answer["path"]) == (upstreams[service].server_port, path)


def test_the_trace_and_the_host_pass_through(gateway: Gateway) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    seen = httpx.get(f"{gateway.url}/api/intake/", headers={"traceparent": trace}, trust_env=False).json()["headers"]
    assert seen["traceparent"] == trace
    assert seen["Host"] == gateway.url.removeprefix("http://")


def test_a_body_of_15_mb_passes_at_once_or_in_chunks(gateway: Gateway) -> None:
    for content in (bytes(15_000_000), iter([bytes(1_000_000)] * 15)):
        answer = httpx.post(f"{gateway.url}/api/intake/files", content=content, trust_env=False)
        assert answer.json()["bytes"] == 15_000_000


def test_a_service_that_is_away_is_answered_for_in_its_own_words(gateway: Gateway) -> None:
    answer = httpx.get(f"{gateway.url}/api/routing/v1/cases", trust_env=False)
    own = problem("unavailable")
    assert answer.status_code == own.status_code
    assert answer.headers["content-type"] == own.headers["content-type"]
    assert answer.headers["retry-after"] == own.headers["retry-after"]
    assert answer.json() == json.loads(bytes(own.body))


def test_a_port_that_a_stranger_holds_is_reported_in_nginx_own_words(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        it = Gateway(tmp_path, {"/": "127.0.0.1:9"}, stranger.getsockname()[1])
        with pytest.raises(NotReady, match="Address already in use"):
            it.start()
        it.kill9()
