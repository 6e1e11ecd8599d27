"""Rows of seals, of papers that wait for theirs, and of the register. What readers are shown, `visible` decides."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import Row, Select, insert, select, tuple_
from sqlalchemy.orm import aliased

from documents.access import readable, visible
from documents.papers.tables import papers
from documents.seals.tables import numbers, retired_seals, seal_jobs, sealed_papers, seals
from documents.tables import petitions
from kit.auth import Principal
from kit.db import Session
from kit.pages import Place

# papers of an approved opinion that were written here, by the unit whose opinion it is; sealed ones are done. A unit
# that has no seal need not be tried for: the paper waits until it has one or, should that happen just now, for $7
ASK_APPROVED = """
WITH able AS (
  SELECT unit FROM seals LEFT JOIN retired_seals ON seal_id = id WHERE unit = ANY ($3::text[]) AND seal_id IS NULL
    AND version = (SELECT max(version) FROM seals AS each WHERE each.unit = seals.unit))
INSERT INTO seal_jobs (paper_id, petition_id, unit, case_version, asked_at, due_at, reason)
SELECT papers.id, papers.petition_id, papers.unit, told.version, told.at,
  CASE WHEN able.unit IS NULL THEN $5::timestamptz + $7::interval ELSE $5 END,
  CASE WHEN able.unit IS NULL THEN 'no-seal' END
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $6::timestamptz[])
  AS told (paper_id, petition_id, unit, version, at)
