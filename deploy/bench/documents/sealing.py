"""Making a paper official: number, layout, signature, lock, register; one after the other in a warm process."""

import time
from datetime import UTC, datetime
from statistics import quantiles

from deploy.bench.documents.desk import HANDLER, Desk, desk
from deploy.bench.figures import Figure, limit
from deploy.bench.ground import UNIT, Ground

from documents import resources
from documents.papers import usecases as papers
from documents.papers.domain import Opinion
from documents.seals import registering, store, working
from kit.runtime import Runtime

BELOW = 1500  # ms
WARM = 3
TEXT = "经查，该路段系镇里管养，雨后积水属实，村民通行不便，镇里已列入今年的养护计划。" * 12


async def measure(ground: Ground, *, many: int) -> list[Figure]:
    """p95 of the worker's step over so many papers, the store being a directory."""
    opened = await desk(ground)
    async with opened.running() as runtime:
        await _prepare(opened, runtime, many + WARM)
        spent = [await _timed(runtime) for _ in range(many + WARM)][WARM:]
    return [
        limit(
            "sealing", "a paper laid out, sealed and frozen, p95", unit="ms", below=BELOW,
            value=quantiles(spent, n=20)[-1], ours=spent,
            note=f"{many} opinions of two pages, one after the other, directory store",
        )
    ]  # fmt: skip


async def _prepare(opened: Desk, runtime: Runtime, many: int) -> None:
    """A seal for the office, and opinions that were approved."""
    now = datetime.now(UTC)
    unit = resources.of(runtime).units.units[UNIT]
    async with runtime.database.transaction() as session:
        seal = registering.drawn_seal(runtime, unit, "丁信", now)
        await registering.register(runtime, session, seal, by="bench")
    for _ in range(many):
        async with runtime.database.transaction() as session:
            opinion = Opinion("请求修复门前道路。", TEXT, TEXT, "《信访工作条例》第三十二条", "support")
            paper = await papers.file_paper(runtime, session, HANDLER, opened.petition, opinion)
        due = {"petition_id": opened.petition, "unit": UNIT, "case_version": 1, "asked_at": now, "due_at": now}
        async with runtime.database.transaction() as session:
            await store.ask(session, paper_id=paper.id, **due)


async def _timed(runtime: Runtime) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    await working.step(runtime)
    spent = (time.perf_counter() - started) * 1000
    async with runtime.database.transaction() as session:
        failing = await session.raw.fetchval("SELECT count(*) FROM seal_jobs WHERE reason IS NOT NULL")
    if failing:
        raise RuntimeError("a paper was not sealed")
    return spent
