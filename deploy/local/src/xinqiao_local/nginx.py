"""A private nginx in front of one tier whose services run as separate processes: the same URLs as one process gives."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from xinqiao_local.process import Daemon
from xinqiao_local.secret_files import private_directory, write_private

# as kit says it, for the moment when the process that would say it is away
AWAY = {
    "type": "urn:xinqiao:problem:unavailable",
    "title": "系统暂时不可用",
    "title_en": "Temporarily unavailable",
    "status": 503,
    "next": "稍后用同一个 Idempotency-Key 重试",
    "next_en": "Retry later with the same Idempotency-Key",
}
CONFIGURATION = """\
{user}daemon off;
worker_processes 1;
pid nginx-own.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  server_tokens off;
  client_body_temp_path temp/body;
  proxy_temp_path temp/proxy;
  fastcgi_temp_path temp/fastcgi;
  uwsgi_temp_path temp/uwsgi;
  scgi_temp_path temp/scgi;
{upstreams}
  server {{
    listen 127.0.0.1:{port};
    client_max_body_size 0;  # each service bounds its own input
    proxy_http_version 1.1;
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_read_timeout 300s;
    proxy_set_header Host $http_host;
    proxy_set_header Connection "";
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    error_page 502 503 504 =503 @away;
    location @away {{
      internal;
      default_type application/problem+json;
      add_header Retry-After 5 always;
      return 503 '{away}';
    }}
{locations}
  }}
}}
"""


class Gateway:
    """routes: {path prefix: host:port}, the longest fitting prefix wins; port: where it listens on 127.0.0.1.

    Headers, `traceparent` among them, and bodies of any size pass through as they come.
    """

    def __init__(self, directory: Path, routes: Mapping[str, str], port: int) -> None:
        self.directory = private_directory(directory.absolute())
        self.port = port
        self.daemon = Daemon(self.directory, "nginx")
        self._routes = dict(routes)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it; does nothing when it runs. Raises NotReady, with nginx's own words when the port is taken."""
        private_directory(self.directory / "temp")
        write_private(self.directory / "nginx.conf", self._configuration())
        self.daemon.start(["nginx", "-e", "stderr", "-p", f"{self.directory}/", "-c", "nginx.conf"])
        self.daemon.wait_ready(lambda: self.daemon.listens(self.port), 10)

    def stop(self) -> None:
        self.daemon.stop(10)

    def kill9(self) -> None:
        self.daemon.kill9()

    def _configuration(self) -> str:
        names = {prefix: f"upstream_{number}" for number, prefix in enumerate(self._routes)}
        upstreams = [
            f"  upstream {names[prefix]} {{ server {address} max_fails=0; keepalive 32; }}"
            for prefix, address in self._routes.items()
        ]
        locations = [f"    location {prefix} {{ proxy_pass http://{names[prefix]}; }}" for prefix in self._routes]
        return CONFIGURATION.format(
            user="user root;\n" if os.geteuid() == 0 else "",  # else its worker could not enter our 0700 directory
            port=self.port,
            away=json.dumps(AWAY, ensure_ascii=False),
            upstreams="\n".join(upstreams),
            locations="\n".join(locations),
        )
