"""Makes papers official, one job after the other: number, PDF, signature, lock, register, event, audit.

Each step may be ended by a crash and is done again: the number stays the paper's, and the register takes it once.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from prometheus_client import Counter, Gauge
from sqlalchemy import Row, select

from contracts.events import SealedPaperState
from contracts.speech import emit
from documents import access, resources
from documents.papers.rendering import Filled, Marks
from documents.papers.tables import papers
from documents.papers.usecases import content_binding
from documents.seals import domain, numbering, store
from documents.seals.keys import SealKeys
from documents.storage import store as objects
from documents.storage.vault import Kept
from kit import audit
from kit.app import Job
from kit.db import Session
from kit.errors import Refused
from kit.logs import log
from kit.runtime import Runtime
from kit.workers import Worker

SEALED = "documents.paper.sealed.v1"
CHANNEL = "seal_jobs"
WAITING = Gauge("xinqiao_papers_to_seal", "Papers that wait for their seal")
FAILING = Gauge("xinqiao_papers_to_seal_failing", "Of these, papers whose last try failed")
DONE = Counter("xinqiao_papers_sealed_total", "Papers that were sealed")
FAILED = Counter("xinqiao_sealing_failures_total", "Tries that failed, by reason", ["reason"])


@dataclass(frozen=True, slots=True)
class Order:
    """A paper and all that makes it official."""

    job: asyncpg.Record
    paper: Row[Any]
    seal: asyncpg.Record
    number: str
    issued_on: date
    code: str
    supersedes: str | None

    def __repr__(self) -> str:
        return f"Order({self.paper.id}, {self.number})"


async def step(runtime: Runtime) -> int:
    """Seal the paper whose turn it is; how many were tried. What fails is put off, with its reason, never lost."""
    now = runtime.wall.now()
    lease = timedelta(seconds=resources.of(runtime).settings.seals.seal_seconds)
    async with runtime.database.transaction() as session:
        job = await store.claim(session, now, lease)
    if job is None:
        return 0
    try:
        await _make_official(runtime, job)
    except asyncpg.PostgresConnectionError:
        raise  # the database is away: the lease will end
    except Exception as error:  # noqa: BLE001 - whatever it is, the paper waits on and the reason is told
        await _put_off(runtime, job, error)
    return 1


async def _measure(_: Runtime, session: Session) -> None:
    waiting, failing = await store.standing(session)
    WAITING.set(waiting)
    FAILING.set(failing)


SEALER = Worker("seals", CHANNEL, step)
SEAL_FIGURES = Job("seal-figures", timedelta(seconds=15), _measure)


def _reason_of(error: Exception) -> str:
    if isinstance(error, Refused):
        return error.slug
    return "unavailable" if isinstance(error, OSError) else "internal-error"


async def _put_off(runtime: Runtime, job: asyncpg.Record, error: Exception) -> None:
    reason = _reason_of(error)
    FAILED.labels(reason).inc()
    log.warning("seal.failed", paper=str(job["paper_id"]), reason=reason, error=repr(error)[:300])
    due_at = runtime.wall.now() + domain.wait_after(job["attempts"])
    async with runtime.database.transaction() as session:
        await session.raw.execute(store.PUT_OFF, job["paper_id"], due_at, reason)


async def _make_official(runtime: Runtime, job: asyncpg.Record) -> None:
    """Raises Refused; OSError while the store is away."""
    held = resources.of(runtime)
    order = await _ordered(runtime, job)
    drawn = await held.renderers.render(*_content_of(runtime, order))
    pdf = await held.threads.run(_signed, held.seal_keys, order, drawn)
    years = timedelta(days=366 * held.settings.seals.retain_years)
    until = (runtime.wall.now() + years).replace(microsecond=0)  # servers keep no fractions of a second
    async with held.vault.receiving() as receiving:
        await receiving.write(pdf)
        kept = await receiving.keep(until)
    async with runtime.database.transaction() as session:
        await _registered(runtime, session, order, kept)
    DONE.inc()


async def _ordered(runtime: Runtime, job: asyncpg.Record) -> Order:
    """Take the number, once it is sure that there is a seal and its key. Raises Refused."""
    held = resources.of(runtime)
    async with runtime.database.transaction() as session:
        paper = (await session.sql.execute(select(papers).where(papers.c.id == job["paper_id"]))).one()
        seal = await usable_seal(session, job["unit"], runtime.wall.now())
    await held.threads.run(held.seal_keys.check, seal["id"], seal["key"], seal["certificate"])
    at = runtime.clock.now()
    async with runtime.database.transaction() as session:
        older = await store.sealed_of_any(session, job["supersedes"]) if job["supersedes"] else None
        number = await numbering.take(
            session, paper.id, unit=job["unit"], word=seal["word"],
            series=held.settings.seals.series.get(paper.kind, ""), on=domain.issued_on(at), at=at,
        )  # fmt: skip
    code = code_of(runtime, paper.id)
    return Order(job, paper, seal, number["text"], number["issued_on"], code, older and older.number)


async def usable_seal(session: Session, unit: str, now: datetime) -> asyncpg.Record:
    """Raises Refused: "no-seal", "seal-expired"."""
    seal = await store.current_seal(session, unit)
    if seal is None:
        raise Refused("no-seal", unit=unit)
    if seal["valid_until"] <= now:
        raise Refused("seal-expired", unit=unit, valid_until=seal["valid_until"].isoformat())
    return seal


def code_of(runtime: Runtime, paper_id: UUID) -> str:
    """The code behind the paper's QR: derived, so that a second try draws the same one; nobody can guess it."""
    return runtime.keyring.code_for(f"sealed:{paper_id}", domain.CODE_LENGTH)


