"""Making a paper official: number, layout, signature, lock, register; one after the other in a warm process."""

import time
import uuid
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from statistics import quantiles

from deploy.bench.figures import Figure, limit
from deploy.bench.ground import NODE, UNIT, Ground

from contracts.units import UnitDirectory
from documents import resources
from documents.main import service
from documents.papers import usecases as papers
from documents.papers.domain import Opinion
from documents.seals import registering, store, working
from kit import migrations
from kit.app import with_resources
from kit.auth import Principal
from kit.bus import Bus
from kit.runtime import Runtime
from kit.settings import NodeSettings

BELOW = 1500  # ms
WARM = 3
TEXT = "经查，该路段系镇里管养，雨后积水属实，村民通行不便，镇里已列入今年的养护计划。" * 12


async def measure(ground: Ground, *, papers: int) -> Figure:
    """p95 of the worker's step, the store being a directory."""
    ground.postgres.drop_database("documents")
    dsn = ground.postgres.create_database("documents")
    await migrations.upgrade(dsn, service.migrations, service.metadata)
    settings = NodeSettings.load(ground.node(dsn))
    units = UnitDirectory.read(settings.resolve(settings.node.units_file))
    runtime = Runtime.build(service.name, settings, Bus(ground.broker.url(), name="bench"), units.above)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(with_resources(service, runtime))
        await _prepare(runtime, papers + WARM)
        spent = [await _timed(runtime) for _ in range(papers + WARM)][WARM:]
    value = quantiles(spent, n=20)[-1]
    return limit(
        "sealing", "a paper laid out, sealed and frozen, p95", unit="ms", below=BELOW, value=value, ours=spent,
        note=f"{papers} opinions of two pages, one after the other, directory store",
    )  # fmt: skip


async def _prepare(runtime: Runtime, many: int) -> None:
    """A seal for the office, and opinions that were approved."""
    petition, now = uuid.uuid4(), datetime.now(UTC)
    writer = Principal("bench", UNIT, NODE, frozenset({"handler"}), 0, ())
    unit = resources.of(runtime).units.units[UNIT]
    async with runtime.database.transaction() as session:
        await session.raw.execute("INSERT INTO petitions (id) VALUES ($1)", petition)
        await session.raw.execute("INSERT INTO petition_scopes VALUES ($1, $2)", NODE, petition)
        await registering.register(
            runtime, session, registering.drawn_seal(runtime, unit, "丁信", now), by="bench"
        )  # fmt: skip
    filed = []
    for _ in range(many):
        async with runtime.database.transaction() as session:
            opinion = Opinion("请求修复门前道路。", TEXT, TEXT, "《信访工作条例》第三十二条", "support")
            filed.append((await papers.file_paper(runtime, session, writer, petition, opinion)).id)
    async with runtime.database.transaction() as session:
        each = [petition] * many, [UNIT] * many, [1] * many
        await session.raw.execute(store.ASK_APPROVED, filed, *each, now, [now] * many)


async def _timed(runtime: Runtime) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    await working.step(runtime)
    spent = (time.perf_counter() - started) * 1000
    async with runtime.database.transaction() as session:
        _, failing, _ = await store.standing(session)
    if failing:
        raise RuntimeError("a paper was not sealed")
    return spent
