"""A process of a node: any set of services, as api, as worker or both, behind one address."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from kit import health, logs, problems, telemetry
from kit.app import Service, build_app, checks_of, with_resources, working
from kit.bus import Bus
from kit.runtime import Runtime
from kit.settings import NodeSettings

ROLES = ("api", "worker", "all")
GRACE = 20  # seconds that requests in flight are given after SIGTERM


class Dispatcher:
    """Sends `/api/<service>/…` to its application, health and metrics to the node, everything else to the portal.

    Paths are not shortened: the applications carry their full paths, so URLs are the same however a node is split.
    """

    def __init__(self, apps: dict[str, ASGIApp], own: ASGIApp) -> None:
        self._apps = apps
        self._own = own

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._target(scope["path"])(scope, receive, send)

    def _target(self, path: str) -> ASGIApp:
        if path in {"/healthz", "/readyz", "/metrics"}:
            return self._own
        parts = path.split("/", 3)
        if len(parts) > 2 and parts[1] == "api" and parts[2] in self._apps:
            return self._apps[parts[2]]
        return self._apps.get("portal", self._own)


def own_app(runtimes: list[Runtime]) -> FastAPI:
    """Health and metrics of the whole process."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(health.router(lambda: checks_of(runtimes)))
    problems.install(app)
    return app


@asynccontextmanager
async def assembled(settings: NodeSettings, services: Sequence[Service], role: str) -> AsyncIterator[ASGIApp]:
    """Everything of this process running; yields its HTTP application. At the end consumers finish what they hold."""
    names = "+".join(service.name for service in services)
    bus = Bus(settings.broker.url.get_secret_value(), name=f"xinqiao {settings.node.path} {names} {role}")
    runtimes = [Runtime.build(service.name, settings, bus) for service in services]
    async with AsyncExitStack() as stack:
        stack.push_async_callback(bus.close)
        for service, runtime in zip(services, runtimes, strict=True):
            await stack.enter_async_context(with_resources(service, runtime))
        if role != "api":
            for service, runtime in zip(services, runtimes, strict=True):
                await stack.enter_async_context(working(service, runtime))
        apps: dict[str, ASGIApp] = {}
        if role != "worker":
            apps = {s.name: build_app(s, runtime) for s, runtime in zip(services, runtimes, strict=True)}
        yield Dispatcher(apps, own_app(runtimes))


class Server(uvicorn.Server):
    """uvicorn without its signal handling: the process ends when its work has ended, not before."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]  # noqa: ANN201 - uvicorn's own signature is untyped
        yield


async def serve(settings: NodeSettings, services: Sequence[Service], role: str, listen: str) -> None:
    """Run until SIGTERM or SIGINT, then finish what is in hand. A second signal ends at once."""
    names = "all" if len(services) > 1 else services[0].name
    logs.configure(settings.telemetry.log_level, node=settings.node.path, process=f"{names}.{role}")
    file = settings.telemetry.traces_file
    provider = telemetry.configure(
        settings.telemetry, settings.resolve(file) if file else None, node=settings.node.path, process=names
    )
    host, _, port = listen.rpartition(":")
    try:
        async with assembled(settings, services, role) as app:
            config = uvicorn.Config(
                app, host=host, port=int(port), loop="none", http="httptools", lifespan="off", access_log=False,
                log_config=None, timeout_graceful_shutdown=GRACE, server_header=False, date_header=False,
                backlog=2048, timeout_keep_alive=30,
            )  # fmt: skip
            server = Server(config)
            _end_on_signal(server)
            logs.log.info("process.started", listen=listen, role=role)
            await server.serve()
    finally:
        provider.shutdown()
    logs.log.info("process.ended")


def _end_on_signal(server: uvicorn.Server) -> None:
    def end() -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