def _content_of(runtime: Runtime, order: Order) -> tuple[Filled, Marks]:
    marks = Marks(
        number=order.number, unit_name=order.seal["name"], issued_on=order.issued_on, seal=order.seal["image"],
        verify_url=f"{runtime.settings.node.public_url.rstrip('/')}/verify/{order.code}",
        correction=_correction(runtime, order),
    )  # fmt: skip
    text = json.loads(runtime.keyring.decrypt(order.paper.content, content_binding(order.paper.id)))
    return Filled.of(order.paper.kind, order.paper.template, text), marks


def _signed(keys: SealKeys, order: Order, pdf: bytes) -> bytes:
    seal = order.seal
    return keys.sign(
        pdf, seal["id"], seal["key"], seal["certificate"], number=order.number, unit_name=seal["name"]
    )  # fmt: skip


def _correction(runtime: Runtime, order: Order) -> str | None:
    """What the paper says of the one it supersedes, and why."""
    sealed: bytes | None = order.job["correction"]
    if sealed is None:
        return None
    reason = runtime.keyring.decrypt(sealed, store.correction_binding(order.paper.id))
    return f"本文书更正并取代{order.supersedes}。更正原因:{reason}"


async def _registered(runtime: Runtime, session: Session, order: Order, kept: Kept) -> None:
    job, paper, at = order.job, order.paper, runtime.clock.now()
    if not await store.end_job(session, paper.id):
        return
    version = await access.advance(session, paper.petition_id)
    await objects.note(session, kept, at)
    await store.register(
        session, paper_id=paper.id, petition_id=paper.petition_id, version=version, kind=paper.kind, unit=paper.unit,
        code=order.code, sha256=kept.digest, bytes=kept.size, object=kept.name, seal_id=order.seal["id"],
        case_version=job["case_version"], asked_by=job["asked_by"], supersedes=job["supersedes"],
        correction=job["correction"], sealed_at=at,
    )  # fmt: skip
    state = SealedPaperState(
        paper_id=paper.id, kind=paper.kind, number=order.number, sha256=kept.digest, unit=paper.unit, sealed_at=at,
        supersedes=job["supersedes"],
    )  # fmt: skip
    if not await access.is_folder(session, paper.petition_id):  # events of papers are about petitions
        emit(runtime, session, SEALED, state, subject=paper.petition_id, sequence=version)
    detail = {
        "paper": str(paper.id), "number": order.number, "sha256": kept.digest, "seal": str(order.seal["id"]),
        "case_version": job["case_version"], "supersedes": job["supersedes"] and str(job["supersedes"]),
    }  # fmt: skip
    audit.note(
        session, "seal-paper", subject=paper.petition_id, at=at, actor=job["asked_by"], unit=paper.unit,
        before=version - 1, after=version, detail=detail,
    )  # fmt: skip