JOIN papers ON (papers.id, papers.petition_id, papers.unit) = (told.paper_id, told.petition_id, told.unit)
LEFT JOIN able ON able.unit = papers.unit
WHERE NOT EXISTS (SELECT FROM sealed_papers WHERE paper_id = papers.id)
ON CONFLICT DO NOTHING
"""
# a lease, not a lock: no connection is held while a paper is drawn, signed and stored
CLAIM = """
UPDATE seal_jobs SET attempts = attempts + 1, due_at = $1::timestamptz + $2::interval
WHERE paper_id = (SELECT paper_id FROM seal_jobs WHERE due_at <= $1 ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *
"""
PUT_OFF = "UPDATE seal_jobs SET due_at = $2, reason = $3 WHERE paper_id = $1"
RETRY = "UPDATE seal_jobs SET due_at = $1 WHERE $2::uuid IS NULL OR paper_id = $2"
RETRY_OF_UNIT = "UPDATE seal_jobs SET due_at = $1 WHERE unit = $2 AND reason IS NOT NULL"
STANDING = "SELECT count(*), count(*) FILTER (WHERE reason IS NOT NULL) FROM seal_jobs"
CURRENT = """
SELECT seals.* FROM seals LEFT JOIN retired_seals ON seal_id = id
WHERE unit = $1 AND seal_id IS NULL AND version = (SELECT max(version) FROM seals WHERE unit = $1)
"""
# whoever has this word now has it alone, or two units would have the same numbers
WORD_OF_OTHERS = """
SELECT 1 FROM seals WHERE word = $1 AND unit <> $2 UNION ALL
SELECT 1 FROM numbers WHERE text LIKE $1 || '〔%' AND unit <> $2 LIMIT 1
"""


async def ask(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(seal_jobs).values(columns))


async def claim(session: Session, now: datetime, lease: timedelta) -> asyncpg.Record | None:
    """The job that has waited longest for its turn, ours until the lease is over; None when nothing is due."""
    return await session.raw.fetchrow(CLAIM, now, lease)


async def standing(session: Session) -> tuple[int, int]:
    """How many papers wait, and how many of them because something failed."""
    found = await session.raw.fetchrow(STANDING)
    return (0, 0) if found is None else (found[0], found[1])


async def waiting(session: Session, limit: int = 200) -> Sequence[Row[Any]]:
    query = select(seal_jobs, papers.c.kind).join(papers, papers.c.id == seal_jobs.c.paper_id)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query.order_by(seal_jobs.c.asked_at).limit(limit))).all()
    return rows


async def job_of(session: Session, paper_id: UUID) -> Row[Any] | None:
    query = select(seal_jobs).where((seal_jobs.c.paper_id == paper_id) | (seal_jobs.c.supersedes == paper_id))
    found: Row[Any] | None = (await session.sql.execute(query)).first()
    return found


async def current_seal(session: Session, unit: str) -> asyncpg.Record | None:
    """The seal a unit has now; None: it has none, or the last one was retired."""
    return await session.raw.fetchrow(CURRENT, unit)


async def seal(session: Session, seal_id: UUID) -> Row[Any] | None:
    found: Row[Any] | None = (await session.sql.execute(_seals().where(seals.c.id == seal_id))).one_or_none()
    return found


async def seals_of(session: Session, units: Sequence[str]) -> Sequence[Row[Any]]:
    query = _seals().where(seals.c.unit.in_(units)).order_by(seals.c.unit, seals.c.version.desc()).limit(1000)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


def _seals() -> Select[Any]:
    return select(seals, retired_seals.c.retired_at, retired_seals.c.reason).outerjoin(retired_seals)


async def next_version(session: Session, unit: str) -> int:
    """Two that register at the same time have the same one, and the second is refused by the table."""
    version: int = await session.raw.fetchval("SELECT coalesce(max(version), 0) + 1 FROM seals WHERE unit = $1", unit)
    return version


async def add_seal(session: Session, **columns: Any) -> Row[Any]:
    added: Row[Any] = (await session.sql.execute(insert(seals).values(columns).returning(seals))).one()
    return added


async def retire(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(retired_seals).values(columns))


async def end_job(session: Session, paper_id: UUID) -> bool:
    """Whether it was still there: whoever comes second, after a lease ran out, waits here and has nothing to do."""
    gone = await session.raw.fetchval("DELETE FROM seal_jobs WHERE paper_id = $1 RETURNING 1", paper_id)
    return gone is not None


async def register(session: Session, **columns: Any) -> None:
    await session.sql.execute(insert(sealed_papers).values(columns))


async def sealed_of_any(session: Session, paper_id: UUID) -> Row[Any] | None:
    """Whatever the scope: for the rules, never for an answer."""
    query = _sealed().where(sealed_papers.c.paper_id == paper_id)
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def find_sealed(session: Session, petition_id: UUID, paper_id: UUID, reader: Principal) -> Row[Any] | None:
    query = _sealed().where(sealed_papers.c.paper_id == paper_id, readable(petition_id, reader))
    found: Row[Any] | None = (await session.sql.execute(query)).one_or_none()
    return found


async def sealed_of(
    session: Session, petition_id: UUID, reader: Principal, *, before: int, limit: int
) -> Sequence[Row[Any]]:
    """The newest first, so what corrects a paper stands before it; one more than `limit` tells of a next page."""
    query = _sealed().where(readable(petition_id, reader), sealed_papers.c.version < before)
    query = query.order_by(sealed_papers.c.version.desc()).limit(limit + 1)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


async def by_code(session: Session, code: str) -> Row[Any] | None:
    found: Row[Any] | None = (await session.sql.execute(_sealed().where(sealed_papers.c.code == code))).one_or_none()
    return found


def _sealed() -> Select[Any]:
    """Sealed papers with their number, their seal's unit, and which paper superseded them under which number."""
    newer, of_newer = aliased(sealed_papers), aliased(numbers)
    return (
        select(
            sealed_papers, numbers.c.text.label("number"), numbers.c.issued_on, seals.c.name.label("unit_name"),
            newer.c.paper_id.label("superseded_by"), of_newer.c.text.label("superseded_by_number"),
        )
        .join(numbers, numbers.c.paper_id == sealed_papers.c.paper_id)
        .join(seals, seals.c.id == sealed_papers.c.seal_id)
        .join(petitions, petitions.c.id == sealed_papers.c.petition_id)
        .outerjoin(newer, newer.c.supersedes == sealed_papers.c.paper_id)
        .outerjoin(of_newer, of_newer.c.paper_id == newer.c.paper_id)
    )  # fmt: skip


async def numbers_of(
    session: Session, unit: str, reader: Principal, *, before: Place | None, limit: int
) -> Sequence[Row[Any]]:
    """A unit's numbers, the last taken first, as far as the reader may see the petitions; those whose paper is not
    sealed yet too.
    """
    newer = aliased(sealed_papers)
    query = (
        select(
            numbers, papers.c.petition_id, petitions.c.office_unit, papers.c.kind, sealed_papers.c.sha256,
            sealed_papers.c.sealed_at, sealed_papers.c.asked_by, sealed_papers.c.case_version,
            sealed_papers.c.supersedes, newer.c.paper_id.label("superseded_by"),
        )
        .join(papers, papers.c.id == numbers.c.paper_id)
        .join(petitions, petitions.c.id == papers.c.petition_id)
        .outerjoin(sealed_papers, sealed_papers.c.paper_id == numbers.c.paper_id)
        .outerjoin(newer, newer.c.supersedes == numbers.c.paper_id)
        .where(numbers.c.unit == unit, visible(reader))
    )  # fmt: skip
    if before is not None:
        query = query.where(tuple_(numbers.c.taken_at, numbers.c.paper_id) < tuple_(*before))
    query = query.order_by(numbers.c.taken_at.desc(), numbers.c.paper_id.desc()).limit(limit + 1)
    rows: Sequence[Row[Any]] = (await session.sql.execute(query)).all()
    return rows


def correction_binding(paper_id: UUID) -> str:
    """What the encrypted reason of a correction is bound to, while it waits and in the register."""
    return f"papers/{paper_id}/correction"
