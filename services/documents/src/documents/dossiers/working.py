"""Makes dossiers, one after the other: in the background, whatever the line of the one who asked."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from prometheus_client import Counter, Gauge

from documents import resources
from documents.dossiers import store
from documents.dossiers.binder import Source, bound
from documents.dossiers.domain import BOUND, KEYS, MANIFEST, SIGNATURE, Bound, Entry, Manifest, Part, Place
from documents.dossiers.gathering import Thing, once, things
from documents.dossiers.packing import Archive, pack
from documents.storage import store as objects
from documents.storage.vault import Kept
from kit import audit
from kit.errors import Refused
from kit.logs import log
from kit.runtime import Runtime
from kit.workers import Worker

PAGED = ("application/pdf", "image/jpeg", "image/png", "image/tiff", "image/webp")
WAIT = timedelta(seconds=30)  # after a try that failed; longer after each
DONE = Counter("xinqiao_dossiers_made_total", "Dossiers that were made")
FAILED = Counter("xinqiao_dossier_failures_total", "Tries that failed, by reason", ["reason"])
WAITING = Gauge("xinqiao_dossiers_waiting", "Dossiers that were asked for and are not made yet")


def purpose_binding(dossier_id: UUID) -> str:
    """What the encrypted purpose is bound to."""
    return f"dossiers/{dossier_id}/purpose"


async def step(runtime: Runtime) -> int:
    """Make the one whose turn it is; how many were tried. What fails is tried again, with its reason."""
    async with runtime.database.transaction() as session:
        WAITING.set(await store.waiting(session))
        row = await store.claim(session, runtime.wall.now())
    if row is None:
        return 0
    try:
        kept, inside = await _make(runtime, row)
    except asyncpg.PostgresConnectionError:
        raise  # the database is away: the lease will end
    except Exception as error:  # noqa: BLE001 - whatever it is, the reason is told and the next one has its turn
        await _put_off(runtime, row, error)
        return 1
    async with runtime.database.transaction() as session:
        at = runtime.clock.now()
        await objects.note(session, kept, at)
        await store.made(session, row["id"], kept, inside, at)
    DONE.inc()
    return 1


BINDER = Worker("dossiers", store.CHANNEL, step)


async def _put_off(runtime: Runtime, row: asyncpg.Record, error: Exception) -> None:
    unavailable = "unavailable" if isinstance(error, OSError) else "internal-error"
    reason = error.slug if isinstance(error, Refused) else unavailable
    FAILED.labels(reason).inc()
    log.warning("dossier.failed", dossier=str(row["id"]), reason=reason, error=type(error).__name__)
    async with runtime.database.transaction() as session:
        blameless = reason == "file-not-scanned"  # it waits for that, however long it takes
        due_at = runtime.wall.now() + (WAIT if blameless else WAIT * 2 ** row["attempts"])
        await store.failed(session, row["id"], reason, due_at, tries=0 if blameless else 1)


async def _make(runtime: Runtime, row: asyncpg.Record) -> tuple[Kept, Bound]:
    """Raises Refused; OSError while the store is away."""
    async with runtime.database.transaction() as session:
        await audit.chain(session, runtime.service)  # only what has its place in the chain is in the extract
    async with runtime.database.transaction() as session:
        gathered = await things(runtime, session, row["petition_id"])
        number = await store.number_of(session, row["petition_id"])
    at = runtime.clock.now()

    async def told(done: int) -> None:
        async with runtime.database.transaction() as session:
            await store.progress(session, row["id"], done, len(gathered) + 1, runtime.wall.now())

    await told(0)
    pdf, places = await bound(_facts(runtime, row, number, at), [_source(runtime, each) for each in gathered])
    async with resources.of(runtime).vault.receiving() as receiving:
        archive = Archive(receiving, at)
        entries = [entry async for entry in pack(archive, gathered, told)]
        whole = await _bound_entry(archive, pdf)
        inside = Bound(archive.begun, whole.bytes, whole.sha256)
        await _finish(runtime, row, archive, [*_placed(entries, places), whole], at)
        await archive.close()
        return await receiving.keep(), inside


def _facts(runtime: Runtime, row: asyncpg.Record, number: str | None, at: datetime) -> list[tuple[str, str]]:
    """What the cover says."""
    return [
        ("信访编号", number or str(row["petition_id"])), ("制卷单位", _name(runtime, row["unit"])),
        ("制卷日期", f"{at:%Y-%m-%d}"), ("制卷节点", runtime.node),
    ]  # fmt: skip


def _name(runtime: Runtime, unit: str) -> str:
    known = resources.of(runtime).units.units.get(unit)
    return known.name if known else unit


def _source(runtime: Runtime, thing: Thing) -> Source:
    part = Part(thing.title, _name(runtime, thing.unit) if thing.unit else "", thing.at[:10], thing.media_type, None)
    return Source(part, thing.size if thing.media_type in PAGED else None, thing.read)


def _placed(entries: Sequence[Entry], places: Sequence[Place]) -> list[Entry]:
    return [replace(entry, page=place.page, pages=place.pages) for entry, place in zip(entries, places, strict=True)]


async def _bound_entry(archive: Archive, pdf: bytes) -> Entry:
    size, digest = await archive.add(BOUND, once(pdf))
    return Entry(BOUND, "record", "全卷合订", "application/pdf", size, digest)


async def _finish(
    runtime: Runtime, row: asyncpg.Record, archive: Archive, entries: Sequence[Entry], at: datetime
) -> None:
    """The manifest, and the node's signature under it."""
    purpose = runtime.keyring.decrypt(row["purpose"], purpose_binding(row["id"]))
    manifest = Manifest(
        str(row["petition_id"]), runtime.node, row["unit"], row["asked_by"], at.isoformat(), purpose, tuple(entries)
    )
    signature, key = runtime.sealer.sign(manifest.text())
    await archive.add(MANIFEST, once(manifest.text()))
    await archive.add(SIGNATURE, once(signature))
    await archive.add(KEYS, once(json.dumps({"keys": [key]}).encode()))
