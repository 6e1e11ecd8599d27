"""A process of a node: any set of services, as api, as worker or both, behind one address."""

import asyncio
import contextlib
import gc
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from contracts.units import UnitDirectory
from kit import health, logs, problems, telemetry
from kit.app import NO_TELEMETRY, Service, build_app, checks_of, with_resources, working
from kit.bus import Bus
from kit.runtime import Runtime
from kit.settings import NodeSettings
from node.depths import measuring
from node.dispatching import Dispatcher
from node.lifetimes import together

ROLES = ("api", "worker", "all")
GRACE = 8  # seconds that requests in flight are given after SIGTERM; consumers then get ten, the relay three
LIMIT = 24.0  # seconds after which a process that still has not ended is ended
# objects between two looks for garbage. What hundreds of messages in hand are made of is none yet: to look at it each
# 700 objects took a sixth of the time of a process that sends texts
YOUNG = 20_000


def own_app(runtimes: list[Runtime]) -> FastAPI:
    """Health and metrics of the whole process."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, telemetry=NO_TELEMETRY)
    clock = runtimes[0].clock if runtimes else None
    app.router.routes.extend(health.router(lambda: checks_of(runtimes), clock).routes)
    problems.install(app)
    return app


@asynccontextmanager
async def _running(service: Service, runtime: Runtime, role: str) -> AsyncIterator[None]:
    async with with_resources(service, runtime):
        if role == "api":
            yield
            return
        async with working(service, runtime):
            yield


@asynccontextmanager
async def assembled(settings: NodeSettings, services: Sequence[Service], role: str) -> AsyncIterator[ASGIApp]:
    """Everything of this process running; yields its HTTP application. Neither broker nor database need be there yet.

    At the end the consumers of all services finish what they hold, at the same time.
    """
    names = [service.name for service in services]
    bus = Bus(settings.broker.url.get_secret_value(), name=f"xinqiao {settings.node.path} {'+'.join(names)} {role}")
    units = UnitDirectory.read(settings.resolve(settings.node.units_file))
    runtimes = [Runtime.build(name, settings, bus, units.above) for name in names]
    pairs = list(zip(services, runtimes, strict=True))
    apps: dict[str, ASGIApp] = {}
    if role != "worker":
        apps = {service.name: build_app(service, runtime) for service, runtime in pairs}
    try:
        measured = [] if role == "api" else [measuring(settings, names)]
        async with together([*(_running(service, runtime, role) for service, runtime in pairs), *measured]):
            yield Dispatcher(apps, own_app(runtimes))
    finally:
        await bus.close()


class Server(uvicorn.Server):
    """uvicorn without its signal handling: the process ends when its work has ended, not before."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
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
            gc.collect()
            gc.freeze()  # what is loaded by now stays: to look at all of it again takes a tenth of a second each time
            gc.set_threshold(YOUNG)
            config = uvicorn.Config(
                app, host=host, port=int(port), loop="none", http="httptools", ws="none", lifespan="off",
                access_log=False, log_config=None, timeout_graceful_shutdown=GRACE, server_header=False,
                date_header=False, backlog=2048, timeout_keep_alive=30,
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
        if server.should_exit:
            os._exit(1)  # asked a second time: whatever is in hand comes again from queue and outbox
        server.should_exit = True
        logs.log.info("process.ending")
        last_resort = threading.Timer(LIMIT, os._exit, (1,))
        last_resort.daemon = True
        last_resort.start()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
