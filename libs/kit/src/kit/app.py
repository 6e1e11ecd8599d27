"""A service as data, and the FastAPI application and background work made from it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from sqlalchemy import MetaData

from kit import audit, health, idempotency, inbox, problems
from kit.bus import Consumer
from kit.clock import MovableClock
from kit.consuming import ConsumerLoop
from kit.db import Session, Waker
from kit.http import Observed
from kit.logs import log
from kit.outbox import Relay
from kit.runtime import Runtime
from kit.sealing import Sealed
from kit.workers import Worker, WorkerLoop

Resources = Callable[[Runtime], AbstractAsyncContextManager[object]]


@asynccontextmanager
async def no_resources(_: Runtime) -> AsyncIterator[object]:
    yield None


async def no_setup(_: Runtime, __: Session) -> None:
    """For services without reference data."""


@dataclass(frozen=True)
class Job:
    """Work done every `every`, in one transaction. It must stand being done twice."""

    name: str
    every: timedelta
    run: Callable[[Runtime, Session], Awaitable[object]]


async def _forget(_: Runtime, session: Session) -> None:
    await inbox.forget_old(session)
    await idempotency.forget_old(session)


# `Observed` makes the one span of a request; FastAPI's own would be four more, and its logs quote what was sent
NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}
LOOK = 0.4  # seconds between two looks whether a demonstration has moved the clock
HOUSEKEEPING = Job("housekeeping", timedelta(minutes=10), _forget)


@dataclass(frozen=True)
class Service:
    """name: also of its database, role and queues; setup: loads reference data, idempotent, after migration;
    uploads: paths (regular expressions) whose POST bodies are bounded by their own routes, as those of a PUT are;
    lines: what runs as long as the workers do, and holds connections to the outside until it is cancelled;
    sealed: the encrypted columns of its tables; audited: queries for the ids of audit entries that do not agree with
    the rows they tell of, for rows that people read instead of the audit.
    """

    name: str
    title: str
    routers: tuple[APIRouter, ...]
    metadata: MetaData
    migrations: Path
    consumers: tuple[Consumer, ...] = ()
    resources: Resources = no_resources
    setup: Callable[[Runtime, Session], Awaitable[None]] = no_setup
    jobs: tuple[Job, ...] = field(default=(HOUSEKEEPING,))
    workers: tuple[Worker, ...] = ()
    lines: tuple[Callable[[Runtime], Coroutine[Any, Any, None]], ...] = ()
    uploads: tuple[str, ...] = ()
    sealed: tuple[Sealed, ...] = ()
    audited: tuple[str, ...] = ()

    @property
    def encrypted(self) -> tuple[Sealed, ...]:
        """Its encrypted columns and the kit's own: remembered answers, each bound to its key."""
        return (*self.sealed, Sealed(self.metadata.tables["idempotency"], ("body",), str))


def build_app(service: Service, runtime: Runtime | None = None) -> FastAPI:
    """The HTTP face of a service. Without a runtime it can only describe itself (OpenAPI, route listing)."""
    app = FastAPI(
        title=f"Xinqiao {service.name}",
        description=service.title,
        version="1.0.0",
        openapi_url=f"/api/{service.name}/openapi.json",
        docs_url=None,
        redoc_url=None,
        telemetry=NO_TELEMETRY,
    )
    healthy = health.router(lambda: checks_of([runtime] if runtime else []), runtime.clock if runtime else None)
    for router in (*service.routers, healthy):
        # the routes themselves, where guards find them; include_router would also match each request twice
        app.router.routes.extend(router.routes)
    problems.install(app)
    app.add_middleware(Observed, service=service.name, uploads=service.uploads)
    app.state.runtime = runtime
    return app


def checks_of(runtimes: list[Runtime]) -> dict[str, health.Check]:
    """Every dependency of these services by name."""
    checks: dict[str, health.Check] = {f"database.{each.service}": each.database.ping for each in runtimes}
    if runtimes:
        checks["broker"] = runtimes[0].bus.ping
    return checks | {name: check for each in runtimes for name, check in each.checks.items()}


@asynccontextmanager
async def with_resources(service: Service, runtime: Runtime) -> AsyncIterator[None]:
    """Hold the service's own resources, its waker and its connections while the block runs."""
    try:
        async with service.resources(runtime) as resources:
            runtime.resources = resources
            waker = asyncio.create_task(Waker(runtime.database).run(), name=f"{service.name}.waker")
            try:
                yield
            finally:
                await _cancel([waker])
    finally:
        await runtime.database.close()


@asynccontextmanager
async def working(service: Service, runtime: Runtime) -> AsyncIterator[None]:
    """Relay, consumers, workers and jobs while the block runs; at its end all finish what they hold."""
    loops: list[ConsumerLoop | WorkerLoop] = [
        ConsumerLoop(
            consumer,
            bus=runtime.bus,
            database=runtime.database,
            context=runtime,
            open_message=runtime.open_message,
            prefetch=runtime.settings.broker.prefetch,
        )
        for consumer in service.consumers
    ]
    workers = (*service.workers, audit.CHAINING)
    loops += [WorkerLoop(worker, database=runtime.database, context=runtime) for worker in workers]
    relay = Relay(runtime.database, runtime.bus, service=service.name)
    consuming = [asyncio.create_task(loop.run(), name=f"{service.name}.{type(loop).__name__}") for loop in loops]
    relaying = asyncio.create_task(relay.run(), name=f"{service.name}.relay")
    lines = [asyncio.create_task(line(runtime), name=f"{service.name}.{line.__name__}") for line in service.lines]
    due = [asyncio.Event() for _ in service.jobs]
    jobs = [
        asyncio.create_task(_repeat(*each, runtime), name=each[0].name) for each in zip(service.jobs, due, strict=True)
    ]
    if isinstance(runtime.clock, MovableClock):
        wakes = [*(loop.wake for loop in loops if isinstance(loop, WorkerLoop)), *(event.set for event in due)]
        jobs.append(asyncio.create_task(_follow(runtime.clock, wakes), name=f"{service.name}.clock"))
    for task in (*consuming, relaying, *lines, *jobs):
        task.add_done_callback(_report)
    try:
        yield
    finally:
        for loop in loops:
            loop.stop()
        await asyncio.wait(consuming, timeout=10) if consuming else None
        relay.stop()  # after the consumers: what they wrote last leaves too, if the broker takes it
        await asyncio.wait([relaying], timeout=3)
        await _cancel([*consuming, relaying, *lines, *jobs])


def _report(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("task.died", task=task.get_name(), error=repr(error)[:300])


async def _follow(clock: MovableClock, wakes: Sequence[Callable[[], None]]) -> None:
    """Let all who sleep look again when the clock was moved."""
    before = clock.moved
    while True:
        await asyncio.sleep(LOOK)
        if clock.moved != before:
            before = clock.moved
            for wake in wakes:
                wake()


async def _repeat(job: Job, due: asyncio.Event, runtime: Runtime) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(due.wait(), job.every.total_seconds())
        due.clear()
        try:
            async with runtime.database.transaction() as session:
                await job.run(runtime, session)
        except Exception as error:  # noqa: BLE001 - a job that failed once must run again next time
            log.warning("job.failed", service=runtime.service, job=job.name, error=type(error).__name__)


async def _cancel(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*tasks, return_exceptions=True)
