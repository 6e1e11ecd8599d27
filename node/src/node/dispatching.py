"""Which application of a process answers a path. Paths stay whole, so URLs are the same however a node is split."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

OWN = ("/healthz", "/readyz", "/metrics")


class Dispatcher:
    """`/api/<service>/…` to its application, health and metrics to the process's own, everything else to the portal."""

    def __init__(self, apps: Mapping[str, ASGIApp], own: ASGIApp) -> None:
        self._apps = apps
        self._own = own
        self._rest = apps.get("portal", own)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._target(scope["path"])(scope, receive, send)

    def _target(self, path: str) -> ASGIApp:
        if path in OWN:
            return self._own
        if path.startswith("/api/"):
            return self._apps.get(path.split("/", 3)[2], self._own)
        return self._rest
