"""Rows of dossiers. Whose they are is checked in each statement that reads them for somebody."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, insert, select

from contracts.envelope import Envelope
from documents.access import readable
from documents.dossiers.domain import Bound
from documents.dossiers.tables import dossiers
from documents.drafts.tables import case_facts
from documents.files.tables import files
from documents.papers.tables import papers
from documents.seals.tables import numbers, sealed_papers
from documents.storage.vault import Kept
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session

CHANNEL = "dossiers"
MOST = 5  # tries
LEASE = timedelta(minutes=10)  # after which a try that shows no progress is taken for ended
SHOWN = 50
STEPS = """
INSERT INTO steps (petition_id, version, action, unit, state, reason, at)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
ON CONFLICT DO NOTHING
"""
CLAIM = """
UPDATE dossiers SET attempts = attempts + 1, due_at = $2, done = 0 WHERE id = (
  SELECT id FROM dossiers WHERE made_at IS NULL AND attempts < $3 AND due_at <= $1
  ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *
"""
AUDIT = """
SELECT position, previous, hash, ARRAY[audit.id::text, extract(epoch FROM at)::text, actor, unit, subject::text, action,
  reason, before::text, after::text, detail] AS fields
FROM audit JOIN audit_links ON audit_links.entry = audit.id WHERE subject = $1 ORDER BY position
"""


async def add_steps(session: Session, events: Sequence[Envelope]) -> None:
    """What was done with these cases, once for each version of a case."""
    lasts = [event.data.last for event in events]
    await session.raw.execute(
        STEPS, [event.subject for event in events], [event.version for event in events],
        [last.action for last in lasts], [last.unit for last in lasts], [event.data.state for event in events],
        [last.reason for last in lasts], [last.at for last in lasts],
    )  # fmt: skip


async def add(session: Session, **columns: Any) -> Row[Any]:
    row: Row[Any] = (await session.sql.execute(insert(dossiers).values(columns).returning(dossiers))).one()
    return row


async def find(session: Session, petition_id: UUID, dossier_id: UUID, reader: Principal) -> Row[Any] | None:
    query = select(dossiers).join(petitions).where(dossiers.c.id == dossier_id, readable(petition_id, reader))
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def newest(session: Session, petition_id: UUID, reader: Principal) -> Sequence[Row[Any]]:
    """The last that were asked for."""
    query = select(dossiers).join(petitions).where(readable(petition_id, reader))
    return (await session.sql.execute(query.order_by(dossiers.c.id.desc()).limit(SHOWN))).all()


async def claim(session: Session, now: datetime) -> "asyncpg.Record | None":
    """One that is to be made now; nobody else takes it before the lease ends."""
    return await session.raw.fetchrow(CLAIM, now, now + LEASE, MOST)


async def progress(session: Session, dossier_id: UUID, done: int, total: int, now: datetime) -> None:
    await session.raw.execute(
        "UPDATE dossiers SET done = $2, total = $3, due_at = $4 WHERE id = $1 AND made_at IS NULL",
        dossier_id, done, total, now + LEASE,
    )  # fmt: skip


async def made(session: Session, dossier_id: UUID, kept: Kept, inside: Bound, at: datetime) -> bool:
    """False when another process was faster: that one's stays."""
    changed: str = await session.raw.execute(
        "UPDATE dossiers SET object = $2, sha256 = $3, bytes = $4, made_at = $5, done = total, reason = NULL,"
        " bound_from = $6, bound_bytes = $7, bound_sha256 = $8 WHERE id = $1 AND made_at IS NULL",
        dossier_id, kept.name, kept.digest, kept.size, at, inside.begins, inside.bytes, inside.sha256,
    )  # fmt: skip
    return changed.endswith(" 1")


async def failed(session: Session, dossier_id: UUID, reason: str, due_at: datetime, *, tries: int) -> None:
    """tries: 1, or 0 where this one does not count."""
    await session.raw.execute(
        "UPDATE dossiers SET reason = $2, due_at = $3, attempts = attempts - 1 + $4"
        " WHERE id = $1 AND made_at IS NULL",
        dossier_id, reason, due_at, tries,
    )  # fmt: skip


async def waiting(session: Session) -> int:
    """How many are still to be made, or could not be."""
    number: int = await session.raw.fetchval("SELECT count(*) FROM dossiers WHERE made_at IS NULL")
    return number


async def number_of(session: Session, petition_id: UUID) -> str | None:
    """The petition's number."""
    query = select(case_facts.c.petition_number).where(case_facts.c.petition_id == petition_id)
    number: str | None = (await session.sql.execute(query)).scalar_one_or_none()
    return number


async def files_of(session: Session, petition_id: UUID) -> Sequence[Row[Any]]:
    query = select(files).where(files.c.petition_id == petition_id).order_by(files.c.version)
    return (await session.sql.execute(query)).all()


async def papers_of(session: Session, petition_id: UUID) -> Sequence[Row[Any]]:
    query = select(papers).where(papers.c.petition_id == petition_id).order_by(papers.c.version)
    return (await session.sql.execute(query)).all()


async def sealed_of(session: Session, petition_id: UUID) -> Sequence[Row[Any]]:
    """Official papers, each with its number."""
    query = select(sealed_papers, numbers.c.text.label("number")).join(numbers)
    query = query.where(sealed_papers.c.petition_id == petition_id).order_by(sealed_papers.c.version)
    return (await session.sql.execute(query)).all()


async def steps_of(session: Session, petition_id: UUID) -> Sequence[asyncpg.Record]:
    found: Sequence[asyncpg.Record] = await session.raw.fetch(
        "SELECT version, action, unit, state, reason, at FROM steps WHERE petition_id = $1 ORDER BY version",
        petition_id,
    )
    return found


async def audit_of(session: Session, petition_id: UUID) -> Sequence[asyncpg.Record]:
    """The entries of the audit that tell of a petition's documents, with their places in the chain."""
    found: Sequence[asyncpg.Record] = await session.raw.fetch(AUDIT, petition_id)
    return found
